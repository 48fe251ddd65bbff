//! Unix: processes are waited for by pidfds on Linux and by `SIGCHLD` elsewhere; pipes are sources of the reactor.

mod bell;
mod ignored;
mod orphans;
mod pipe;
mod wait;

// On Android a sandbox kills whoever asks for a pidfd, so there it is as on the other systems.
#[cfg(target_os = "linux")]
#[path = "pidfd.rs"]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "no_pidfd.rs"]
mod watch;

use orphans::Orphans;

pub(crate) use leno_reactor::fork_generation as generation;
pub(crate) use pipe::{Pipe, into_blocking, pipe};
pub(crate) use wait::wait;
pub(crate) use watch::Watch;

/// Takes care of a process that nobody will wait for: it is reaped when it has ended.
pub(crate) fn adopt(child: &std::process::Child) {
    Orphans::get().adopt(rustix::process::Pid::from_child(child));
}

/// Does what has to be done before a process is started.
pub(crate) fn before_spawn() {
    // Also makes sure that forks are watched for before the first `Process` remembers in which generation it is.
    Orphans::get().visit();
}
