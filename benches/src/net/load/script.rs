//! What the clients say, and what they must hear.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;

use anyhow::{Context as _, ensure};

use crate::net::workload::{Protocol, Workload};

/// How many different places of the pattern messages start at. Odd, so that connections get out of step with each other.
const PLACES: usize = 1021;

/// The words of a row.
pub enum Script {
    /// A part of `pattern` goes out and must come back. Each message is another part, so that an old reply, or that of
    /// another connection, is no right answer.
    Echo { pattern: Vec<u8>, message: usize },
    /// The same request always, and the same reply but for its date.
    Http { reply: Vec<u8>, date: Range<usize> },
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

impl Script {
    /// For HTTP, asks the server once and has a close look at its answer.
    pub fn new(workload: &Workload, server: SocketAddr) -> anyhow::Result<Script> {
        match workload.protocol {
            Protocol::Http => first_reply(server),
            _ => Ok(Script::Echo {
                pattern: noise(workload.message + PLACES),
                message: workload.message,
            }),
        }
    }

    /// The request that a connection sends as its `number`th one.
    pub fn request(&self, connection: usize, number: u64) -> &[u8] {
        match self {
            Script::Echo { .. } => self.reply(connection, number),
            Script::Http { .. } => REQUEST,
        }
    }

    /// How many bytes the reply to it has.
    pub fn reply_length(&self) -> usize {
        match self {
            Script::Echo { message, .. } => *message,
            Script::Http { reply, .. } => reply.len(),
        }
    }

    /// Whether `part`, which came after `heard` bytes of the reply, is right.
    pub fn is_right(&self, connection: usize, number: u64, heard: usize, part: &[u8]) -> bool {
        let reply = self.reply(connection, number);
        let Some(expected) = reply.get(heard..heard + part.len()) else {
            return false;
        };
        match self {
            Script::Echo { .. } => part == expected,
            Script::Http { date, .. } => {
                let at = |place: usize| place.clamp(heard, heard + part.len()) - heard;
                let (from, to) = (at(date.start), at(date.end));
                part[..from] == expected[..from] && part[to..] == expected[to..]
            }
        }
    }

    fn reply(&self, connection: usize, number: u64) -> &[u8] {
        match self {
            Script::Echo { pattern, message } => {
                let start = (connection * 7 + number as usize) % PLACES;
                &pattern[start..start + message]
            }
            Script::Http { reply, .. } => reply,
        }
    }
}

/// Bytes without order, always the same (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn first_reply(server: SocketAddr) -> anyhow::Result<Script> {
    const GREETING: &[u8] = b"Hello, World!";
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(REQUEST)?;
    let mut reply = Vec::new();
    while !reply.ends_with(GREETING) {
        let mut part = [0; 1024];
        let length = stream.read(&mut part)?;
        ensure!(length > 0, "the server closed within its first reply");
        reply.extend_from_slice(&part[..length]);
    }

    let head = String::from_utf8(reply.clone())?.to_ascii_lowercase();
    ensure!(
        head.starts_with("http/1.1 200 ok\r\n"),
        "no HTTP success: {head}"
    );
    ensure!(
        head.contains("\r\ncontent-length: 13\r\n"),
        "the reply has no length: {head}"
    );
    let start = head.find("\r\ndate: ").context("the reply has no date")? + 2;
    let length = head[start..].find("\r\n").context("the date has no end")?;
    Ok(Script::Http {
        reply,
        date: start..start + length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> Script {
        Script::Echo {
            pattern: noise(64 + PLACES),
            message: 64,
        }
    }

    #[test]
    fn an_echo_may_come_in_parts() {
        let script = echo();
        let reply = script.request(3, 9).to_vec();
        assert!(script.is_right(3, 9, 0, &reply[..10]));
        assert!(script.is_right(3, 9, 10, &reply[10..]));
    }

    #[test]
    fn what_was_not_sent_is_wrong() {
        let script = echo();
        let mut reply = script.request(3, 9).to_vec();
        assert!(!script.is_right(3, 10, 0, &reply), "an older reply");
        assert!(!script.is_right(4, 9, 0, &reply), "somebody else's");
        reply.push(0);
        assert!(!script.is_right(3, 9, 0, &reply), "a byte too many");
        reply[63] ^= 1;
        assert!(!script.is_right(3, 9, 0, &reply[..64]), "a wrong byte");
    }

    #[test]
    fn only_the_date_may_change() {
        let script = Script::Http {
            reply: b"OK; date: 01; bye".to_vec(),
            date: 4..12,
        };
        assert!(script.is_right(0, 1, 0, b"OK; date: 02; bye"));
        assert!(script.is_right(0, 1, 6, b"te: 02"));
        assert!(!script.is_right(0, 1, 0, b"OK; date: 02; by3"));
        assert!(!script.is_right(0, 1, 0, b"NO; date: 02; bye"));
    }
}
