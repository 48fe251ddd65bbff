//! The right to touch what a signal handler touches too.
//!
//! One at a time is inside. A handler never waits for that, as it may have interrupted the very one: it leaves word instead, and
//! whoever is inside does the handler's work before it leaves.
//!
//! ```text
//!           enter                   a handler leaves word
//!   FREE ───────────► TAKEN ─────────────────────────────────► CALLED
//!    ▲                │  ▲                                       │
//!    └──── leave ─────┘  └───── the handler's work is done ──────┘
//! ```

use crate::sync::{AtomicU8, Ordering, yield_now};

const FREE: u8 = 0;
const TAKEN: u8 = 1;
const CALLED: u8 = 2;

/// A lock that a signal handler may try.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Exchanged by whoever enters, leaves word or leaves; all AcqRel, so that what was done inside is seen by the next one
    /// inside, and what was true when word was left is true for the one who finds it.
    state: AtomicU8,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate {
            state: AtomicU8::new(FREE),
        }
    }

    /// Enters, if nobody is inside.
    pub(crate) fn try_enter(&self) -> bool {
        self.state
            .compare_exchange(FREE, TAKEN, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Enters as soon as nobody is inside. Not for handlers.
    pub(crate) fn enter(&self) {
        while !self.try_enter() {
            yield_now();
        }
    }

    /// Enters, or leaves word: then whoever is inside does the work. Async-signal-safe.
    pub(crate) fn enter_or_call(&self) -> bool {
        let enter_or_call = |state| Some(if state == FREE { TAKEN } else { CALLED });
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, enter_or_call)
            .is_ok_and(|before| before == FREE)
    }

    /// Leaves. `work` is what handlers do; it is done first if one has left word.
    pub(crate) fn leave(&self, mut work: impl FnMut()) {
        while self
            .state
            .compare_exchange(TAKEN, FREE, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            self.state.swap(TAKEN, Ordering::AcqRel);
            work();
        }
    }
}
