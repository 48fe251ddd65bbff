//! Each connection takes a file descriptor, and the OS gives a process only so many.

use std::io;

/// What a process has open besides its connections: standard streams, pollers, the listener; with room to spare.
const OTHERS: u64 = 100;

/// How many descriptors there are for connections, after the limit was raised as far as we may.
///
/// The limit that most systems start with (1024, or 256) is a habit from the days of `select`, and any program may raise
/// it for itself.
#[cfg(unix)]
pub fn available() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    // macOS calls its hard limit infinite but grants no more than this.
    let wanted = if cfg!(target_os = "macos") {
        hard.min(10_240)
    } else {
        hard
    };
    let limit = if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
        wanted
    } else {
        soft
    };
    usize::try_from(limit.saturating_sub(OTHERS)).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
pub fn available() -> usize {
    usize::MAX
}

/// Refuses a load that can't work: both ends of each connection are in this process.
pub fn check(connections: usize) -> io::Result<()> {
    let available = available();
    let needed = connections.saturating_mul(2);
    if needed > available {
        return Err(io::Error::other(format!(
            "{connections} connections need {needed} file descriptors, but only {available} are left for them: \
             use fewer `--connections`, or raise the limit with `ulimit -n`"
        )));
    }
    Ok(())
}
