//! Sockets, and what can be asked about them.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

use crate::readiness::Direction;

pub(crate) use std::os::windows::io::AsSocket as AsHandle;

/// A socket that its owner, an `Async`, keeps open for longer than this lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle(RawSocket);

impl Handle {
    /// # Safety
    ///
    /// The socket must stay open for as long as this value or a copy of it is used.
    pub(crate) unsafe fn new(io: &impl AsSocket) -> Handle {
        Handle(io.as_socket().as_raw_socket())
    }

    /// To be shown, nothing else.
    pub(crate) fn number(self) -> u64 {
        self.0 as u64
    }
}

/// Sockets are not numbered from zero here, so there are no marks; one reactor still refuses a second registration.
impl Handle {
    pub(crate) fn mark(self) {}

    pub(crate) fn try_mark(self) -> bool {
        true
    }

    pub(crate) fn unmark(self) {}
}

impl AsSocket for Handle {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        // SAFETY: whoever made this `Handle` promised that the socket outlives it.
        unsafe { BorrowedSocket::borrow_raw(self.0) }
    }
}

impl AsRawSocket for Handle {
    fn as_raw_socket(&self) -> RawSocket {
        self.0
    }
}

/// Not asked here: this backend has no edges, so a ready bit comes from a wait that was armed for it.
pub(crate) fn is_ready_now(_: Handle, _: Direction) -> bool {
    true
}

/// Makes a socket non-blocking.
pub(crate) fn set_nonblocking(io: &impl AsSocket) -> io::Result<()> {
    rustix::io::ioctl_fionbio(io, true).map_err(Into::into)
}
