//! What the service counts about itself.
//!
//! The counters are independent of each other and guard nothing, so `Relaxed` is enough everywhere: each is exact, only
//! the moment at which one thread sees another's change is not fixed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde::Serialize;

pub struct Counters {
    started: Instant,
    /// Added to by each connection's task at each request; read by the pages and the summary. Pairs with nothing.
    requests: AtomicU64,
    /// Added to with each answer 4xx, by the same tasks; read like `requests`. Pairs with nothing.
    client_errors: AtomicU64,
    /// Added to with each answer 5xx, by the same tasks; read like `requests`. Pairs with nothing.
    server_errors: AtomicU64,
    /// Added to by the accept loop for each connection; read like `requests`. Pairs with nothing.
    connections: AtomicU64,
    /// Added to where a connection's task starts, taken from where it ends; read like `requests`. Pairs with nothing.
    open: AtomicU64,
    /// Added to by a connection's task that ran out of time at the stop; read by the summary. Pairs with nothing.
    cut_off: AtomicU64,
}

/// The counters at one moment.
#[derive(Serialize)]
pub struct Snapshot {
    pub uptime_seconds: f64,
    pub requests: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    pub connections: u64,
    pub open_connections: u64,
    pub cut_off: u64,
}

/// Counts a connection as open for as long as it lives.
pub struct Open<'a>(&'a Counters);

impl Counters {
    pub fn new() -> Counters {
        Counters {
            started: Instant::now(),
            requests: AtomicU64::new(0),
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
        }
    }

    pub fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub fn answer(&self, status: StatusCode) {
        if status.is_client_error() {
            self.client_errors.fetch_add(1, Relaxed);
        } else if status.is_server_error() {
            self.server_errors.fetch_add(1, Relaxed);
        }
    }

    pub fn connection(&self) -> Open<'_> {
        self.connections.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        Open(self)
    }

    pub fn cut_off(&self) {
        self.cut_off.fetch_add(1, Relaxed);
    }

    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            uptime_seconds: (self.uptime().as_secs_f64() * 1000.0).round() / 1000.0,
            requests: self.requests.load(Relaxed),
            client_errors: self.client_errors.load(Relaxed),
            server_errors: self.server_errors.load(Relaxed),
            connections: self.connections.load(Relaxed),
            open_connections: self.open.load(Relaxed),
            cut_off: self.cut_off.load(Relaxed),
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
