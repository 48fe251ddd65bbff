//! One network row on one runtime: server and clients are started, told when to begin, and asked what they saw.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;

use super::awake::Awake;
use super::load::Seen;
use super::pin::on_cpu;
use super::serve::Used;
use super::servers;
use super::syscalls::Counter;
use super::workload::{Protocol, Workload};
use crate::peer::Peer;
use crate::sample::Sample;
use crate::workloads::Gap;

/// How rows are measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// How many threads a server has.
    pub workers: usize,
    /// A tenth of the requests.
    pub quick: bool,
    /// Which rows run with the server on one CPU and the clients on another.
    pub pin: Pin,
    /// The program that serves, if it is not this one.
    pub server: Option<&'a Path>,
}

/// Where a server runs that is pinned, and where its clients.
const SERVERS_CPU: usize = 0;
const CLIENTS_CPU: usize = 1;

/// Which rows are pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Those of one connection: where the OS puts the two sides of a single conversation changes its cost by factors.
    Single,
    All,
    None,
}

impl Pin {
    pub fn name(self) -> &'static str {
        match self {
            Pin::Single => "single",
            Pin::All => "all",
            Pin::None => "none",
        }
    }

    fn includes(self, workload: &Workload) -> bool {
        match self {
            Pin::Single => workload.connections == 1,
            Pin::All => true,
            Pin::None => false,
        }
    }
}

impl FromStr for Pin {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Pin> {
        [Pin::Single, Pin::All, Pin::None]
            .into_iter()
            .find(|pin| pin.name() == name)
            .with_context(|| format!("`{name}` is none of single, all and none"))
    }
}

/// How much the server's memory grew, shared among its connections.
pub const BYTES_EACH: &str = "bytes_each";

/// The counting run has this share of the requests, but not fewer than `COUNTED`.
const COUNTED_SHARE: u64 = 10;
const COUNTED: u64 = 5000;

/// Measures once. With it comes a second, short run in which the server's system calls are counted: to count them in the
/// first would make them dearer.
pub fn run_row(
    peer: Peer,
    workload: &Workload,
    settings: &Settings<'_>,
) -> anyhow::Result<Result<Sample, Gap>> {
    if settings.server.is_none() {
        if let Err(gap) = servers::find(peer, workload.protocol) {
            return Ok(Err(gap));
        }
    }
    let requests = match workload.protocol {
        // Each of its connections makes one request. What counts is that they are there.
        Protocol::Hold => workload.requests,
        _ if settings.quick => workload.requests / 10,
        _ => workload.requests,
    };
    let measured = run_once(peer, workload, settings, requests, false)?;
    let (used, seen) = (&measured.used, &measured.seen);
    let mut extra = BTreeMap::new();
    if workload.protocol == Protocol::Hold {
        let grown = used.rss_bytes.saturating_sub(measured.before.rss_bytes);
        let each = grown as f64 / workload.connections as f64;
        extra.insert(BYTES_EACH.to_owned(), each);
    } else {
        extra.insert("p50_ns".to_owned(), seen.latency_p50 as f64);
        extra.insert("p99_ns".to_owned(), seen.latency_p99 as f64);
    }
    let few = (requests / COUNTED_SHARE).max(COUNTED);
    let mut notes = Vec::new();
    if peer.is_foreign() && workload.protocol == Protocol::Http {
        notes.push("not hyper, but what it comes with".to_owned());
    }
    match run_once(peer, workload, settings, few, true) {
        Ok(counted) => {
            let calls = counted.syscalls.context("they were counted")?;
            let each = calls as f64 / counted.seen.requests as f64;
            extra.insert("syscalls".to_owned(), each);
        }
        // The row is worth having without.
        Err(error) => notes.push(format!("system calls are not counted: {error:#}")),
    }
    Ok(Ok(Sample {
        runtime: peer.name().to_owned(),
        workload: workload.name.to_owned(),
        ops: seen.requests,
        wall_ns: seen.wall_ns,
        cpu_ns: used.cpu_ns,
        peak_rss_bytes: used.peak_rss_bytes,
        voluntary_switches: used.voluntary_switches,
        extra,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }))
}

struct Outcome {
    before: Used,
    used: Used,
    seen: Seen,
    syscalls: Option<u64>,
}

fn run_once(
    peer: Peer,
    workload: &Workload,
    settings: &Settings<'_>,
    requests: u64,
    count: bool,
) -> anyhow::Result<Outcome> {
    let pinned = settings.pin.includes(workload);
    let start = |command: Command, cpu| {
        if pinned {
            on_cpu(cpu, || Partner::start(command))
        } else {
            Partner::start(command)
        }
    };
    let this_program = env::current_exe()?;
    let mut serve = Command::new(settings.server.unwrap_or(&this_program));
    serve.args(["serve", peer.name()]);
    serve.arg(workload.protocol.to_string());
    serve.args(["--workers", &settings.workers.to_string()]);
    serve.args(["--buffer", &workload.buffer.to_string()]);
    let mut server = start(serve, SERVERS_CPU)?;
    let ready = server.hear()?;
    let port = ready.strip_prefix("READY ").context(ready.clone())?;
    let before: Used = server.ask("report")?;

    let mut load = Command::new(&this_program);
    load.args(["load", workload.name, "--port", port]);
    load.args(["--requests", &requests.to_string()]);
    let mut clients = start(load, CLIENTS_CPU)?;
    clients.expect("WARM")?;
    let counter = if count {
        Some(Counter::attach(server.process.id())?)
    } else {
        None
    };
    let awake = pinned.then(Awake::keep).transpose()?;
    server.say("mark")?;
    server.expect("MARKED")?;
    let seen: Seen = clients.ask("go")?;
    let used: Used = server.ask("report")?;
    drop(awake);
    let syscalls = counter.map(Counter::finish).transpose()?;

    clients.say("end")?;
    clients.finish()?;
    server.say("quit")?;
    server.finish()?;
    Ok(Outcome {
        before,
        used,
        seen,
        syscalls,
    })
}

/// One of the two processes, with which the parent speaks by lines. It is ended when this is dropped.
struct Partner {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Partner {
    fn start(mut command: Command) -> anyhow::Result<Partner> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().context("stdin is a pipe")?;
        let output = process.stdout.take().context("stdout is a pipe")?;
        Ok(Partner {
            process,
            input,
            output: BufReader::new(output),
        })
    }

    fn say(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.input, "{line}")?)
    }

    fn hear(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("it failed: {}", self.process.wait()?);
        }
        Ok(line.trim_end().into())
    }

    fn expect(&mut self, expected: &str) -> anyhow::Result<()> {
        let line = self.hear()?;
        if line != expected {
            bail!("`{expected}` was to be said, and not `{line}`");
        }
        Ok(())
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &str) -> anyhow::Result<T> {
        self.say(question)?;
        Ok(serde_json::from_str(&self.hear()?)?)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let status = self.process.wait()?;
        if !status.success() {
            bail!("it failed at its end: {status}");
        }
        Ok(())
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        // Both fail if it has ended, which is as it should be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
