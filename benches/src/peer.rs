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
    Monoio,
    MonoioUring,
    /// Written by hand, without a runtime: one loop.
    #[serde(rename = "epoll-1")]
    OneLoop,
    /// As many loops as others have workers.
    #[serde(rename = "epoll-n")]
    Loops,
}

impl Peer {
    pub const ALL: [Peer; 12] = [
        Peer::Leno,
        Peer::Smol,
        Peer::Tokio,
        Peer::TokioCurrent,
        Peer::May,
        Peer::Threads,
        Peer::Go,
        Peer::Java,
        Peer::Monoio,
        Peer::MonoioUring,
        Peer::OneLoop,
        Peer::Loops,
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
            Peer::Monoio => "monoio",
            Peer::MonoioUring => "monoio-uring",
            Peer::OneLoop => "epoll-1",
            Peer::Loops => "epoll-n",
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
        !matches!(self, Peer::TokioCurrent | Peer::Threads | Peer::OneLoop)
    }

    /// Whether it is no runtime, but what one can come near to at best.
    pub fn is_loop(self) -> bool {
        matches!(self, Peer::OneLoop | Peer::Loops)
    }

    /// Whether it is there for the sake of the network only.
    pub fn only_serves(self) -> bool {
        self.is_loop() || matches!(self, Peer::Monoio | Peer::MonoioUring)
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
            // Those of other languages, those that only serve, and those that this was built without.
            _ => Err(Gap(format!("{self} is no part of this program"))),
        })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
