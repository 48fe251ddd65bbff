//! may: a stackful coroutine for each connection, with a stack of the default size.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{FromRawFd as _, IntoRawFd as _};

use may::go;
use may::net::{TcpListener, TcpStream};

use super::Job;
use crate::net::workload::Protocol;

pub fn serve(job: Job) -> anyhow::Result<()> {
    may::config().set_workers(job.workers);
    let once = job.protocol == Protocol::Churn;
    let descriptor = job.door.one().into_raw_fd();
    // SAFETY: `into_raw_fd` has just given up the listener, so the descriptor is open and nobody else's.
    let listener = unsafe { TcpListener::from_raw_fd(descriptor) };
    let accept = go!(move || -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept()?;
            go!(move || echo(stream, job.buffer, once));
        }
    });
    match accept.join() {
        Ok(result) => Ok(result?),
        Err(_) => anyhow::bail!("the coroutine that accepts has panicked"),
    }
}

fn echo(mut stream: TcpStream, buffer: usize, once: bool) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length])?;
        if once {
            return Ok(());
        }
    }
}
