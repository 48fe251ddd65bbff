//! [`WakeList`]: whom to wake when the lock is gone.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakers that were taken from waiting futures under the lock. Nearly always there is one at most, which needs no
/// memory.
#[derive(Default)]
#[must_use = "who is not woken sleeps for ever"]
pub(crate) struct WakeList {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WakeList {
    #[inline]
    pub(crate) fn of(first: Option<Waker>) -> WakeList {
        WakeList {
            first,
            others: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.others.push(waker);
        }
    }

    /// Wakes all of them. Not to be called while the lock is held.
    ///
    /// # Panics
    ///
    /// If a waker does, but not before the others were called: they have been notified, and nobody would do it again.
    #[inline]
    pub(crate) fn wake(self) {
        if self.others.is_empty() {
            if let Some(waker) = self.first {
                waker.wake();
            }
        } else {
            self.wake_many();
        }
    }

    #[cold]
    fn wake_many(self) {
        let mut panic = None;
        for waker in self.first.into_iter().chain(self.others) {
            let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            if let Err(payload) = woken {
                match panic {
                    None => panic = Some(payload),
                    // One can be passed on. The drop of another one may panic in its turn.
                    Some(_) => std::mem::forget(payload),
                }
            }
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}
