//! One client.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};

use super::script::Script;

/// Where a client is in its exchange with the server.
pub struct Connection {
    index: usize,
    /// None where each exchange has a stream of its own, between two of them.
    stream: Option<TcpStream>,
    number: u64,
    sent: usize,
    heard: usize,
    started: Instant,
    /// The server hangs up after each reply, and the exchange is over when it has.
    server_closes: bool,
}

/// What a connection waits for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// For room to send the rest of the request.
    Room,
    /// For more of the reply.
    Reply,
    /// For nothing: the whole reply was heard.
    Done,
}

impl Connection {
    /// One that is not connected yet.
    pub fn new(index: usize, server_closes: bool) -> Connection {
        Connection {
            index,
            stream: None,
            number: 0,
            sent: 0,
            heard: 0,
            started: Instant::now(),
            server_closes,
        }
    }

    /// Connects, which takes no time to speak of on the loopback device: the server's OS answers at once.
    pub fn open(&mut self, server: SocketAddr) -> anyhow::Result<&TcpStream> {
        let stream = TcpStream::connect(server)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(self.stream.insert(stream))
    }

    pub fn close(&mut self) {
        self.stream = None;
    }

    pub fn stream(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    /// When the exchange began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// A new exchange begins.
    pub fn start(&mut self) {
        self.number += 1;
        self.sent = 0;
        self.heard = 0;
        self.started = Instant::now();
    }

    /// Sends as much as there is room for.
    pub fn send(&mut self, script: &Script) -> anyhow::Result<Next> {
        let request = script.request(self.index, self.number);
        while self.sent < request.len() {
            match connected(&mut self.stream)?.write(&request[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Room),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Next::Reply)
    }

    /// Hears what there is, once.
    pub fn hear(&mut self, script: &Script, buffer: &mut [u8]) -> anyhow::Result<Next> {
        let part = match connected(&mut self.stream)?.read(buffer) {
            Ok(length) => &buffer[..length],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Reply),
            Err(error) => return Err(error.into()),
        };
        let all = script.reply_length();
        if part.is_empty() {
            ensure!(
                self.server_closes && self.heard == all,
                "the server closed after {} bytes of reply {} to connection {}",
                self.heard,
                self.number,
                self.index
            );
            return Ok(Next::Done);
        }
        if !script.is_right(self.index, self.number, self.heard, part) {
            bail!(
                "reply {} to connection {} is wrong after byte {}: {:?}",
                self.number,
                self.index,
                self.heard,
                String::from_utf8_lossy(part)
            );
        }
        self.heard += part.len();
        Ok(if self.heard == all && !self.server_closes {
            Next::Done
        } else {
            Next::Reply
        })
    }
}

fn connected(stream: &mut Option<TcpStream>) -> anyhow::Result<&mut TcpStream> {
    stream.as_mut().context("a client that is not connected")
}
