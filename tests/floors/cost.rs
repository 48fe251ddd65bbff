//! What the work costs in system calls on the backend that this was compiled for.
//!
//! On epoll these are the floors. `polling` reads its eventfd and arms it again after each wait, and sets and arms a
//! timerfd before each wait with a time-out.

use crate::strace::Calls;

/// A round trip whose message is shorter than the buffer.
pub fn echo(trips: u64) -> Calls {
    Calls::of(&[("wait", trips), ("read", trips), ("write", trips)])
}

/// A sleep on a thread that has sockets to wait for.
pub fn sleep(times: u64) -> Calls {
    Calls::of(&[("wait", times)])
}

/// The most that the other worker may add by keeping watch for so long.
pub fn sentry(micros: u128) -> u64 {
    let looks = micros.div_ceil(10_000) as u64 + 4;
    2 * looks
}
