//! Who waits on one handle in one direction: the task that polls it, and any number of futures beside it.

use std::sync::Arc;
use std::task::Waker;

use crate::crowd::{Crowd, Membership};
use crate::readiness::Direction;
use crate::source::Source;
use crate::waker_slot::WakerSlot;

/// The waiters of one direction. Owned by the source.
#[derive(Debug)]
pub(crate) struct Waiters {
    /// The task that polls: `AsyncRead` and `AsyncWrite` know one for each direction.
    task: WakerSlot,
    /// Everybody who awaits readiness through a future of their own.
    crowd: Crowd,
}

impl Waiters {
    pub(crate) fn new() -> Waiters {
        Waiters {
            task: WakerSlot::new(),
            crowd: Crowd::new(),
        }
    }

    /// Moves the wakers of all to `wakers`. Calls none.
    pub(crate) fn take(&self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.task.take());
        self.crowd.call(wakers);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.task.is_empty() && self.crowd.is_empty()
    }
}

/// How one waiter waits: as the only poller of its direction, or as one of many.
pub(crate) enum Waiter<'a> {
    Task,
    Listener(&'a mut Listener),
}

impl Waiter<'_> {
    /// Leaves `waker` with `source`. False if the waiter was called since the last time: it must look again.
    pub(crate) fn wait(
        &mut self,
        source: &Arc<Source>,
        direction: Direction,
        waker: &Waker,
    ) -> bool {
        match self {
            Waiter::Task => {
                source.waiters(direction).task.store(waker);
                true
            }
            Waiter::Listener(listener) => listener.wait(source, direction, waker),
        }
    }

    /// It waits no more.
    pub(crate) fn leave(&mut self) {
        if let Waiter::Listener(listener) = self {
            listener.leave();
        }
    }
}

/// A future's place among all who await one direction of a source. It has one while it waits, and leaves it when dropped.
#[derive(Debug, Default)]
pub(crate) struct Listener(Option<Place>);

#[derive(Debug)]
struct Place {
    source: Arc<Source>,
    direction: Direction,
    membership: Option<Membership>,
}

impl Listener {
    fn wait(&mut self, source: &Arc<Source>, direction: Direction, waker: &Waker) -> bool {
        let place = self.0.get_or_insert_with(|| Place {
            source: source.clone(),
            direction,
            membership: None,
        });
        source
            .waiters(direction)
            .crowd
            .wait(&mut place.membership, waker)
    }

    fn leave(&mut self) {
        let Some(place) = self.0.take() else { return };
        if let Some(membership) = place.membership {
            place
                .source
                .waiters(place.direction)
                .crowd
                .leave(membership);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.leave();
    }
}
