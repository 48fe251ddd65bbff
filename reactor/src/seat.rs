//! The right to wait in a reactor's poll: one thread has it at a time, and the bench is told when it is free.

use crate::sync::{AtomicU8, Ordering};

const FREE: u8 = 0;
/// Somebody only looks, and is gone at once.
const LOOKED_AT: u8 = 1;
/// Somebody sleeps there, or is about to.
const SLEPT_IN: u8 = 2;

/// The seat of one reactor. Owned by it.
#[derive(Debug)]
pub(crate) struct Seat {
    /// `FREE`, or what the thread that is in the poll, or about to be, does there. SeqCst to sit and to look, so that it pairs
    /// with the fences of the bench; Release to leave, which hands what the poll brought to the next one's Acquire.
    state: AtomicU8,
}

/// The seat, taken. Left when dropped.
#[derive(Debug)]
#[must_use = "dropping it leaves the seat"]
pub(crate) struct Seated<'a>(&'a Seat);

impl Seat {
    pub(crate) fn new() -> Seat {
        Seat {
            state: AtomicU8::new(FREE),
        }
    }

    /// Takes the seat to sleep there, if it is free.
    pub(crate) fn sit(&self) -> Option<Seated<'_>> {
        self.take(SLEPT_IN)
    }

    /// Takes the seat for one look, if it is free.
    pub(crate) fn sit_for_a_look(&self) -> Option<Seated<'_>> {
        self.take(LOOKED_AT)
    }

    /// An exchange, so that a failed try writes nothing.
    fn take(&self, purpose: u8) -> Option<Seated<'_>> {
        match self
            .state
            .compare_exchange(FREE, purpose, Ordering::SeqCst, Ordering::SeqCst)
        {
            Ok(_) => Some(Seated(self)),
            Err(_) => None,
        }
    }

    /// Whoever sits must be the one to leave: this is for the guard, and for models.
    pub(crate) fn leave(&self) {
        self.state.store(FREE, Ordering::Release);
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.state.load(Ordering::SeqCst) != FREE
    }

    /// Whether somebody sleeps there.
    pub(crate) fn is_slept_in(&self) -> bool {
        self.state.load(Ordering::SeqCst) == SLEPT_IN
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
