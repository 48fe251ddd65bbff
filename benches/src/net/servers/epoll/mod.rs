//! Written by hand: edge-triggered epoll without any runtime, as one loop and as a loop a worker. What a runtime can come
//! near to at best.

mod client;

use std::net::TcpListener;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::thread;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use self::client::{Client, Then};
use super::Job;
use crate::net::workload::Protocol;

/// How many events are taken from the OS at once.
const EVENTS: usize = 1024;

pub fn serve_with_one_loop(job: Job) -> anyhow::Result<()> {
    let (protocol, buffer) = (job.protocol, job.buffer);
    EventLoop::new(job.door.one(), protocol, buffer)?.run()
}

/// Each loop has a listener of its own, and the OS deals out the clients (`SO_REUSEPORT`).
pub fn serve_with_a_loop_a_worker(job: Job) -> anyhow::Result<()> {
    let mut listeners = job.door.many(job.workers)?;
    let mine = listeners.remove(0);
    let (protocol, buffer) = (job.protocol, job.buffer);
    for listener in listeners {
        thread::Builder::new().spawn(move || {
            EventLoop::new(listener, protocol, buffer)
                .and_then(EventLoop::run)
                .expect("the loop goes on")
        })?;
    }
    EventLoop::new(mine, protocol, buffer)?.run()
}

struct EventLoop {
    epoll: OwnedFd,
    listener: TcpListener,
    protocol: Protocol,
    buffer: usize,
    /// By descriptor. An event that is older than the client which has its descriptor now does no harm: a read finds
    /// nothing.
    clients: Vec<Option<Client>>,
}

impl EventLoop {
    fn new(listener: TcpListener, protocol: Protocol, buffer: usize) -> anyhow::Result<EventLoop> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let data = EventData::new_u64(listener.as_raw_fd() as u64);
        epoll::add(&epoll, &listener, data, EventFlags::IN | EventFlags::ET)?;
        Ok(EventLoop {
            epoll,
            listener,
            protocol,
            buffer,
            clients: Vec::new(),
        })
    }

    fn run(mut self) -> anyhow::Result<()> {
        let door = self.listener.as_raw_fd() as usize;
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                let index = event.data.u64() as usize;
                if index == door {
                    self.accept_all()?;
                } else if let Some(client) = self.clients[index].as_mut() {
                    client.hears(event.flags);
                    if client.serve() == Then::Close {
                        self.clients[index] = None;
                    }
                }
            }
        }
    }

    fn accept_all(&mut self) -> anyhow::Result<()> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        loop {
            let socket = match accept_with(&self.listener, flags) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let index = socket.as_raw_fd() as usize;
            let mut client = Client::new(socket, self.protocol, self.buffer);
            // Its first request is often there already, and a client that is served in one go needs no registration.
            if client.serve() == Then::Close {
                continue;
            }
            let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(
                &self.epoll,
                client.socket(),
                EventData::new_u64(index as u64),
                interest,
            )?;
            if self.clients.len() <= index {
                self.clients.resize_with(index + 1, || None);
            }
            self.clients[index] = Some(client);
        }
    }
}
