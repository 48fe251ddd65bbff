//! How a task that comes from outside, or spare work, finds a worker that looks at it.
//!
//! This is the givers' half of the sleep protocol; [`Seeker`](crate::seeker::Seeker) is the workers' half, and
//! [`Idle`] is what both look at. It is written against a trait, so that the models run this very code with threads and
//! queues of their own.
//!
//! A *promise* is put into an inbox, then announced with a fence; after that the giver looks who could see it. What it
//! may rely on:
//!
//! 1. A worker that it finds parked, and claims, looks at all inboxes before it sleeps again.
//! 2. A worker that it finds searching will stop to search after that look. Either it finds nothing and parks, which
//!    ends with a fence and a look at all inboxes; or it finds other work, which ends with a fence and a look as well
//!    ([`Crew::pass_on`]), and then it is its turn to find somebody.
//! 3. If it finds neither, every worker has work of its own, and looks at all inboxes before it parks.
//!
//! A *hint* is none of this: what it misses is run by the owner of the queue.

use crate::idle::Idle;

/// The workers of one runtime, as far as work is given to them.
pub(crate) trait Crew {
    /// What is given to them.
    type Task;

    fn idle(&self) -> &Idle;

    /// Puts `task` into the inbox of `worker`.
    fn post(&self, worker: usize, task: Self::Task);

    /// Whether any inbox holds something. Ordered by the caller's fence.
    fn has_mail(&self) -> bool;

    /// Ends the sleep of `worker`, or its next one.
    fn wake(&self, worker: usize);

    /// Who should be left asleep if another can be woken.
    fn spared(&self) -> Option<usize>;

    /// Takes a task from a thread whose home is `home`. A promise: some worker will see it.
    fn deliver(&self, home: usize, task: Self::Task) {
        if let Some(worker) = self.claim_for(home) {
            self.post(worker, task);
            self.wake(worker);
            return;
        }
        self.post(home, task);
        self.idle().announce();
        // The home may have parked, or the last searcher given up, before either could see this.
        if let Some(worker) = self.claim_for(home) {
            self.wake(worker);
        }
    }

    /// Claims somebody for work that waits at `home`: best the home itself, and nobody if somebody searches anyway.
    fn claim_for(&self, home: usize) -> Option<usize> {
        if self.idle().claim(home) {
            Some(home)
        } else if self.idle().anyone_searches() {
            None
        } else {
            self.idle().claim_any(self.spared())
        }
    }

    /// After a push to a worker's own ring, which now holds `queued` tasks: wakes somebody if there is work to spare.
    /// May be missed.
    fn hint(&self, queued: usize) {
        if queued >= 2 && self.idle().wants_hint() {
            self.wake_one();
        }
    }

    /// A searcher has found work and stopped to look: if there is more, somebody else should. `queued` is how much it
    /// has in its own ring.
    fn pass_on(&self, queued: usize) {
        self.idle().announce();
        if (queued >= 2 || self.has_mail()) && self.idle().wants_hint() {
            self.wake_one();
        }
    }

    /// Wakes somebody to search.
    fn wake_one(&self) {
        if let Some(worker) = self.idle().claim_any(self.spared()) {
            self.wake(worker);
        }
    }
}
