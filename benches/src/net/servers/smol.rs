//! smol, on an executor that as many threads run as others have workers: what `smol::spawn` does with `SMOL_THREADS`.

use std::net::{TcpListener, TcpStream};
use std::thread;

use futures_lite::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use smol::{Async, Executor, future};

use super::Job;
use super::streams::{echo, echo_once};
use crate::net::workload::Protocol;

static EXECUTOR: Executor<'static> = Executor::new();

pub fn serve(job: Job) -> anyhow::Result<()> {
    for index in 1..job.workers {
        thread::Builder::new()
            .name(format!("smol-{index}"))
            .spawn(|| smol::block_on(EXECUTOR.run(future::pending::<()>())))?;
    }
    let (buffer, listener) = (job.buffer, job.door.one());
    let accept = EXECUTOR.spawn(async move {
        match job.protocol {
            Protocol::Echo => {
                let listener = smol::net::TcpListener::try_from(listener)?;
                loop {
                    let (stream, _) = listener.accept().await?;
                    EXECUTOR.spawn(echo(stream, buffer)).detach();
                }
            }
            Protocol::Churn => {
                let listener = smol::net::TcpListener::try_from(listener)?;
                loop {
                    let (stream, _) = listener.accept().await?;
                    EXECUTOR.spawn(echo_once(stream, buffer)).detach();
                }
            }
            Protocol::Hold => {
                let listener = Async::new(listener)?;
                loop {
                    let (stream, _) = listener.accept().await?;
                    EXECUTOR.spawn(hold(stream, buffer)).detach();
                }
            }
            Protocol::Http => http(listener).await,
        }
    });
    Ok(smol::block_on(EXECUTOR.run(accept))?)
}

async fn hold(mut stream: Async<TcpStream>, buffer: usize) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut buffer = vec![0; buffer];
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}

#[cfg(feature = "hyper")]
async fn http(listener: TcpListener) -> io::Result<()> {
    let listener = smol::net::TcpListener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let stream = smol_hyper::rt::FuturesIo::new(stream);
        EXECUTOR.spawn(super::http::greet(stream)).detach();
    }
}

#[cfg(not(feature = "hyper"))]
async fn http(_listener: TcpListener) -> io::Result<()> {
    unreachable!("refused before")
}
