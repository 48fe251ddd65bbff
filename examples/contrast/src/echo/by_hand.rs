//! The server as one would write it with callbacks and without coroutines: what each connection is about to do must be kept
//! in a field, and every function ends where it would have to wait.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

/// A wait finds at most so many events.
const EVENTS: usize = 1024;

// by hand
const LISTENER: u64 = u64::MAX;

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer is still to be written.
    from: usize,
    to: usize,
}

enum Next {
    Wait,
    Close,
}

impl Connection {
    /// Called when something can be read or written: goes on as far as possible. Whether the other side has ended is known
    /// from the event; then the end must be read, for no other event will tell of it.
    fn ready(&mut self, ended: bool) -> Next {
        loop {
            while self.from < self.to {
                match self.stream.write(&self.buffer[self.from..self.to]) {
                    Ok(length) => self.from += length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
                    Err(_) => return Next::Close,
                }
            }
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Next::Close,
                Ok(length) => (self.from, self.to) = (0, length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
                Err(_) => return Next::Close,
            }
            // A buffer that is not full is all there was: the next wait will tell of more.
            if !ended && self.to < self.buffer.len() && self.write_all_now() {
                return Next::Wait;
            }
        }
    }

    /// Whether everything went out at once.
    fn write_all_now(&mut self) -> bool {
        if let Ok(length) = self.stream.write(&self.buffer[self.from..self.to]) {
            self.from += length;
        }
        self.from == self.to
    }
}

fn accept(
    listener: &TcpListener,
    poller: &OwnedFd,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
    buffer: usize,
) -> Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let place = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        let what = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        epoll::add(
            poller,
            &stream,
            epoll::EventData::new_u64(place as u64),
            what,
        )?;
        connections[place] = Some(Connection {
            stream,
            buffer: vec![0; buffer],
            from: 0,
            to: 0,
        });
    }
}

pub fn serve(listener: &TcpListener, buffer: usize) -> Result<()> {
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    listener.set_nonblocking(true)?;
    epoll::add(
        &poller,
        listener,
        epoll::EventData::new_u64(LISTENER),
        epoll::EventFlags::IN,
    )?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        epoll::wait(&poller, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                accept(listener, &poller, &mut connections, &mut free, buffer)?;
                continue;
            }
            let place = event.data.u64() as usize;
            let Some(connection) = connections.get_mut(place).and_then(Option::as_mut) else {
                continue;
            };
            let flags = event.flags;
            let ended = flags.intersects(
                epoll::EventFlags::RDHUP | epoll::EventFlags::HUP | epoll::EventFlags::ERR,
            );
            if matches!(connection.ready(ended), Next::Close) {
                connections[place] = None;
                free.push(place);
            }
        }
    }
}
// end of by hand
