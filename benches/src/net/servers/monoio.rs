//! monoio: a runtime of its own, and a listener of its own, for each thread, on either of its drivers.

use std::io;
use std::net::TcpListener as Listener;
use std::thread;

use monoio::io::{AsyncReadRent as _, AsyncWriteRentExt as _};
use monoio::net::{TcpListener, TcpStream};
use monoio::{IoUringDriver, LegacyDriver};

use super::Job;
use crate::net::workload::Protocol;

pub fn serve_with_epoll(job: Job) -> anyhow::Result<()> {
    on_each_thread(job, |listener, protocol, buffer| {
        monoio::start::<LegacyDriver, _>(accept(listener, protocol, buffer))
    })
}

pub fn serve_with_io_uring(job: Job) -> anyhow::Result<()> {
    on_each_thread(job, |listener, protocol, buffer| {
        monoio::start::<IoUringDriver, _>(accept(listener, protocol, buffer))
    })
}

pub fn io_uring_is_allowed() -> bool {
    monoio::utils::detect_uring()
}

/// Runs one of the runtimes on the calling thread.
type Run = fn(Listener, Protocol, usize) -> io::Result<()>;

fn on_each_thread(job: Job, run: Run) -> anyhow::Result<()> {
    let (protocol, buffer) = (job.protocol, job.buffer);
    let mut listeners = job.door.many(job.workers)?;
    let mine = listeners.remove(0);
    for listener in listeners {
        thread::Builder::new()
            .spawn(move || run(listener, protocol, buffer).expect("the runtime goes on"))?;
    }
    Ok(run(mine, protocol, buffer)?)
}

async fn accept(listener: Listener, protocol: Protocol, buffer: usize) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        match protocol {
            Protocol::Hold => drop(monoio::spawn(hold(stream, buffer))),
            _ => drop(monoio::spawn(echo(
                stream,
                buffer,
                protocol == Protocol::Churn,
            ))),
        }
    }
}

/// The OS owns the buffer while it reads and writes, so it is handed back and forth.
async fn echo(mut stream: TcpStream, size: usize, once: bool) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let (length, heard) = stream.read(buffer).await;
        if length? == 0 {
            return Ok(());
        }
        let (written, said) = stream.write_all(heard).await;
        written?;
        if once {
            return Ok(());
        }
        buffer = said;
    }
}

async fn hold(mut stream: TcpStream, size: usize) -> io::Result<()> {
    loop {
        stream.readable(false).await?;
        let (length, heard) = stream.read(vec![0; size]).await;
        if length? == 0 {
            return Ok(());
        }
        let (written, _) = stream.write_all(heard).await;
        written?;
    }
}
