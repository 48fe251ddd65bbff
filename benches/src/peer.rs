//! The runtimes that are compared.

use std::fmt;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::runtimes::Runtime;
use crate::runtimes::leno::Leno;
#[cfg(feature = "may")]
use crate::runtimes::may::May;
#[cfg(feature = "smol")]
use crate::runtimes::smol::Smol;
use crate::runtimes::stackful::Stackful;
use crate::runtimes::threads::Threads;
#[cfg(feature = "tokio")]
use crate::runtimes::tokio::{Tokio, TokioCurrent};
use crate::workloads::{self, Gap, Outcome, Workload};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    Leno,
    Smol,
    Tokio,
    TokioCurrent,
    May,
    Threads,
    Go,
    Java,
}

impl Peer {
    pub const ALL: [Peer; 8] = [
        Peer::Leno,
        Peer::Smol,
        Peer::Tokio,
        Peer::TokioCurrent,
        Peer::May,
        Peer::Threads,
        Peer::Go,
        Peer::Java,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Peer::Leno => "leno",
            Peer::Smol => "smol",
            Peer::Tokio => "tokio",
            Peer::TokioCurrent => "tokio-current",
            Peer::May => "may",
            Peer::Threads => "threads",
            Peer::Go => "go",
            Peer::Java => "java",
        }
    }

    pub fn named(name: &str) -> Result<Peer> {
        let all = || Peer::ALL.map(Peer::name).join(", ");
        Peer::ALL
            .into_iter()
            .find(|peer| peer.name() == name)
            .ok_or_else(|| anyhow!("no runtime is called {name:?}; there are {}", all()))
    }

    /// Whether the number of its workers can be chosen.
    pub fn has_workers(self) -> bool {
        !matches!(self, Peer::TokioCurrent | Peer::Threads)
    }

    /// Whether it is a program of its own, in another language.
    pub fn is_foreign(self) -> bool {
        matches!(self, Peer::Go | Peer::Java)
    }

    /// Runs a workload in this process, on the runtime, which is started for it.
    pub fn run(self, workload: Workload, workers: usize) -> Result<Outcome> {
        Ok(match self {
            Peer::Leno => workloads::run(&Leno::start(workers)?, workload),
            #[cfg(feature = "smol")]
            Peer::Smol => workloads::run(&Smol::start(workers)?, workload),
            #[cfg(feature = "tokio")]
            Peer::Tokio => workloads::run(&Tokio::start(workers)?, workload),
            #[cfg(feature = "tokio")]
            Peer::TokioCurrent => workloads::run(&TokioCurrent::start(workers)?, workload),
            #[cfg(feature = "may")]
            Peer::May => workloads::run_stackful(&May::start(workers)?, workload),
            Peer::Threads => workloads::run_stackful(&Threads::start(workers)?, workload),
            // Those of other languages, and those that this was built without.
            _ => Err(Gap(format!("{self} is no part of this program"))),
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
