//! Accepting connections and serving them, until it is time to stop.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::{Request, service::service_fn};
use leno::channel::{self, Sender};
use leno::hyper::{Io, Timer as HyperTimer};
use leno::lock::{Semaphore, SemaphoreGuardArc};
use leno::net::{TcpListener, TcpStream};
use leno::{Timer, future};

use crate::backlog::Backlog;
use crate::http::{self, App};
use crate::shutdown::Stop;

/// How long a client may take for the head of a request. Waiting for the next request on a connection that is kept alive
/// counts too, so this also ends connections that nobody uses.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Once we stop: how long a connection may still bring one more request. The client doesn't know yet that we stop, and
/// what it has just sent would be lost if we closed right away. A client that hears "close" with its answer knows.
const LAST_REQUEST: Duration = Duration::from_millis(250);

/// Once we stop: how long requests that are in flight may take, those of connections still in line included.
const GRACE: Duration = Duration::from_secs(10);

/// How long to leave the OS alone after it refused a connection, for example because we have no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a server did from its start to its end.
pub struct Summary {
    pub uptime: Duration,
    pub requests: u64,
    pub connections: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    /// Connections with a request in flight that were closed at the end of [`GRACE`].
    pub cut_off: u64,
}

/// Serves until `stop`, then finishes what has come in.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    max_connections: usize,
    stop: Stop,
) -> Summary {
    let server = Server {
        app: app.clone(),
        stop: stop.clone(),
        limit: Arc::new(Semaphore::new(max_connections)),
    };
    // Nothing is ever sent here. Each connection's task holds a sender; when `recv` fails, the last of them is gone.
    let (alive, all_gone) = channel::bounded::<Infallible>(1);

    let mut stopping = pin!(stop.requested());
    loop {
        let next = async {
            // The permit first: at the limit nobody is accepted, and clients wait in the backlog, where they cost us
            // nothing. Were it the other way round, we would hold a connection that we can't serve.
            let permit = server.limit.acquire_arc().await;
            Some((permit, listener.accept().await))
        };
        let stopped = async {
            stopping.as_mut().await;
            None
        };
        // Dropping `next` half-way loses nothing: an `accept` that has not returned has taken nobody out of the line.
        match future::or(stopped, next).await {
            None => break,
            Some((permit, Ok((stream, _peer)))) => server.spawn(stream, permit, &alive),
            Some((_permit, Err(error))) => complain(&error).await,
        }
    }

    let backlog = Backlog::close(listener);
    let in_line = async {
        loop {
            let permit = server.limit.acquire_arc().await;
            match backlog.next() {
                Ok(Some(stream)) => server.spawn(stream, permit, &alive),
                Ok(None) => break,
                Err(error) => complain(&error).await,
            }
        }
    };
    if leno::timeout(GRACE, in_line).await.is_err() {
        eprintln!("error: connections were still in line after {GRACE:?}; they are closed");
        app.counters.cut_off();
    }
    drop(backlog);

    drop(alive);
    let _closed = all_gone.recv().await;

    let counted = app.counters.snapshot();
    Summary {
        uptime: app.counters.uptime(),
        requests: counted.requests,
        connections: counted.connections,
        client_errors: counted.client_errors,
        server_errors: counted.server_errors,
        cut_off: counted.cut_off,
    }
}

/// An accept that failed is no reason to stop: the peer may be gone already, and descriptors come back when other
/// connections end. But trying again at once would only burn the processor.
async fn complain(error: &io::Error) {
    eprintln!("note: could not accept a connection: {error}");
    Timer::after(ACCEPT_PAUSE).await;
}

struct Server {
    app: Arc<App>,
    stop: Stop,
    limit: Arc<Semaphore>,
}

impl Server {
    /// One task for each connection. It gives its permit back when it ends, however it ends.
    fn spawn(&self, stream: TcpStream, permit: SemaphoreGuardArc, alive: &Sender<Infallible>) {
        let (app, stop, alive) = (self.app.clone(), self.stop.clone(), alive.clone());
        leno::spawn(async move {
            connection(stream, &app, &stop).await;
            drop((permit, alive));
        })
        .detach();
    }
}

/// Serves one connection to its end.
async fn connection(stream: TcpStream, app: &App, stop: &Stop) {
    let _open = app.counters.connection();
    // Small answers should leave at once; if this fails, they only leave a little later.
    let _delayed = stream.set_nodelay(true);

    // Written by the handler below and read further down, in the same task. Pairs with nothing.
    let requests = AtomicU64::new(0);
    let handler = service_fn(|request: Request<Incoming>| {
        requests.fetch_add(1, Relaxed);
        async move {
            let mut answer = http::answer(app, request).await;
            if stop.is_requested() {
                // The client learns that this was the last answer, and hyper closes the connection after it.
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let serving = http1::Builder::new()
        // Without a timer, the time-out would silently be off.
        .timer(HyperTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(Io::new(stream), handler);
    let mut serving = pin!(serving);

    // An error here is a client that went away or did not speak HTTP, and hyper has told it so where that was possible.
    let stopped = future::or(
        async {
            let _gone = serving.as_mut().await;
            false
        },
        async {
            stop.requested().await;
            true
        },
    )
    .await;
    if !stopped {
        return;
    }

    if leno::timeout(LAST_REQUEST, serving.as_mut()).await.is_ok() {
        return;
    }
    if requests.load(Relaxed) == 0 {
        // It never asked for anything: browsers open connections to have one ready.
        return;
    }
    // Closes the connection now if it is idle, else after the answer that is in flight.
    serving.as_mut().graceful_shutdown();
    if leno::timeout(GRACE, serving).await.is_err() {
        app.counters.cut_off();
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64, one: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {one}s"),
        };
        write!(
            f,
            "stopped after {:.1} s: {} on {}, {}, {}, {} cut off",
            self.uptime.as_secs_f64(),
            plural(self.requests, "request"),
            plural(self.connections, "connection"),
            plural(self.client_errors, "client error"),
            plural(self.server_errors, "server error"),
            self.cut_off,
        )
    }
}
