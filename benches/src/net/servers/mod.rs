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

pub use self::door::Door;
use super::workload::Protocol;
use crate::peer::Peer;
use crate::workloads::Gap;

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
    peer: Peer,
    serve: Serve,
    /// What it doesn't speak, and why.
    lacks: &'static [(Protocol, &'static str)],
}

const SERVERS: &[Server] = &[
    Server {
        peer: Peer::Leno,
        serve: leno::serve,
        lacks: &[],
    },
    #[cfg(feature = "smol")]
    Server {
        peer: Peer::Smol,
        serve: smol::serve,
        lacks: &[],
    },
    #[cfg(feature = "tokio")]
    Server {
        peer: Peer::Tokio,
        serve: tokio::serve_on_workers,
        lacks: &[],
    },
    #[cfg(feature = "tokio")]
    Server {
        peer: Peer::TokioCurrent,
        serve: tokio::serve_on_this_thread,
        lacks: &[],
    },
    #[cfg(feature = "may")]
    Server {
        peer: Peer::May,
        serve: may::serve,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    #[cfg(feature = "monoio")]
    Server {
        peer: Peer::Monoio,
        serve: monoio::serve_with_epoll,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    #[cfg(feature = "monoio")]
    Server {
        peer: Peer::MonoioUring,
        serve: monoio::serve_with_io_uring,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        peer: Peer::Threads,
        serve: threads::serve,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        peer: Peer::OneLoop,
        serve: epoll::serve_with_one_loop,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
    Server {
        peer: Peer::Loops,
        serve: epoll::serve_with_a_loop_a_worker,
        lacks: &[(Protocol::Http, NO_HYPER)],
    },
];

const NO_HYPER: &str = "hyper is not at home on it, and to parse less than hyper is other work";

/// The server of a runtime, or the reason why there is none.
pub fn find(peer: Peer, protocol: Protocol) -> Result<Serve, Gap> {
    let gap = |reason: &str| Err(Gap(reason.to_owned()));
    if peer.is_foreign() {
        return gap("it has no server here");
    }
    let Some(server) = SERVERS.iter().find(|server| server.peer == peer) else {
        return gap("built without it");
    };
    if let Some((_, reason)) = server.lacks.iter().find(|(lack, _)| *lack == protocol) {
        return gap(reason);
    }
    if protocol == Protocol::Http && !cfg!(feature = "hyper") {
        return gap("built without hyper");
    }
    #[cfg(feature = "monoio")]
    if peer == Peer::MonoioUring && !monoio::io_uring_is_allowed() {
        return gap("the system doesn't allow io_uring");
    }
    Ok(server.serve)
}
