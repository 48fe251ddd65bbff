//! All clients of a row, and the loop that serves them.

use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::connection::{Connection, Next};
use super::script::Script;
use crate::net::workload::{Protocol, Workload};

/// A server that says nothing for so long has lost a request.
const PATIENCE: Timespec = Timespec {
    tv_sec: 20,
    tv_nsec: 0,
};

/// No measured part takes longer: something is wrong, or far too slow for its count.
const LIMIT: Duration = Duration::from_secs(120);

/// How many events are taken from the OS at once.
const EVENTS: usize = 256;

pub struct Crowd {
    server: SocketAddr,
    script: Script,
    /// Each exchange has a connection of its own, which the server closes.
    server_closes: bool,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    buffer: Box<[u8]>,
    latencies: Histogram<u64>,
}

impl Crowd {
    /// Connects them all, unless they are to connect for each exchange.
    pub fn new(workload: &Workload, server: SocketAddr, script: Script) -> anyhow::Result<Crowd> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let server_closes = workload.protocol == Protocol::Churn;
        let mut connections: Vec<_> = (0..workload.connections)
            .map(|index| Connection::new(index, server_closes))
            .collect();
        if !server_closes {
            for (index, connection) in connections.iter_mut().enumerate() {
                watch(&epoll, index, connection.open(server)?)?;
            }
        }
        Ok(Crowd {
            server,
            script,
            server_closes,
            epoll,
            connections,
            buffer: vec![0; 128 * 1024].into_boxed_slice(),
            latencies: Histogram::new(3)?,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// How long exchanges took, in nanoseconds.
    pub fn latencies(&self) -> &Histogram<u64> {
        &self.latencies
    }

    pub fn forget_latencies(&mut self) {
        self.latencies.reset();
    }

    /// Makes these connections talk until `requests` exchanges are over. Then all of them are silent.
    pub fn exchange(&mut self, which: Range<usize>, requests: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + LIMIT;
        let mut unsent = requests;
        let mut unheard = requests;
        for index in which {
            if unsent > 0 {
                unsent -= 1;
                self.begin(index)?;
            }
        }
        let mut events = Vec::with_capacity(EVENTS);
        while unheard > 0 {
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&PATIENCE))?;
            ensure!(!events.is_empty(), "{unheard} replies never came");
            ensure!(Instant::now() < deadline, "{unheard} replies are late");
            for event in &events {
                let index = event.data.u64() as usize;
                if self.advance(index, event.flags)? == Next::Done {
                    unheard -= 1;
                    if unsent > 0 {
                        unsent -= 1;
                        self.begin(index)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, index: usize) -> anyhow::Result<()> {
        let connection = &mut self.connections[index];
        connection.start();
        if self.server_closes {
            watch(&self.epoll, index, connection.open(self.server)?)?;
        }
        if connection.send(&self.script)? == Next::Room {
            self.want(index, epoll::EventFlags::OUT)?;
        }
        Ok(())
    }

    /// Goes on with a connection for which there was an event.
    fn advance(&mut self, index: usize, flags: epoll::EventFlags) -> anyhow::Result<Next> {
        let connection = &mut self.connections[index];
        if flags.contains(epoll::EventFlags::OUT) {
            if connection.send(&self.script)? == Next::Reply {
                self.want(index, epoll::EventFlags::IN)?;
            }
            return Ok(Next::Room);
        }
        let next = connection.hear(&self.script, &mut self.buffer)?;
        if next == Next::Done {
            let took = connection.started().elapsed();
            self.latencies.record(took.as_nanos() as u64)?;
            if self.server_closes {
                connection.close();
            }
        }
        Ok(next)
    }

    /// Replaces what a connection waits for. A request is sent in one go nearly always, so replies are what is waited for
    /// when nothing else is said.
    fn want(&self, index: usize, flags: epoll::EventFlags) -> anyhow::Result<()> {
        let stream = self.connections[index]
            .stream()
            .context("a client that is not connected")?;
        let data = epoll::EventData::new_u64(index as u64);
        Ok(epoll::modify(&self.epoll, stream, data, flags)?)
    }
}

fn watch(epoll: &OwnedFd, index: usize, stream: &TcpStream) -> anyhow::Result<()> {
    let data = epoll::EventData::new_u64(index as u64);
    Ok(epoll::add(epoll, stream, data, epoll::EventFlags::IN)?)
}
