//! One future that waits for tasks.

use std::task::{Context, Poll};

use super::sleepers::{Place, Sleepers};

/// What a sleeper waits for: the tasks of one executor.
pub(crate) trait Work {
    /// Those who wait for tasks.
    fn sleepers(&self) -> &Sleepers;

    /// Whether some queue held a task a moment ago.
    fn has_work(&self) -> bool;
}

/// The place of a `run` or `tick` future among the sleepers of its executor.
#[derive(Debug)]
pub(crate) struct Sleeper<'s, W: Work> {
    work: &'s W,
    /// Set while it is registered, or woken and does not know it yet.
    place: Option<Place>,
    /// It has left the list and not looked at the queues since: others may rely on it.
    owes_a_look: bool,
}

impl<'s, W: Work> Sleeper<'s, W> {
    pub(crate) fn new(work: &'s W) -> Self {
        Self {
            work,
            place: None,
            owes_a_look: false,
        }
    }

    /// Leaves the list if it is in there, so that nobody wakes this future instead of one that sleeps.
    pub(crate) fn get_up(&mut self) {
        if let Some(place) = self.place.take() {
            self.work.sleepers().leave(place);
            self.owes_a_look = true;
        }
    }

    /// Waits until `look` finds a task. It must look at all queues.
    pub(crate) fn poll_for<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut look: impl FnMut() -> Option<T>,
    ) -> Poll<T> {
        self.get_up();
        let mut found = look();
        if found.is_none() {
            self.place = Some(self.work.sleepers().register(cx.waker().clone()));
            self.owes_a_look = false;
            found = look();
            if found.is_none() {
                return Poll::Pending;
            }
            self.get_up();
        }
        self.pass_on();
        match found {
            Some(task) => Poll::Ready(task),
            None => Poll::Pending,
        }
    }

    /// Announces what others may have relied on this sleeper to find.
    fn pass_on(&mut self) {
        if self.owes_a_look {
            self.owes_a_look = false;
            if self.work.has_work() {
                self.work.sleepers().announce();
            }
        }
    }
}

impl<W: Work> Drop for Sleeper<'_, W> {
    fn drop(&mut self) {
        self.get_up();
        self.pass_on();
    }
}
