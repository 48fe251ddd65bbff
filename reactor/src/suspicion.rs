//! Whether a reactor's thread may be in a loop that leno does not know of: the part of the vigil that has a model.
//!
//! ```text
//!             raise: report it              renewed                    lift
//!   CLEAR ───────────────────────► RAISED ───────────► NOTED ─────────────────► CLEAR
//!                                    ▲                   │
//!                                    └────── raise ──────┘ (listed already)
//! ```
//!
//! Each step is one read-modify-write of one word, so of a `raise` and a `lift` at the same time one comes first: either
//! the lift fails, or the raise finds `CLEAR` and reports the reactor anew.
//!
//! The vigil lifts a suspicion when the thread has visited its reactor after it was noted. Both words are SeqCst for that: a
//! thread that visits, goes astray, and raises what is raised already, has visited before the vigil noted it.

use crate::sync::{AtomicU8, AtomicU32, Ordering};

const CLEAR: u8 = 0;
const RAISED: u8 = 1;
const NOTED: u8 = 2;

/// The suspicion against one reactor's thread. Owned by the reactor.
#[derive(Debug)]
pub(crate) struct Suspicion {
    /// `CLEAR`, `RAISED` or `NOTED`. Raised by whoever waits with a waker that nobody knows; moved on by the vigil's thread
    /// alone.
    state: AtomicU8,
    /// How many times a thread has come to the reactor to look or to sleep, wrapping. Written by these; read by the vigil.
    visits: AtomicU32,
}

impl Suspicion {
    pub(crate) fn new() -> Suspicion {
        Suspicion {
            state: AtomicU8::new(CLEAR),
            visits: AtomicU32::new(0),
        }
    }

    /// A thread has come back to the reactor.
    pub(crate) fn visit(&self) {
        self.visits.fetch_add(1, Ordering::SeqCst);
    }

    /// How many visits there were.
    pub(crate) fn visits(&self) -> u32 {
        self.visits.load(Ordering::SeqCst)
    }

    /// True: the vigil does not know of it, and must be told.
    #[must_use]
    pub(crate) fn raise(&self) -> bool {
        // A look first, so that raising it again and again costs a load.
        self.state.load(Ordering::SeqCst) != RAISED
            && self.state.swap(RAISED, Ordering::SeqCst) == CLEAR
    }

    /// Vigil only: whether it was raised since the last call.
    pub(crate) fn was_renewed(&self) -> bool {
        self.exchange(RAISED, NOTED)
    }

    /// Vigil only: ends it, unless it was raised again. True if it has ended: the vigil forgets the reactor.
    #[must_use]
    pub(crate) fn lift(&self) -> bool {
        self.exchange(NOTED, CLEAR)
    }

    /// Ends it, whatever was raised: nobody keeps the vigil. The next wait reports it again.
    pub(crate) fn drop_it(&self) {
        self.state.store(CLEAR, Ordering::SeqCst);
    }

    fn exchange(&self, from: u8, to: u8) -> bool {
        self.state
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    }
}
