//! Servers that send back what they get, one for each design, and the client that talks to them.
//!
//! A server is a process of its own, so that what it uses is its own. The client is the same for all: one thread, one epoll,
//! and each connection sends its next message when it has read and checked the whole reply to the last.

mod by_hand;
mod client;
mod serve;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::child::pinned;
use crate::finding::Finding;
use crate::measure::{Spent, median};
use crate::syscalls::{self, Calls};

pub use serve::serve;

/// The sources of two servers that do the same, for those who want to compare them.
pub const BY_HAND: &str = include_str!("by_hand.rs");
pub const SERVERS: &str = include_str!("serve.rs");

/// Who serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Server {
    Task,
    Fiber,
    May,
    Thread,
    /// One thread with a loop around epoll, written by hand.
    Loop,
}

/// What a server is told.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Case {
    pub server: Server,
    /// Of each connection, in bytes.
    pub buffer: usize,
}

/// What the client does, and where.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    pub connections: usize,
    pub bytes: usize,
    /// On each connection.
    pub rounds: usize,
    /// Of the server.
    pub workers: usize,
    /// Whether the server is kept on CPU 0.
    pub one_core: bool,
}

/// What came of it. All figures but memory and latency are for one round.
#[derive(Debug, Clone)]
pub struct Talked {
    pub wall_ns: f64,
    /// Of the server.
    pub cpu_ns: f64,
    /// Of the server: how often the kernel switched between its threads, or to something else.
    pub voluntary: f64,
    pub involuntary: f64,
    /// How much the server grew by each connection.
    pub memory: f64,
    pub p50_ns: f64,
    pub p99_ns: f64,
    /// Whether each reply was the message.
    pub right: bool,
}

impl Talked {
    /// Rounds in a second.
    pub fn rate(&self) -> f64 {
        1e9 / self.wall_ns
    }
}

/// What a server says when it is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    used: Spent,
    memory: u64,
}

/// A server that runs.
struct Running {
    process: std::process::Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Running {
    fn start(server: Server, talk: &Talk, mut command: Command) -> Result<Running> {
        let buffer = talk.bytes.clamp(64, 16 * 1024);
        let case = serde_json::to_string(&Case { server, buffer })?;
        command
            .args(["child", "read_cost", &case])
            .env("LENO_THREADS", talk.workers.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = pinned(talk.one_core.then_some(0), || Ok(command.spawn()?))?;
        let orders = process.stdin.take().context("orders go through a pipe")?;
        let mut answers = BufReader::new(
            process
                .stdout
                .take()
                .context("answers come through a pipe")?,
        );
        let mut address = String::new();
        answers.read_line(&mut address)?;
        let address = address
            .trim()
            .parse()
            .with_context(|| format!("a server said {address:?}"))?;
        Ok(Running {
            process,
            orders,
            answers,
            address,
        })
    }

    fn report(&mut self) -> Result<Report> {
        writeln!(self.orders, "report")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("a server said {line:?}"))
    }

    /// Lets it end by itself.
    fn stop(mut self) -> Result<()> {
        drop(self.orders);
        ensure!(self.process.wait()?.success(), "a server failed");
        Ok(())
    }
}

/// Talks to a server some times, and takes the median of each figure.
pub fn talk_often(server: Server, what: &Talk, times: usize) -> Result<Talked> {
    let all = (0..times)
        .map(|_| talk(server, what))
        .collect::<Result<Vec<_>>>()?;
    let of = |figure: fn(&Talked) -> f64| median(all.iter().map(figure).collect());
    Ok(Talked {
        wall_ns: of(|talked| talked.wall_ns),
        cpu_ns: of(|talked| talked.cpu_ns),
        voluntary: of(|talked| talked.voluntary),
        involuntary: of(|talked| talked.involuntary),
        memory: of(|talked| talked.memory),
        p50_ns: of(|talked| talked.p50_ns),
        p99_ns: of(|talked| talked.p99_ns),
        right: all.iter().all(|talked| talked.right),
    })
}

/// Talks to a server, and measures both.
pub fn talk(server: Server, talk: &Talk) -> Result<Talked> {
    let mut running = Running::start(server, talk, Command::new(std::env::current_exe()?))?;
    let empty = running.report()?;
    let mut client = client::Client::connect(running.address, talk.connections, talk.bytes)?;
    // Every connection is known to the server, and everything is warm.
    client.rounds((talk.rounds / 10).max(1))?;
    let before = running.report()?;
    let heard = client.rounds(talk.rounds)?;
    let after = running.report()?;
    drop(client);
    running.stop()?;
    let rounds = (talk.rounds * talk.connections) as f64;
    Ok(Talked {
        wall_ns: heard.wall_ns / rounds,
        cpu_ns: (after.used.cpu_ns - before.used.cpu_ns) / rounds,
        voluntary: (after.used.voluntary - before.used.voluntary) as f64 / rounds,
        involuntary: (after.used.involuntary - before.used.involuntary) as f64 / rounds,
        memory: after.memory.saturating_sub(empty.memory) as f64 / talk.connections as f64,
        p50_ns: heard.p50_ns,
        p99_ns: heard.p99_ns,
        right: heard.right,
    })
}

/// Talks to a server that is watched by `perf`, twice, the second time longer: the system calls of a round, by their names.
pub fn calls(server: Server, once: &Talk) -> Result<Calls> {
    let mut counted = Vec::new();
    for factor in [1, 3] {
        let file =
            std::env::temp_dir().join(format!("contrast-{}-{factor}.perf", std::process::id()));
        let command = syscalls::watching(&file, &std::env::current_exe()?)?;
        let longer = Talk {
            rounds: once.rounds * factor,
            ..*once
        };
        let running = Running::start(server, &longer, command)?;
        let mut client =
            client::Client::connect(running.address, longer.connections, longer.bytes)?;
        let heard = client.rounds(longer.rounds)?;
        ensure!(heard.right, "a reply was not the message");
        drop(client);
        running.stop()?;
        counted.push(syscalls::watched(&file)?);
        std::fs::remove_file(&file)?;
    }
    Ok(syscalls::difference(
        &counted[0],
        &counted[1],
        (2 * once.rounds * once.connections) as f64,
    ))
}

/// The same, where it may be that they can't be counted.
pub fn calls_or_skip(server: Server, once: &Talk, finding: &mut Finding) -> Option<Calls> {
    match calls(server, once) {
        Ok(calls) => Some(calls),
        Err(error) => {
            finding.skip_once(format!("system calls: {error:#}"));
            None
        }
    }
}

/// Allows as many descriptors as may be allowed, and says how many.
pub fn raise_descriptor_limit() -> Result<usize> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard as usize)
}
