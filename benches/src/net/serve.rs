//! `leno-bench serve <runtime> <protocol>`: a server in a process of its own, and how its parent talks to it.
//!
//! It says `READY <port>` when it can be connected to, and then obeys lines on stdin: `mark` notes what was used so far
//! (answer `MARKED`), `report` says in one line of JSON what was used since the mark, `quit` ends the process.

use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::{fs, process, thread};

use anyhow::{Context as _, bail};
use pico_args::Arguments;
use serde::{Deserialize, Serialize};

use super::pin::{pin_to, raise_descriptor_limit};
use super::servers::{self, Door, Job};
use crate::sample::Usage;

/// What a server used since its mark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Used {
    /// CPU time in user mode.
    pub user_ns: u64,
    /// CPU time in system mode.
    pub system_ns: u64,
    /// How often a thread gave up its CPU by itself.
    pub voluntary_switches: u64,
    /// How often a thread was made to give up its CPU.
    pub involuntary_switches: u64,
    /// Memory now.
    pub rss_bytes: u64,
    /// The most memory ever.
    pub peak_rss_bytes: u64,
    /// Threads now, the one that answers these questions among them.
    pub threads: u64,
}

/// Serves until the parent says `quit` or goes away.
pub fn main(mut args: Arguments) -> anyhow::Result<()> {
    let workers = args.opt_value_from_str("--workers")?.unwrap_or(2);
    let buffer = args.opt_value_from_str("--buffer")?.unwrap_or(4096);
    let cpu: Option<usize> = args.opt_value_from_str("--cpu")?;
    let runtime: String = args.free_from_str()?;
    let protocol = args.free_from_str()?;
    if let Some(unknown) = args.finish().first() {
        bail!("unknown argument {unknown:?}");
    }

    raise_descriptor_limit()?;
    if let Some(cpu) = cpu {
        pin_to(cpu)?;
    }
    let serve = servers::find(&runtime, protocol)?;
    let door = Door::open()?;
    println!("READY {}", door.port());
    thread::Builder::new()
        .name(String::from("control"))
        .spawn(|| obey().expect("stdin can be read and stdout written"))?;
    serve(Job {
        protocol,
        workers,
        buffer,
        door,
    })
}

fn obey() -> anyhow::Result<()> {
    let mut mark = Usage::now()?;
    for line in stdin().lock().lines() {
        match line?.as_str() {
            "mark" => {
                mark = Usage::now()?;
                println!("MARKED");
            }
            "report" => println!("{}", serde_json::to_string(&used_since(mark)?)?),
            "quit" => break,
            unknown => bail!("unknown order `{unknown}`"),
        }
        stdout().flush()?;
    }
    process::exit(0);
}

fn used_since(mark: Usage) -> anyhow::Result<Used> {
    let now = Usage::now()?;
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> anyhow::Result<u64> {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .with_context(|| format!("/proc/self/status has no {name}"))
    };
    Ok(Used {
        user_ns: (now.user - mark.user).as_nanos() as u64,
        system_ns: (now.system - mark.system).as_nanos() as u64,
        voluntary_switches: now.voluntary_switches - mark.voluntary_switches,
        involuntary_switches: now.involuntary_switches - mark.involuntary_switches,
        rss_bytes: field("VmRSS:")? * 1024,
        peak_rss_bytes: now.peak_rss_bytes,
        threads: field("Threads:")?,
    })
}
