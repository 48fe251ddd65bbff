//! `leno-bench serve <runtime> <protocol>`: a server in a process of its own, and how its parent talks to it.
//!
//! It says `READY <port>` when it can be connected to, and then obeys lines on stdin: `mark` notes what was used so far
//! (answer `MARKED`), `report` says in one line of JSON what was used since the mark, `quit` ends the process.

use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::{process, thread};

use anyhow::{anyhow, bail};
use nix::sys::resource::UsageWho;
use pico_args::Arguments;
use serde::{Deserialize, Serialize};

use super::pin::raise_descriptor_limit;
use super::servers::{self, Door, Job};
use crate::peer::Peer;
use crate::sample::{Usage, peak_rss_bytes, rss_bytes};

/// What a server used since its mark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Used {
    pub cpu_ns: u64,
    pub voluntary_switches: u64,
    /// Memory now.
    pub rss_bytes: u64,
    /// The most memory ever.
    pub peak_rss_bytes: u64,
}

/// Serves until the parent says `quit` or goes away.
pub fn main(mut args: Arguments) -> anyhow::Result<()> {
    let workers = args.opt_value_from_str("--workers")?.unwrap_or(2);
    let buffer = args.opt_value_from_str("--buffer")?.unwrap_or(4096);
    let peer = Peer::named(&args.free_from_str::<String>()?)?;
    let protocol = args.free_from_str()?;
    if let Some(unknown) = args.finish().first() {
        bail!("unknown argument {unknown:?}");
    }

    raise_descriptor_limit()?;
    let serve = servers::find(peer, protocol).map_err(|gap| anyhow!(gap.0))?;
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
    let now = || Usage::of(UsageWho::RUSAGE_SELF);
    let mut mark = now();
    for line in stdin().lock().lines() {
        match line?.as_str() {
            "mark" => {
                mark = now();
                println!("MARKED");
            }
            "report" => {
                let now = now();
                let used = Used {
                    cpu_ns: now.cpu_ns - mark.cpu_ns,
                    voluntary_switches: now.voluntary_switches - mark.voluntary_switches,
                    rss_bytes: rss_bytes(),
                    peak_rss_bytes: peak_rss_bytes(),
                };
                println!("{}", serde_json::to_string(&used)?);
            }
            "quit" => break,
            unknown => bail!("unknown order `{unknown}`"),
        }
        stdout().flush()?;
    }
    process::exit(0);
}
