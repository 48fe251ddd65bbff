//! Everything but Linux, through the `polling` crate: kqueue, IOCP, event ports, `poll`. Linux too under
//! `--cfg leno_polling`, so that the test suite runs on both backends.
//!
//! Where the system has edges, handles are registered once; elsewhere a registration fires once and is armed again
//! each time an operation says `WouldBlock`. `polling` does not ask epoll for `EPOLLRDHUP`, so a short read proves
//! nothing here: data and the end of the stream may have come as one edge.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use ::polling::{Event, PollMode};

use super::Handle;
use crate::readiness::{Direction, Ready, Waiting};

/// How many events one wait can bring. More stay in the kernel for the next.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(256).unwrap();

pub(crate) const BACKEND: &str = if cfg!(windows) {
    "IOCP"
} else if cfg!(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd"
)) {
    "kqueue"
} else if cfg!(leno_oneshot) {
    "polling (one-shot)"
} else {
    "polling"
};

/// "For ever" to a worker. Some kernels refuse more than three years.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// A poller of the `polling` crate. Owned by one reactor; closed with it.
#[derive(Debug)]
pub(crate) struct Poller {
    inner: ::polling::Poller,
    edge: bool,
}

/// The buffer for one wait. Owned by the thread that polls.
#[derive(Debug)]
pub(crate) struct Events {
    inner: ::polling::Events,
}

impl Events {
    pub(crate) fn new() -> Events {
        Events {
            inner: ::polling::Events::with_capacity(CAPACITY),
        }
    }

    /// The handles' events of the last wait, by token.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
        self.inner
            .iter()
            .map(|event| (event.key as u64, ready(event)))
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let inner = ::polling::Poller::new()?;
        let edge = inner.supports_edge() && !cfg!(leno_oneshot);
        Ok(Poller { inner, edge })
    }

    /// `poll` is the one backend that has no descriptor.
    #[cfg(unix)]
    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_os = "illumos",
            target_os = "solaris",
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly",
        ))]
        return Some(std::os::fd::AsFd::as_fd(&self.inner));
        #[allow(unreachable_code)]
        None
    }

    pub(crate) fn edge(&self) -> bool {
        self.edge
    }

    pub(crate) fn short_read(&self) -> bool {
        false
    }

    pub(crate) fn add(&self, handle: Handle, token: u64) -> io::Result<()> {
        let (interest, mode) = if self.edge {
            (Event::all(token as usize), PollMode::Edge)
        } else {
            (Event::none(token as usize), PollMode::Oneshot)
        };
        // SAFETY: the `Async` that owns the handle deletes it from this poller before it closes it.
        unsafe { self.inner.add_with_mode(&handle, interest, mode) }
    }

    /// Arms a registration without edges for the directions that somebody waits for.
    pub(crate) fn rearm(&self, handle: Handle, token: u64, waiting: Waiting) -> io::Result<()> {
        if self.edge {
            return Ok(());
        }
        let readable = waiting.includes(Direction::Read);
        let writable = waiting.includes(Direction::Write);
        let interest = Event::new(token as usize, readable, writable);
        self.inner
            .modify_with_mode(handle, interest, PollMode::Oneshot)
    }

    pub(crate) fn delete(&self, handle: Handle) -> io::Result<()> {
        self.inner.delete(handle)
    }

    /// Waits until something is ready, somebody notifies, or `timeout` is over.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.inner.clear();
        let timeout = timeout.map(|timeout| timeout.min(LONGEST_WAIT));
        match self.inner.wait(&mut events.inner, timeout) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the thread that waits, or the next one that does, return.
    pub(crate) fn notify(&self) {
        let notified = self.inner.notify();
        debug_assert!(notified.is_ok(), "notifying the poller: {notified:?}");
    }
}

fn ready(event: Event) -> Ready {
    let mut ready = Ready::NONE;
    if event.readable {
        ready |= Ready::READABLE;
    }
    if event.writable {
        ready |= Ready::WRITABLE;
    }
    if event.is_interrupt() || event.is_err().unwrap_or(false) {
        ready |= Ready::CLOSED;
    }
    ready
}
