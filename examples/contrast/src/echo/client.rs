//! The client.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use super::raise_descriptor_limit;
use crate::measure::percentile;

/// How long nothing may happen before the conversation is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Some connections.
pub struct Client {
    poller: OwnedFd,
    connections: Vec<Connection>,
    message: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Of the current message.
    written: usize,
    read: usize,
    sent_at: Instant,
    left: usize,
}

/// What was heard.
pub struct Heard {
    pub wall_ns: f64,
    pub p50_ns: f64,
    pub p99_ns: f64,
    pub right: bool,
}

impl Client {
    pub fn connect(address: SocketAddr, connections: usize, bytes: usize) -> Result<Client> {
        raise_descriptor_limit()?;
        let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let connect = |index: usize| -> Result<Connection> {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let what = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
            epoll::add(
                &poller,
                &stream,
                epoll::EventData::new_u64(index as u64),
                what,
            )?;
            Ok(Connection {
                stream,
                written: 0,
                read: 0,
                sent_at: Instant::now(),
                left: 0,
            })
        };
        let connections = (0..connections).map(connect).collect::<Result<_>>()?;
        let message = (0..bytes)
            .map(|index| (index * 7 + index / 256) as u8)
            .collect();
        Ok(Client {
            poller,
            connections,
            message,
        })
    }

    /// So many messages on each connection.
    pub fn rounds(&mut self, rounds: usize) -> Result<Heard> {
        let mut latencies = Vec::with_capacity(rounds * self.connections.len());
        let mut right = true;
        let mut buffer = vec![0; 64 * 1024];
        let mut going = self.connections.len();
        let start = Instant::now();
        for connection in &mut self.connections {
            connection.left = rounds;
            connection.begin(&self.message)?;
        }
        let mut events = Vec::with_capacity(1024);
        let patience = SILENCE.try_into()?;
        while going > 0 {
            epoll::wait(
                &self.poller,
                rustix::buffer::spare_capacity(&mut events),
                Some(&patience),
            )?;
            ensure!(
                !events.is_empty(),
                "nothing was heard for {} s, with {going} connections waiting",
                SILENCE.as_secs()
            );
            for event in events.drain(..) {
                let connection = &mut self.connections[event.data.u64() as usize];
                if connection.left > 0
                    && connection.go_on(&self.message, &mut buffer, &mut latencies, &mut right)?
                {
                    going -= 1;
                }
            }
        }
        let wall_ns = start.elapsed().as_nanos() as f64;
        Ok(Heard {
            wall_ns,
            p50_ns: percentile(&mut latencies, 0.5),
            p99_ns: percentile(&mut latencies, 0.99),
            right,
        })
    }
}

impl Connection {
    fn begin(&mut self, message: &[u8]) -> Result<()> {
        (self.written, self.read, self.sent_at) = (0, 0, Instant::now());
        self.write(message)
    }

    /// As much as goes.
    fn write(&mut self, message: &[u8]) -> Result<()> {
        while self.written < message.len() {
            match self.stream.write(&message[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads and writes what can be; says whether it has done all of its rounds.
    fn go_on(
        &mut self,
        message: &[u8],
        buffer: &mut [u8],
        latencies: &mut Vec<f64>,
        right: &mut bool,
    ) -> Result<bool> {
        self.write(message)?;
        loop {
            match self.stream.read(buffer) {
                Ok(0) => anyhow::bail!("the server has closed a connection"),
                Ok(length) => {
                    let expected = message.get(self.read..self.read + length);
                    *right &= expected == Some(&buffer[..length]);
                    self.read += length;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            if self.read >= message.len() {
                latencies.push(self.sent_at.elapsed().as_nanos() as f64);
                self.left -= 1;
                if self.left == 0 {
                    return Ok(true);
                }
                self.begin(message)?;
            } else {
                self.write(message)?;
            }
        }
    }
}
