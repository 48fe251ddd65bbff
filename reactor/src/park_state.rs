//! Whether one thread sleeps, and where, in one atomic word: the part of [`Parker`](crate::Parker) that has a model.
//!
//! ```text
//!             prepare(Bench | Poll)                    finish
//!   EMPTY ───────────────────────────► BENCHED/POLLING ───────► EMPTY
//!     │ ▲                                   │ notify (and the write that wakes)
//!     │ └── take_notification ── NOTIFIED ◄─┘
//!     └──────── notify ──────────────▲
//! ```
//!
//! A notification is a token: notifying twice is notifying once, and notifying a thread that is awake costs one
//! atomic swap and makes no system call.

use std::time::Duration;

use crate::sync::{AtomicU32, Condvar, Mutex, Ordering, lock};

const EMPTY: u32 = 0;
const NOTIFIED: u32 = 1;
const BENCHED: u32 = 2;
const POLLING: u32 = 3;

/// Where a thread is about to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the condition variable of its own `ParkState`.
    Bench,
    /// In the OS poll of its reactor.
    Poll,
}

/// One thread's token and condition variable.
#[derive(Debug)]
pub(crate) struct ParkState {
    /// `EMPTY`, `NOTIFIED`, `BENCHED` or `POLLING`. The owner moves it away from and back to `EMPTY`; anybody sets
    /// `NOTIFIED`. SeqCst: it is one side of the idle protocol's store-then-look on both sides.
    state: AtomicU32,
    lock: Mutex<()>,
    bell: Condvar,
}

impl ParkState {
    pub(crate) fn new() -> ParkState {
        ParkState {
            state: AtomicU32::new(EMPTY),
            lock: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    /// Owner only: forgets a notification that came earlier. True if there was one.
    pub(crate) fn take_notification(&self) -> bool {
        self.state.load(Ordering::Relaxed) == NOTIFIED && {
            self.state.swap(EMPTY, Ordering::SeqCst);
            true
        }
    }

    /// Owner only: announces the sleep. False if a notification was waiting: it is consumed, do not sleep.
    #[must_use]
    pub(crate) fn prepare(&self, place: Place) -> bool {
        let asleep = match place {
            Place::Bench => BENCHED,
            Place::Poll => POLLING,
        };
        match self
            .state
            .compare_exchange(EMPTY, asleep, Ordering::SeqCst, Ordering::SeqCst)
        {
            Ok(_) => true,
            Err(_) => {
                self.state.swap(EMPTY, Ordering::SeqCst);
                false
            }
        }
    }

    /// Owner only, after `prepare(Bench)`: sleeps until notified or until `limit` is over.
    pub(crate) fn sleep_on_bench(&self, limit: Option<Duration>) {
        let mut guard = lock(&self.lock);
        while self.state.load(Ordering::SeqCst) == BENCHED {
            match limit {
                None => guard = self.bell.wait(guard).unwrap_or_else(|p| p.into_inner()),
                Some(limit) => {
                    // One wait is enough: its caller looks at the clock and at the state itself.
                    drop(self.bell.wait_timeout(guard, limit));
                    return;
                }
            }
        }
    }

    /// Owner only: awake again. True if somebody notified meanwhile; that notification is consumed.
    pub(crate) fn finish(&self) -> bool {
        self.state.swap(EMPTY, Ordering::SeqCst) == NOTIFIED
    }

    /// Leaves the token. True if the owner sleeps in its reactor's poll: the caller must wake it there.
    #[must_use]
    pub(crate) fn notify(&self) -> bool {
        match self.state.swap(NOTIFIED, Ordering::SeqCst) {
            BENCHED => {
                // Taking the lock orders this after the sleeper's last look at the state: it either saw the
                // token or is in `wait` now.
                drop(lock(&self.lock));
                self.bell.notify_one();
                false
            }
            POLLING => true,
            _ => false,
        }
    }
}
