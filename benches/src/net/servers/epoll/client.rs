//! One connection of the hand-written loop.

use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::net::workload::Protocol;

pub struct Client {
    socket: OwnedFd,
    protocol: Protocol,
    /// How much is read at once.
    size: usize,
    /// Empty while there is none: a client that is held has one only while it is served.
    buffer: Box<[u8]>,
    /// What of the buffer is still to be sent.
    unsent: Range<usize>,
    /// There may be something to read.
    readable: bool,
    /// The client will send no more, and no further edge would say that the end is there to be read.
    ended: bool,
}

/// What becomes of a client that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Wait,
    Close,
}

impl Client {
    pub fn new(socket: OwnedFd, protocol: Protocol, size: usize) -> Client {
        Client {
            socket,
            protocol,
            size,
            buffer: Box::new([]),
            unsent: 0..0,
            readable: true,
            ended: false,
        }
    }

    pub fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Notes what an event says.
    pub fn hears(&mut self, flags: EventFlags) {
        let end = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        self.ended |= flags.intersects(end);
        self.readable |= self.ended || flags.contains(EventFlags::IN);
    }

    /// Reads and writes until the OS has no more to give, or takes no more.
    pub fn serve(&mut self) -> Then {
        if self.buffer.is_empty() {
            self.buffer = vec![0; self.size].into_boxed_slice();
        }
        let then = self.exchange();
        if self.protocol == Protocol::Hold && self.unsent.is_empty() {
            self.buffer = Box::new([]);
        }
        then
    }

    fn exchange(&mut self) -> Then {
        loop {
            while !self.unsent.is_empty() {
                let rest = &self.buffer[self.unsent.clone()];
                match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                    Ok(length) => self.unsent.start += length,
                    Err(Errno::AGAIN) => return Then::Wait,
                    Err(_) => return Then::Close,
                }
                if self.unsent.is_empty() && self.protocol == Protocol::Churn {
                    return Then::Close;
                }
            }
            if !self.readable {
                return Then::Wait;
            }
            match recv(&self.socket, &mut *self.buffer, RecvFlags::empty()) {
                Ok((0, _)) => return Then::Close,
                Ok((length, _)) => {
                    self.unsent = 0..length;
                    // It came short, so there is no more.
                    self.readable = length == self.buffer.len() || self.ended;
                }
                Err(Errno::AGAIN) => {
                    self.readable = false;
                    return Then::Wait;
                }
                Err(_) => return Then::Close,
            }
        }
    }
}
