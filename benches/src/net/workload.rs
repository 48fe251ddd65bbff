//! What the network rows are.

use std::fmt;
use std::str::FromStr;

use anyhow::bail;

/// What client and server say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// What a client sends comes back, for as long as it stays.
    Echo,
    /// A client connects, sends a message, gets it back, and the server closes.
    Churn,
    /// As echo, but a connection has a buffer only while it reads, where the runtime lets it.
    Hold,
    /// HTTP/1.1 with keep-alive, a greeting for each request.
    Http,
}

impl FromStr for Protocol {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Protocol> {
        Ok(match name {
            "echo" => Protocol::Echo,
            "churn" => Protocol::Churn,
            "hold" => Protocol::Hold,
            "http" => Protocol::Http,
            _ => bail!("there is no protocol `{name}`; there are echo, churn, hold and http"),
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Echo => "echo",
            Protocol::Churn => "churn",
            Protocol::Hold => "hold",
            Protocol::Http => "http",
        })
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How it is called on the command line and in reports.
    pub name: &'static str,
    /// What happens in it.
    pub what: &'static str,
    /// What is spoken.
    pub protocol: Protocol,
    /// How many connections there are at a time.
    pub connections: usize,
    /// How many bytes a request has, where the protocol leaves that open.
    pub message: usize,
    /// How many bytes the server reads at once. More than a message has, so that no server has to read a second time to
    /// learn that there is nothing more.
    pub buffer: usize,
    /// How many requests are measured.
    pub requests: u64,
}

const SMALL: usize = 64;
const LARGE: usize = 16 * 1024;
const BUFFER: usize = 4 * 1024;

/// All of them, in the order in which they are shown.
pub fn workloads() -> &'static [Workload] {
    use Protocol::{Churn, Echo, Hold, Http};
    &const {
        [
            row("echo-64B-1", "1 connection", Echo, 1, SMALL, 50_000),
            row("echo-64B-64", "64 connections", Echo, 64, SMALL, 200_000),
            row(
                "echo-64B-1000",
                "1000 connections",
                Echo,
                1000,
                SMALL,
                200_000,
            ),
            row("echo-16KiB-1", "1 connection", Echo, 1, LARGE, 30_000),
            row("echo-16KiB-64", "64 connections", Echo, 64, LARGE, 100_000),
            row(
                "echo-16KiB-1000",
                "1000 connections",
                Echo,
                1000,
                LARGE,
                100_000,
            ),
            row(
                "churn-1",
                "connect, send, receive, close",
                Churn,
                1,
                SMALL,
                10_000,
            ),
            row("churn-64", "64 at a time", Churn, 64, SMALL, 30_000),
            row(
                "hold-10000",
                "10,000 connections idle for 5 s",
                Hold,
                10_000,
                SMALL,
                10_000,
            ),
            row(
                "http-1",
                "hello with hyper, 1 connection",
                Http,
                1,
                0,
                50_000,
            ),
            row("http-64", "64 connections", Http, 64, 0, 200_000),
            row("http-1000", "1000 connections", Http, 1000, 0, 200_000),
        ]
    }
}

const fn row(
    name: &'static str,
    what: &'static str,
    protocol: Protocol,
    connections: usize,
    message: usize,
    requests: u64,
) -> Workload {
    let buffer = if message < BUFFER {
        BUFFER
    } else {
        2 * message
    };
    Workload {
        name,
        what,
        protocol,
        connections,
        message,
        buffer,
        requests,
    }
}

impl Workload {
    /// The one with this name.
    pub fn named(name: &str) -> anyhow::Result<&'static Workload> {
        match workloads().iter().find(|workload| workload.name == name) {
            Some(workload) => Ok(workload),
            None => bail!("there is no network workload `{name}`"),
        }
    }
}
