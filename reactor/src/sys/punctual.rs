//! Sleeps that end when they should.

/// Tells the kernel not to add its 50 µs of slack to the time-outs of this thread, in whatever it waits. Once a thread; threads
/// and processes that this one starts inherit it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn be_punctual() {
    use std::cell::Cell;
    use std::num::NonZeroU64;

    thread_local! {
        static ASKED: Cell<bool> = const { Cell::new(false) };
    }
    if !ASKED.replace(true) {
        // A sandbox may refuse it. Then timers are later by the slack.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    }
}

/// Other systems have no such setting for a thread.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn be_punctual() {}
