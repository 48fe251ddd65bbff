//! `leno-bench load <workload> --port <port>`: the clients of a network row, in a process of their own.
//!
//! One thread, one epoll, a closed loop: a connection sends its next request when it has checked every byte of the reply
//! to the last one. After its warm-up it says `WARM` and waits for a line on stdin, so that the parent can set the
//! server's mark; then come the measured requests, and one line of JSON. The connections stay open until another line
//! comes, so that the server's report has nothing of their end in it.

mod connection;
mod crowd;
mod script;

use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use hdrhistogram::Histogram;
use pico_args::Arguments;
use serde::{Deserialize, Serialize};

use self::crowd::Crowd;
use self::script::Script;
use super::pin::raise_descriptor_limit;
use super::workload::{Protocol, Workload};

/// How long idle connections are watched.
const IDLE: Duration = Duration::from_secs(5);

/// How many of the connections that are to be idle talk at the same time before that.
const AT_ONCE: usize = 64;

/// What the clients saw in the measured part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// How many requests were answered.
    pub requests: u64,
    /// How long that took.
    pub wall_ns: u64,
    /// From the request to the end of its reply, in nanoseconds.
    pub latency_p50: u64,
    /// As above.
    pub latency_p99: u64,
    /// As above.
    pub latency_max: u64,
}

/// Plays the clients of a row.
pub fn main(mut args: Arguments) -> anyhow::Result<()> {
    let port: u16 = args.value_from_str("--port")?;
    let requests: Option<u64> = args.opt_value_from_str("--requests")?;
    let workload = Workload::named(&args.free_from_str::<String>()?)?;
    if let Some(unknown) = args.finish().first() {
        bail!("unknown argument {unknown:?}");
    }

    raise_descriptor_limit()?;
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let script = Script::new(workload, server)?;
    let crowd = Crowd::new(workload, server, script)?;
    match workload.protocol {
        Protocol::Hold => hold(crowd),
        _ => exchange(crowd, requests.unwrap_or(workload.requests)),
    }
}

/// All connections talk for as long as there are requests left to send.
fn exchange(mut crowd: Crowd, requests: u64) -> anyhow::Result<()> {
    let everybody = 0..crowd.len();
    let warm_up = (requests / 5).max(4 * crowd.len() as u64);
    crowd.exchange(everybody.clone(), warm_up)?;
    tell("WARM")?;
    listen()?;

    crowd.forget_latencies();
    let start = Instant::now();
    crowd.exchange(everybody, requests)?;
    tell_what_was_seen(requests, start.elapsed(), crowd.latencies())?;
    listen()
}

/// All connections talk once, then keep quiet, and at last prove that they are still served.
fn hold(mut crowd: Crowd) -> anyhow::Result<()> {
    everybody_talks_once(&mut crowd)?;
    tell("WARM")?;
    listen()?;

    let start = Instant::now();
    thread::sleep(IDLE);
    let silence = Histogram::new(3)?;
    tell_what_was_seen(crowd.len() as u64, start.elapsed(), &silence)?;
    listen()?;
    everybody_talks_once(&mut crowd)
}

fn everybody_talks_once(crowd: &mut Crowd) -> anyhow::Result<()> {
    for first in (0..crowd.len()).step_by(AT_ONCE) {
        let some = first..crowd.len().min(first + AT_ONCE);
        let requests = some.len() as u64;
        crowd.exchange(some, requests)?;
    }
    Ok(())
}

fn tell(line: &str) -> anyhow::Result<()> {
    println!("{line}");
    Ok(stdout().flush()?)
}

/// Waits for a line from the parent. The end of the stream will do, too: who runs this by hand sees it go on.
fn listen() -> anyhow::Result<()> {
    stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

fn tell_what_was_seen(
    requests: u64,
    wall: Duration,
    latencies: &Histogram<u64>,
) -> anyhow::Result<()> {
    tell(&serde_json::to_string(&Seen {
        requests,
        wall_ns: wall.as_nanos() as u64,
        latency_p50: latencies.value_at_quantile(0.5),
        latency_p99: latencies.value_at_quantile(0.99),
        latency_max: latencies.max(),
    })?)
}
