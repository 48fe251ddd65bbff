//! `--load`: clients that put and get, and check each answer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use indicatif::{ProgressBar, ProgressStyle};
use leno::hyper::Io;
use leno::net::TcpStream;
use leno::{Timer, prelude::*};

/// An answer that takes longer counts as an error, so that a load always ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the progress bar is redrawn.
const REDRAW: Duration = Duration::from_millis(100);

/// How many keys each connection uses.
const KEYS: u64 = 16;

/// How many requests make a round; see [`Client::request`].
const ROUND: u64 = 8;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a load measured.
pub struct Report {
    requests: u64,
    connections: usize,
    pub errors: u64,
    time: Duration,
    latencies: Histogram<u32>,
}

/// Sends `requests` requests over `connections` connections at a time.
pub async fn run(address: SocketAddr, requests: u64, connections: usize) -> Report {
    // No more connections than requests.
    let connections = connections.min(usize::try_from(requests).unwrap_or(usize::MAX));
    let progress = Arc::new(Progress::default());
    let bar = leno::spawn(draw(progress.clone(), requests));

    let started = Instant::now();
    let share = requests / connections as u64;
    let rest = requests % connections as u64;
    let clients: Vec<_> = (0..connections as u64)
        .map(|number| {
            let client = Client {
                address,
                number,
                progress: progress.clone(),
                latencies: new_histogram(),
                errors: 0,
            };
            leno::spawn(client.run(share + u64::from(number < rest)))
        })
        .collect();

    let mut latencies = new_histogram();
    let mut errors = 0;
    for client in clients {
        let client = client.await;
        errors += client.errors;
        latencies
            .add(client.latencies)
            .expect("a histogram that resizes takes all values");
    }
    let time = started.elapsed();
    progress.finished.store(true, Relaxed);
    bar.await;
    Report {
        requests,
        connections,
        errors,
        time,
        latencies,
    }
}

/// Nanoseconds, to two digits: that is 1 %, and keeps the histograms of many connections small.
fn new_histogram() -> Histogram<u32> {
    Histogram::new(2).expect("two digits are allowed")
}

/// How far the clients are.
#[derive(Default)]
struct Progress {
    /// Added to by each client for each request; read by the progress bar. Pairs with nothing.
    done: AtomicU64,
    /// Set once by [`run`], read by the progress bar. Pairs with nothing.
    finished: AtomicBool,
    /// Set once by the first client that meets an error and says so. Pairs with nothing.
    told: AtomicBool,
}

/// Draws the progress bar; where standard error is not a terminal, indicatif draws nothing.
async fn draw(progress: Arc<Progress>, requests: u64) {
    let style = "{bar:40} {percent:>3} %  {pos}/{len}  {per_sec}";
    let style = ProgressStyle::with_template(style).expect("the template is valid");
    let bar = ProgressBar::new(requests).with_style(style);
    let mut redraw = Timer::interval(REDRAW);
    while !progress.finished.load(Relaxed) {
        redraw.next().await;
        bar.set_position(progress.done.load(Relaxed));
    }
    bar.finish_and_clear();
}

/// One connection's client: one request at a time, as fast as the answers come.
struct Client {
    address: SocketAddr,
    number: u64,
    progress: Arc<Progress>,
    latencies: Histogram<u32>,
    errors: u64,
}

impl Client {
    async fn run(mut self, requests: u64) -> Client {
        let mut connection = None;
        for turn in 0..requests {
            let started = Instant::now();
            match leno::timeout(PATIENCE, self.request(&mut connection, turn)).await {
                Ok(Ok(())) => {
                    let nanoseconds = started.elapsed().as_nanos() as u64;
                    self.latencies
                        .record(nanoseconds)
                        .expect("a histogram that resizes takes all values");
                }
                Ok(Err(error)) => self.failed(&mut connection, &error),
                Err(timed_out) => self.failed(&mut connection, &timed_out.into()),
            }
            self.progress.done.fetch_add(1, Relaxed);
        }
        self
    }

    /// Counts an error; the next request starts with a new connection.
    fn failed(&mut self, connection: &mut Option<SendRequest<Full<Bytes>>>, error: &Error) {
        *connection = None;
        self.errors += 1;
        // One is enough to see what is wrong; the others are counted.
        if !self.progress.told.swap(true, Relaxed) {
            eprintln!("error: connection {}: {error}", self.number);
        }
    }

    /// One round: put a value, get it six times, and ask once for what isn't there.
    async fn request(
        &self,
        connection: &mut Option<SendRequest<Full<Bytes>>>,
        turn: u64,
    ) -> Result<(), Error> {
        let round = turn / ROUND;
        let key = format!("load-{}-{}", self.number, round % KEYS);
        let value = format!(r#"{{"connection":{},"round":{round}}}"#, self.number);
        let (method, key, body, expected_status, expected) = match turn % ROUND {
            0 => {
                let first = round < KEYS;
                let status = if first {
                    StatusCode::CREATED
                } else {
                    StatusCode::OK
                };
                let answer = format!("{{\"created\":{first},\"key\":\"{key}\"}}\n");
                (Method::PUT, key, value, status, answer)
            }
            7 => {
                let answer = format!("{{\"error\":\"there is no key \\\"no-{key}\\\"\"}}\n");
                let key = format!("no-{key}");
                (
                    Method::GET,
                    key,
                    String::new(),
                    StatusCode::NOT_FOUND,
                    answer,
                )
            }
            _ => (Method::GET, key, String::new(), StatusCode::OK, value),
        };

        let request = Request::builder()
            .method(method)
            .uri(format!("/kv/{key}"))
            .header(HOST, "localhost")
            .body(Full::new(Bytes::from(body)))?;
        let sender = match connection {
            Some(sender) => sender,
            None => connection.insert(connect(self.address).await?),
        };
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != expected_status || body != expected {
            let body = String::from_utf8_lossy(&body);
            return Err(format!(
                "/kv/{key}: expected {expected_status} {expected:?}, but got {status} {body:?}"
            )
            .into());
        }
        Ok(())
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(Io::new(stream)).await?;
    // hyper splits a client in two: this half moves the bytes, and ends when the other is dropped. An error in it reaches
    // the other half as well.
    leno::spawn(async move {
        let _told_there = connection.await;
    })
    .detach();
    Ok(sender)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let at = |quantile| milliseconds(self.latencies.value_at_quantile(quantile));
        writeln!(
            f,
            "requests     {} over {} connections, each answer checked",
            self.requests, self.connections
        )?;
        writeln!(f, "errors       {}", self.errors)?;
        writeln!(
            f,
            "throughput   {:.0} requests/s ({seconds:.2} s)",
            self.requests as f64 / seconds
        )?;
        writeln!(
            f,
            "latency      p50 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms   max {:.2} ms",
            at(0.5),
            at(0.99),
            at(0.999),
            milliseconds(self.latencies.max()),
        )?;
        write!(f, "memory       ")?;
        match memory() {
            Some((now, most)) => write!(
                f,
                "{:.1} MiB resident, {:.1} MiB at most",
                now as f64 / 1024.0,
                most as f64 / 1024.0
            ),
            None => write!(f, "not known on this system"),
        }
    }
}

/// The memory of this process that is resident now, and the most that ever was, in KiB. Linux only.
fn memory() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}
