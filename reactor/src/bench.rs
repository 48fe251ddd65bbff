//! The threads that would like to sit in a reactor's seat and sleep beside it instead.
//!
//! Only one thread can wait in the OS poll. The others sleep on their own condition variables and are listed here,
//! so that whoever gives up the seat can call one of them to it. Store-then-look on both sides keeps this safe: a
//! thread joins the bench and then tries the seat again; a thread leaves the seat and then looks at the bench.

use std::sync::Arc;

use crate::park_state::ParkState;
use crate::sync::{AtomicUsize, Mutex, Ordering, fence, lock};

/// The bench of one reactor. Owned by it.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    sleepers: Mutex<Vec<Arc<ParkState>>>,
    /// How many sleep here. Written under the lock; read without it by whoever leaves the seat, after a SeqCst fence
    /// that pairs with the one in `join`.
    count: AtomicUsize,
}

impl Bench {
    /// Lists the calling thread. It must try the seat once more before it sleeps.
    pub(crate) fn join(&self, sleeper: &Arc<ParkState>) {
        let mut sleepers = lock(&self.sleepers);
        sleepers.push(sleeper.clone());
        self.count.store(sleepers.len(), Ordering::Relaxed);
        drop(sleepers);
        fence(Ordering::SeqCst);
    }

    /// Takes the calling thread off the list, if nobody called it yet.
    pub(crate) fn leave(&self, sleeper: &Arc<ParkState>) {
        let mut sleepers = lock(&self.sleepers);
        sleepers.retain(|other| !Arc::ptr_eq(other, sleeper));
        self.count.store(sleepers.len(), Ordering::Relaxed);
    }

    /// Wakes one sleeper, if there is one and it is needed: the caller has left the seat.
    pub(crate) fn call_one(&self, seat_is_taken: impl FnOnce() -> bool) {
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) == 0 || seat_is_taken() {
            return;
        }
        let called = {
            let mut sleepers = lock(&self.sleepers);
            let called = sleepers.pop();
            self.count.store(sleepers.len(), Ordering::Relaxed);
            called
        };
        if let Some(sleeper) = called {
            // Somebody on the bench never sleeps in the poll, so there is nothing more to wake.
            let _ = sleeper.notify();
        }
    }

    /// Wakes all: where they may sleep has changed.
    pub(crate) fn call_all(&self) {
        let called = {
            let mut sleepers = lock(&self.sleepers);
            self.count.store(0, Ordering::Relaxed);
            std::mem::take(&mut *sleepers)
        };
        for sleeper in called {
            let _ = sleeper.notify();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }
}
