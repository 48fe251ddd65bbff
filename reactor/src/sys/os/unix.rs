//! What only Unix has.

use std::os::fd::BorrowedFd;

use crate::guest;

/// A descriptor that becomes readable when the reactor of this thread has events, for loops that are not leno's.
///
/// Meant for a program whose main loop belongs to somebody else, such as GLib or calloop: it lets that loop sleep on
/// this descriptor beside its own, and polls its futures when it wakes. It is an epoll or kqueue descriptor, or that of
/// an event port, and is only to be waited on: who changes it breaks the reactor.
///
/// # Which reactor
///
/// Each worker has a reactor of its own, which that worker waits in. This is the one of all other threads: what they
/// await shows here, whether in [`block_on`](crate::block_on) or under an executor that leno does not know. What tasks on
/// the workers await does not, and need not: the workers handle that themselves. Timers do not show here either; a loop that
/// wants to sleep until one needs a deadline of its own.
///
/// The events themselves are taken by whoever waits in the reactor: a thread in `block_on`, or if there is none, a thread
/// that leno starts. So the descriptor may be readable for a moment only. Wakers are called whether anybody watches it or
/// not.
///
/// `None` if the system's way to wait has no descriptor (`poll`), or if the OS refuses to make one.
///
/// # Examples
///
/// ```
/// use std::os::fd::AsRawFd;
///
/// # if cfg!(target_os = "linux") {
/// let descriptor = leno_reactor::os::unix::reactor_fd().expect("epoll has a descriptor");
/// assert!(descriptor.as_raw_fd() >= 0);
/// # }
/// ```
pub fn reactor_fd() -> Option<BorrowedFd<'static>> {
    guest::reactor().descriptor()
}
