//! Windows: processes and pipes are waited for on the blocking pool. Written for, but not run yet.

mod watch;

use std::io;
use std::process::Child;

use leno_executor::Unblock;

pub(crate) use watch::{Watch, wait};

pub(crate) type Pipe<T> = Unblock<T>;

pub(crate) fn pipe<T>(pipe: T) -> io::Result<Pipe<T>> {
    Ok(Unblock::new(pipe))
}

/// Takes the pipe back from the pool.
pub(crate) async fn into_blocking<T: Send + 'static>(pipe: Pipe<T>) -> io::Result<T> {
    Ok(pipe.into_inner().await)
}

/// There is no `fork` here.
pub(crate) fn generation() -> u32 {
    0
}

/// A process that nobody holds any more needs nobody.
pub(crate) fn adopt(_: &Child) {}

pub(crate) fn before_spawn() {}
