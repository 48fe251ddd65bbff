//! leno.

use std::net::TcpListener;

use futures_lite::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use leno::Async;
use leno::net::TcpListener as Listener;

use super::Job;
use super::streams::{echo, echo_once};
use crate::net::workload::Protocol;

pub fn serve(job: Job) -> anyhow::Result<()> {
    leno::Builder::new().workers(job.workers).start()?;
    let (buffer, listener) = (job.buffer, job.door.one());
    Ok(leno::block_on(leno::spawn(async move {
        match job.protocol {
            Protocol::Echo => {
                let listener = Listener::try_from(listener)?;
                loop {
                    let (stream, _) = listener.accept().await?;
                    leno::spawn(echo(stream, buffer)).detach();
                }
            }
            Protocol::Churn => {
                let listener = Listener::try_from(listener)?;
                loop {
                    let (stream, _) = listener.accept().await?;
                    leno::spawn(echo_once(stream, buffer)).detach();
                }
            }
            Protocol::Hold => hold(listener, buffer).await,
            Protocol::Http => http(listener).await,
        }
    }))?)
}

async fn hold(listener: TcpListener, buffer: usize) -> io::Result<()> {
    let listener = Async::new(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        leno::spawn(async move {
            loop {
                stream.readable().await?;
                let mut buffer = vec![0; buffer];
                let length = stream.read(&mut buffer).await?;
                if length == 0 {
                    return io::Result::Ok(());
                }
                stream.write_all(&buffer[..length]).await?;
            }
        })
        .detach();
    }
}

#[cfg(feature = "hyper")]
async fn http(listener: TcpListener) -> io::Result<()> {
    let listener = Listener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        leno::spawn(super::http::greet(leno::hyper::Io::new(stream))).detach();
    }
}

#[cfg(not(feature = "hyper"))]
async fn http(_listener: TcpListener) -> io::Result<()> {
    unreachable!("refused before")
}
