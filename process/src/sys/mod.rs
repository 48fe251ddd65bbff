//! What differs between operating systems: waiting for a process, what becomes of one that nobody holds any more, and the
//! pipes to it.
//!
//! | | Unix | Windows |
//! |---|---|---|
//! | [`Watch`] | a pidfd, where there are any | its handle, and who waits for that |
//! | [`wait`] | by the watch, else by `SIGCHLD`, else by looking again and again | by the watch |
//! | [`adopt`] | reap it when it ends | nothing to do |
//! | [`Pipe`] | a source of the reactor | read and written on the blocking pool |

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{Pipe, Watch, adopt, before_spawn, generation, into_blocking, pipe, wait};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{Pipe, Watch, adopt, before_spawn, generation, into_blocking, pipe, wait};
