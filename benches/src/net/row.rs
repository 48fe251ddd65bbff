//! One network row on one runtime: server and clients are started, told when to begin, and asked what they saw.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;

use super::awake::Awake;
use super::load::Seen;
use super::serve::Used;
use super::syscalls::Counter;
use super::workload::{Protocol, Workload};
use crate::sample::Sample;

/// How rows are measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many threads a server has.
    pub workers: usize,
    /// A tenth of the requests.
    pub quick: bool,
    /// Which rows run with the server on one CPU and the clients on another.
    pub pin: Pin,
}

/// Where a server runs that is pinned, and where its clients.
const SERVERS_CPU: &str = "0";
const CLIENTS_CPU: &str = "1";

/// Which rows are pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Those of one connection: where the OS puts the two sides of a single conversation changes its cost by factors.
    Single,
    /// All.
    All,
    /// None.
    None,
}

/// Measures once. With it comes a second, short run in which the server's system calls are counted: to count them in the
/// first would make them dearer.
pub fn run_row(runtime: &str, workload: &str, settings: &Settings) -> anyhow::Result<Sample> {
    let workload = Workload::named(workload)?;
    let requests = match workload.protocol {
        // Each of its connections makes one request. What counts is that they are there.
        Protocol::Hold => workload.requests,
        _ if settings.quick => workload.requests / 10,
        _ => workload.requests,
    };
    let outcome = run_once(runtime, workload, settings, requests, false)?;
    let Outcome {
        before, used, seen, ..
    } = outcome;
    let per_request = |count: u64| count as f64 / seen.requests as f64;
    let mut extra = BTreeMap::from([
        ("user_ns".into(), used.user_ns as f64),
        ("system_ns".into(), used.system_ns as f64),
        (
            "involuntary_switches".into(),
            used.involuntary_switches as f64,
        ),
        ("latency_p50_ns".into(), seen.latency_p50 as f64),
        ("latency_p99_ns".into(), seen.latency_p99 as f64),
        ("latency_max_ns".into(), seen.latency_max as f64),
        ("load_cpu_ns".into(), seen.cpu_ns as f64),
        ("rss_bytes".into(), used.rss_bytes as f64),
        ("threads".into(), used.threads as f64),
    ]);
    if workload.protocol == Protocol::Hold {
        let grown = used.rss_bytes.saturating_sub(before.rss_bytes);
        let each = grown as f64 / workload.connections as f64;
        extra.insert("bytes_per_connection".into(), each);
    }
    // Without `perf` the row is still worth having.
    match run_once(runtime, workload, settings, (requests / 10).max(5000), true) {
        Ok(counted) => {
            let calls = counted.syscalls.context("they were counted")?;
            let each = calls as f64 / counted.seen.requests as f64;
            extra.insert("syscalls_per_op".into(), each);
        }
        Err(error) => eprintln!(
            "{runtime}, {}: system calls not counted: {error:#}",
            workload.name
        ),
    }
    extra.insert(
        "switches_per_op".into(),
        per_request(used.voluntary_switches),
    );
    Ok(Sample {
        runtime: runtime.into(),
        workload: workload.name.into(),
        ops: seen.requests,
        wall_ns: seen.wall_ns,
        cpu_ns: used.user_ns + used.system_ns,
        peak_rss_bytes: used.peak_rss_bytes,
        voluntary_switches: used.voluntary_switches,
        extra,
    })
}

struct Outcome {
    before: Used,
    used: Used,
    seen: Seen,
    syscalls: Option<u64>,
}

fn run_once(
    runtime: &str,
    workload: &Workload,
    settings: &Settings,
    requests: u64,
    count: bool,
) -> anyhow::Result<Outcome> {
    let pinned = match settings.pin {
        Pin::Single => workload.connections == 1,
        Pin::All => true,
        Pin::None => false,
    };
    let mut serve = command("serve")?;
    serve.arg(runtime).arg(workload.protocol.to_string());
    serve.arg("--workers").arg(settings.workers.to_string());
    serve.arg("--buffer").arg(workload.buffer.to_string());
    if pinned {
        serve.args(["--cpu", SERVERS_CPU]);
    }
    let mut server = Partner::start(serve)?;
    let ready = server.hear()?;
    let port = ready.strip_prefix("READY ").context(ready.clone())?;
    let before: Used = server.ask("report")?;

    let mut load = command("load")?;
    load.arg(workload.name).args(["--port", port]);
    load.arg("--requests").arg(requests.to_string());
    if pinned {
        load.args(["--cpu", CLIENTS_CPU]);
    }
    let mut clients = Partner::start(load)?;
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

fn command(role: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role);
    Ok(command)
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
