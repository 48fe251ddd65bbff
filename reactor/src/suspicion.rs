//! Whether a reactor's thread may be in a loop that leno does not know of: the part of the vigil that has a model.
//!
//! ```text
//!             raise: report it             renewed                 lift: nothing waits
//!   CLEAR ──────────────────────► RAISED ──────────► NOTED ─────────────────────────────► CLEAR
//!                                  ▲  ▲                │ ▲
//!                                  │  └───── raise ────┘ │ return: it has woken meanwhile
//!                                  │  (listed already)   │
//!                                  └────── raise ──── DORMANT ◄── rest: its thread sleeps there
//!                                  when the thread wakes: report it anew
//! ```
//!
//! Each step is one read-modify-write of one word, so of two steps at the same time one comes first. And a thread that wakes
//! leaves its seat, fences, and looks for `DORMANT`; the vigil writes `DORMANT`, fences, and looks at the seat. Store-then-look
//! on both sides: one of them sees the other.

use crate::sync::{AtomicU8, AtomicU32, Ordering};

const CLEAR: u8 = 0;
const RAISED: u8 = 1;
const NOTED: u8 = 2;
const DORMANT: u8 = 3;

/// The suspicion against one reactor's thread. Owned by the reactor.
#[derive(Debug)]
pub(crate) struct Suspicion {
    /// `CLEAR`, `RAISED`, `NOTED` or `DORMANT`. Raised by whoever waits with a waker that nobody knows, and by a thread that
    /// wakes from a sleep; moved on by the vigil's thread alone. SeqCst.
    state: AtomicU8,
    /// How many times a thread has come to the reactor to look or to sleep, wrapping. Written by these; read by the vigil.
    /// Relaxed: an old value costs one look more.
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
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    /// How many visits there were.
    pub(crate) fn visits(&self) -> u32 {
        self.visits.load(Ordering::Relaxed)
    }

    /// True: the vigil does not watch the reactor, and must be told.
    #[must_use]
    pub(crate) fn raise(&self) -> bool {
        // A look first, so that raising it again and again costs a load.
        self.state.load(Ordering::SeqCst) != RAISED
            && matches!(self.state.swap(RAISED, Ordering::SeqCst), CLEAR | DORMANT)
    }

    /// Whether a thread that wakes here must raise it. The caller has left its seat, and fenced.
    pub(crate) fn is_dormant(&self) -> bool {
        self.state.load(Ordering::Relaxed) == DORMANT
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

    /// Vigil only: the thread sleeps, and will raise it when it wakes. True if so, but the vigil must fence and look once more
    /// whether the thread does sleep.
    #[must_use]
    pub(crate) fn rest(&self) -> bool {
        self.exchange(NOTED, DORMANT)
    }

    /// Vigil only: takes `rest` back. False if the thread has raised it, and reported the reactor anew.
    #[must_use]
    pub(crate) fn come_back(&self) -> bool {
        self.exchange(DORMANT, NOTED)
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
