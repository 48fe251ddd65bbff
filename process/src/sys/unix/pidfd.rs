//! A descriptor that becomes readable when a process ends.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::Arc;

use leno_reactor::Async;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The pidfd of a process, if somebody waits for it and the system gives one. Closed when the exit status is known and
/// nobody waits with it any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Option<Arc<Async<OwnedFd>>>);

impl Watch {
    /// Opens it, unless it is open. The exit status of the child must not have been collected, nor may it be meanwhile: then
    /// the number is its own.
    ///
    /// There may be none to be had: an old kernel, a sandbox, no descriptor left, no place in the reactor. Then the watch
    /// stays empty, and the next one who waits tries again.
    pub(crate) fn open(&mut self, child: &Child) {
        if self.0.is_none() {
            self.0 = open(child).ok().map(Arc::new);
        }
    }

    /// Waits until the process has ended. False if there is nothing to wait with.
    pub(crate) async fn ended(self) -> bool {
        match self.0 {
            // An error says that the reactor could not take it. Others can't tell whether the process has ended.
            Some(pidfd) => pidfd.readable_owned().await.is_ok(),
            None => false,
        }
    }
}

fn open(child: &Child) -> io::Result<Async<OwnedFd>> {
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    // It is never read from, so its mode does not matter.
    Async::new_nonblocking(pidfd)
}
