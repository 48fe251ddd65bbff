//! The right to wait in a reactor's poll: one thread has it at a time, and the bench is told when it is free.

use crate::sync::{AtomicBool, Ordering};

/// The seat of one reactor. Owned by it.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Whether a thread is in the poll, or about to be. SeqCst to sit and to look, so that it pairs with the fences of
    /// the bench; Release to leave, which hands what the poll brought to the next one's Acquire.
    taken: AtomicBool,
}

/// The seat, taken. Left when dropped.
#[derive(Debug)]
#[must_use = "dropping it leaves the seat"]
pub(crate) struct Seated<'a>(&'a Seat);

impl Seat {
    pub(crate) fn new() -> Seat {
        Seat {
            taken: AtomicBool::new(false),
        }
    }

    /// Takes the seat if it is free. An exchange, so that a failed try writes nothing.
    pub(crate) fn sit(&self) -> Option<Seated<'_>> {
        match self
            .taken
            .compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst)
        {
            Ok(_) => Some(Seated(self)),
            Err(_) => None,
        }
    }

    /// Whoever sits must be the one to leave: this is for the guard, and for models.
    pub(crate) fn leave(&self) {
        self.taken.store(false, Ordering::Release);
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::SeqCst)
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
