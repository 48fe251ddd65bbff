//! The servers, and how they are asked what they have used.

use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use anyhow::{Result, bail};
use leno::io::{AsyncReadExt, AsyncWriteExt};

use super::{Case, Report, Server, by_hand, raise_descriptor_limit};
use crate::fiber;
use crate::measure::{self, Meter};
use crate::stackful::{May, THREAD_STACK};

const WAITING_TO_BE_ACCEPTED: i32 = 4096;

/// Serves until standard input ends, which ends the process.
pub fn serve(case: Case) -> Result<()> {
    raise_descriptor_limit()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // `std` lets 128 wait to be accepted; whoever comes when there are more tries again a second later.
    rustix::net::listen(&listener, WAITING_TO_BE_ACCEPTED)?;
    println!("{}", listener.local_addr()?);
    thread::spawn(obey);
    let buffer = case.buffer;
    match case.server {
        Server::Task => leno::block_on(leno::spawn(tasks(listener, buffer))),
        Server::Fiber => {
            // SAFETY: streams and numbers are on the stack; the buffer is on the heap.
            leno::block_on(unsafe { fiber::spawn(move || fibers(listener, buffer)) })
        }
        Server::May => coroutines(listener, buffer),
        Server::Thread => threads(listener, buffer),
        Server::Loop => by_hand::serve(&listener, buffer),
    }
}

/// `report` is answered with what was used since the beginning.
fn obey() {
    let meter = Meter::start();
    for order in std::io::stdin().lock().lines() {
        match order.as_deref() {
            Ok("report") => {
                let report = Report {
                    used: meter.so_far(),
                    memory: measure::memory(),
                };
                let line = serde_json::to_string(&report).expect("a report is JSON");
                println!("{line}");
            }
            _ => break,
        }
    }
    std::process::exit(0);
}

// tasks
async fn tasks(listener: TcpListener, buffer: usize) -> Result<()> {
    let listener = leno::net::TcpListener::try_from(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = async move {
            let mut buffer = vec![0; buffer];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..length]).await.is_err() {
                    break;
                }
            }
        };
        leno::spawn(connection).detach();
    }
}
// end of tasks

fn fibers(listener: TcpListener, buffer: usize) -> Result<()> {
    let listener = leno::net::TcpListener::try_from(listener)?;
    loop {
        let (mut stream, _) = fiber::wait(listener.accept())?;
        stream.set_nodelay(true)?;
        let connection = move || {
            let mut buffer = vec![0; buffer];
            while let Ok(length @ 1..) = fiber::wait(stream.read(&mut buffer)) {
                if fiber::wait(stream.write_all(&buffer[..length])).is_err() {
                    break;
                }
            }
        };
        // SAFETY: as above.
        unsafe { fiber::spawn(connection) }.detach();
    }
}

/// What a connection does where reading and writing wait for themselves.
fn echo(mut stream: impl Read + Write, buffer: usize) {
    let mut buffer = vec![0; buffer];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
}

fn threads(listener: TcpListener, buffer: usize) -> Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::Builder::new()
            .stack_size(THREAD_STACK)
            .spawn(move || echo(stream, buffer))?;
    }
}

fn coroutines(listener: TcpListener, buffer: usize) -> Result<()> {
    let address: SocketAddr = listener.local_addr()?;
    May::start();
    // It has no way to take over a listener of `std` but its descriptor.
    let listener = {
        use std::os::fd::{FromRawFd, IntoRawFd};
        listener.set_nonblocking(true)?;
        // SAFETY: the descriptor is a listener's, and nobody else has it any more.
        unsafe { may::net::TcpListener::from_raw_fd(listener.into_raw_fd()) }
    };
    let accepting = move || {
        while let Ok((stream, _)) = listener.accept() {
            let ready = stream.set_nodelay(true);
            // SAFETY: a stream and a number are on the stack; the buffer is on the heap.
            unsafe { may::coroutine::spawn(move || ready.map(|()| echo(stream, buffer))) };
        }
    };
    // SAFETY: a listener is on the stack.
    let accepting = unsafe { may::coroutine::spawn(accepting) };
    accepting.wait();
    bail!("{address} accepts no more")
}
