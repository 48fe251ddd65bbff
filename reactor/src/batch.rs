//! What one poll brought: the wakers to call once no lock is held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::readiness::{Direction, Waiting};
use crate::source::Source;
use crate::sys::Events;

/// The buffers of one thread that polls reactors. Empty between polls; kept to save the allocation.
#[derive(Debug)]
pub struct Batch {
    events: Events,
    found: Found,
}

/// Who is to be woken.
#[derive(Debug, Default)]
pub(crate) struct Found {
    wakers: Vec<Waker>,
}

impl Batch {
    /// Empty buffers.
    #[expect(
        clippy::new_without_default,
        reason = "there is no default of what one polled"
    )]
    pub fn new() -> Batch {
        Batch {
            events: Events::new(),
            found: Found::default(),
        }
    }

    pub(crate) fn events(&mut self) -> &mut Events {
        &mut self.events
    }

    pub(crate) fn parts(&mut self) -> (&Events, &mut Found) {
        (&self.events, &mut self.found)
    }

    pub(crate) fn wakers(&mut self) -> &mut Vec<Waker> {
        &mut self.found.wakers
    }

    pub(crate) fn add(&mut self, source: &Source, waiting: Waiting) {
        self.found.add(source, waiting);
    }

    pub(crate) fn has_wakers(&self) -> bool {
        !self.found.wakers.is_empty()
    }

    /// Calls every waker. One that panics harms nobody: the panic has been reported by its hook, the others are still
    /// called.
    pub(crate) fn wake_all(&mut self) {
        self.found.wake_all();
    }
}

impl Found {
    /// Moves the wakers of those who wait on `source` here. Wakes nobody.
    pub(crate) fn add(&mut self, source: &Source, waiting: Waiting) {
        for direction in [Direction::Read, Direction::Write] {
            if waiting.includes(direction) {
                source.waiters(direction).take(&mut self.wakers);
            }
        }
    }

    pub(crate) fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(wake);
    }
}

/// Calls a waker, which is user code, so that its panic ends here.
fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        // The payload's own drop may panic as well; there is nobody left to tell.
        std::mem::forget(payload);
    }
}
