//! The servers, one file a runtime. All do the same: see [`Protocol`].

mod door;
mod epoll;
#[cfg(feature = "hyper")]
mod http;
mod leno;
#[cfg(feature = "may")]
mod may;
#[cfg(feature = "monoio")]
mod monoio;
#[cfg(feature = "smol")]
mod smol;
mod streams;
mod threads;
#[cfg(feature = "tokio")]
mod tokio;

use anyhow::{Context as _, bail};

pub use self::door::Door;
use super::workload::Protocol;

/// What a server is to do.
pub struct Job {
    pub protocol: Protocol,
    pub workers: usize,
    /// How many bytes it reads at once.
    pub buffer: usize,
    pub door: Door,
}

/// A server. It returns only if it fails.
type Serve = fn(Job) -> anyhow::Result<()>;

struct Server {
    runtime: &'static str,
    serve: Serve,
    /// What it doesn't speak, and why.
    lacks: &'static [(Protocol, &'static str)],
}

const SERVERS: &[Server] = &[
    Server {
        runtime: "leno",
        serve: leno::serve,
        lacks: &[],
    },
    #[cfg(feature = "smol")]
    Server {
        runtime: "smol",
        serve: smol::serve,
        lacks: &[],
    },
    #[cfg(feature = "tokio")]
    Server {
        runtime: "tokio",
        serve: tokio::serve_on_workers,
        lacks: &[],
    },
    #[cfg(feature = "tokio")]
    Server {
        runtime: "tokio-current",
        serve: tokio::serve_on_this_thread,
        lacks: &[],
    },
    #[cfg(feature = "may")]
    Server {
        runtime: "may",
        serve: may::serve,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    #[cfg(feature = "monoio")]
    Server {
        runtime: "monoio",
        serve: monoio::serve_with_epoll,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    #[cfg(feature = "monoio")]
    Server {
        runtime: "monoio-uring",
        serve: monoio::serve_with_io_uring,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        runtime: "threads",
        serve: threads::serve,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        runtime: "epoll-1",
        serve: epoll::serve_with_one_loop,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        runtime: "epoll-n",
        serve: epoll::serve_with_a_loop_a_worker,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
];

const NO_HYPER: &str = "hyper doesn't run on it, and to parse less than hyper does is other work";

/// The server of a runtime, or the reason why there is none.
pub fn find(runtime: &str, protocol: Protocol) -> anyhow::Result<Serve> {
    let server = SERVERS
        .iter()
        .find(|server| server.runtime == runtime)
        .with_context(|| format!("this build has no server for `{runtime}`"))?;
    if let Some((_, reason)) = server.lacks.iter().find(|(lack, _)| *lack == protocol) {
        bail!("{reason}");
    }
    #[cfg(not(feature = "hyper"))]
    if protocol == Protocol::Http {
        bail!("this build is without the feature `hyper`");
    }
    Ok(server.serve)
}

/// The names of all runtimes that have a server in this build, in the order in which they are shown.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVERS.iter().map(|server| server.runtime)
}
