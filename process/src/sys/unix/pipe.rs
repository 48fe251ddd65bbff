//! Pipes as sources of the reactor.

use std::io;
use std::os::fd::AsFd;

use leno_reactor::Async;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

pub(crate) type Pipe<T> = Async<T>;

pub(crate) fn pipe<T: AsFd>(pipe: T) -> io::Result<Pipe<T>> {
    Async::new(pipe)
}

/// Takes the pipe out of the reactor and of non-blocking mode.
pub(crate) async fn into_blocking<T: AsFd>(pipe: Pipe<T>) -> io::Result<T> {
    let pipe = pipe.into_inner()?;
    let flags = fcntl_getfl(&pipe)?;
    fcntl_setfl(&pipe, flags - OFlags::NONBLOCK)?;
    Ok(pipe)
}
