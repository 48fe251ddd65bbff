//! What work costs in system calls, on the backend that this was compiled for: on epoll the floors, and no more for what
//! goes through `polling`.
//!
//! `polling` surrounds each wait that has a time-out with four more calls: it sets a timerfd, arms it and its eventfd
//! anew, and reads the eventfd if it was written. And it does not ask for the event that makes a short read conclusive,
//! so a reader has to be told `EAGAIN` before it waits.

use crate::strace::Calls;

/// What `polling` adds to one wait at most.
const AROUND_A_WAIT: u64 = 4;

/// Round trips of messages that are shorter than the buffer, and at most `extra` calls of others: wait, read and write.
pub fn assert_echo(calls: &Calls, trips: u64, extra: u64) {
    if cfg!(leno_polling) {
        // A client that is fast enough saves the server the wait, because the server always tries first.
        let waits = calls.get("wait");
        let most = 2 * trips + (1 + AROUND_A_WAIT + 1) * waits + extra;
        assert!(
            waits <= trips + extra && calls.total() <= most,
            "{calls}; at most {most} for so many waits are right"
        );
    } else {
        let least = 3 * trips;
        let others = calls.total().saturating_sub(least);
        let needed = ["wait", "read", "write"].map(|name| calls.get(name));
        assert!(
            needed.iter().all(|&count| count >= trips) && others <= extra,
            "{calls}; {least} and at most {extra} more are right"
        );
    }
}

/// Sleeps, one after the other, on a thread that has sockets to wait for: one wait each.
pub fn assert_sleeps(calls: &Calls, times: u64) {
    if cfg!(leno_polling) {
        let most = (1 + AROUND_A_WAIT) * times;
        assert!(
            calls.get("wait") == times && calls.total() <= most,
            "{calls}; at most {most} are right"
        );
    } else {
        assert_eq!(*calls, Calls::of(&[("wait", times)]));
    }
}

/// The most that a worker adds that watches the other for so long: it looks after 2 ms, 5 ms, and then every 10 ms. A
/// look is a sleep and, if the other seems to be stuck because the machine gave it no time, a poll in its place.
pub fn watch(micros: u128) -> u64 {
    let looks = 4 + micros.div_ceil(10_000) as u64;
    2 * looks
}
