//! tokio, in both of its flavours.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;

use super::Job;
use crate::net::workload::Protocol;

pub fn serve_on_workers(job: Job) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(job.workers)
        .enable_io()
        .build()?;
    // In a task, not in `block_on` itself: clients are accepted by a worker.
    Ok(runtime.block_on(async { tokio::spawn(accept(job)).await })??)
}

pub fn serve_on_this_thread(job: Job) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    Ok(runtime.block_on(accept(job))?)
}

async fn accept(job: Job) -> io::Result<()> {
    let listener = TcpListener::from_std(job.door.one())?;
    loop {
        let (stream, _) = listener.accept().await?;
        match job.protocol {
            Protocol::Echo => drop(tokio::spawn(echo(stream, job.buffer))),
            Protocol::Churn => drop(tokio::spawn(echo_once(stream, job.buffer))),
            Protocol::Hold => drop(tokio::spawn(hold(stream, job.buffer))),
            Protocol::Http => http(stream),
        }
    }
}

async fn echo(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}

async fn echo_once(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    let length = stream.read(&mut buffer).await?;
    stream.write_all(&buffer[..length]).await
}

async fn hold(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut buffer = vec![0; buffer];
        let length = match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        stream.write_all(&buffer[..length]).await?;
    }
}

#[cfg(feature = "hyper")]
fn http(stream: TcpStream) {
    tokio::spawn(super::http::greet(hyper_util::rt::TokioIo::new(stream)));
}

#[cfg(not(feature = "hyper"))]
fn http(_stream: TcpStream) {
    unreachable!("refused before")
}
