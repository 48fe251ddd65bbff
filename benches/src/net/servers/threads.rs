//! A thread of the OS for each connection.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use super::Job;
use crate::net::workload::Protocol;

pub fn serve(job: Job) -> anyhow::Result<()> {
    let once = job.protocol == Protocol::Churn;
    let listener = job.door.one();
    listener.set_nonblocking(false)?;
    loop {
        let (stream, _) = listener.accept()?;
        thread::Builder::new().spawn(move || echo(stream, job.buffer, once))?;
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
