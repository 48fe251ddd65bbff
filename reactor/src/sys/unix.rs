//! Descriptors, and what can be asked about them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::marks;
use crate::readiness::Direction;

pub(crate) use std::os::fd::AsFd as AsHandle;

/// The number of a descriptor that its owner, an `Async`, keeps open for longer than this lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle(RawFd);

impl Handle {
    /// # Safety
    ///
    /// The descriptor must stay open for as long as this value or a copy of it is used.
    pub(crate) unsafe fn new(io: &impl AsFd) -> Handle {
        Handle(io.as_fd().as_raw_fd())
    }

    /// To be shown, nothing else.
    pub(crate) fn number(self) -> u64 {
        self.0 as u64
    }
}

impl Handle {
    /// Marks the descriptor as one that an `Async` has. It was made for that, so none has it yet.
    pub(crate) fn mark(self) {
        marks::set(self.0);
    }

    /// Marks the descriptor; false if an `Async` has it already.
    pub(crate) fn try_mark(self) -> bool {
        marks::try_set(self.0)
    }

    /// To be called when the `Async` gives the descriptor up, before that can be closed.
    pub(crate) fn unmark(self) {
        marks::clear(self.0);
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: whoever made this `Handle` promised that the descriptor outlives it.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

impl AsRawFd for Handle {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

/// Asks the OS whether an operation would succeed at once. True also when the question itself fails: the operation
/// will then report why.
pub(crate) fn is_ready_now(handle: Handle, direction: Direction) -> bool {
    let interest = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let mut fds = [PollFd::new(&handle, interest)];
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, Some(&Timespec::default())))
        .map_or(true, |ready| ready > 0)
}

/// Makes a descriptor non-blocking.
pub(crate) fn set_nonblocking(io: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(io)?;
    if !flags.contains(rustix::fs::OFlags::NONBLOCK) {
        rustix::fs::fcntl_setfl(io, flags | rustix::fs::OFlags::NONBLOCK)?;
    }
    Ok(())
}
