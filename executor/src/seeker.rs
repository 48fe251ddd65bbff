//! One worker that has nothing to do: how it looks for work, and what it makes sure of before it sleeps.
//!
//! ```text
//!            search: nothing           park                        claimed by somebody
//!   busy ──────────────────► (stop) ─────────► parked ───────────────────────────────► searching
//!    ▲ begin_work                                │ woken by itself: an event, a timer      │
//!    └───────────────────────────────────────────┴──────────────────────────────────── found
//! ```
//!
//! Who is counted as searching is relied upon: while there is one, promises claim nobody. So the count must end before
//! anything is run that may take long.

use crate::crew::Crew;
use crate::idle::Idle;

/// Owned by the worker's loop.
#[derive(Debug)]
pub(crate) struct Seeker {
    worker: usize,
    /// Whether this worker is counted as searching.
    counted: bool,
}

impl Seeker {
    /// For the worker of this index, which is awake and not counted.
    pub(crate) fn new(worker: usize) -> Seeker {
        Seeker {
            worker,
            counted: false,
        }
    }

    /// Whether it was woken by somebody who had work, when it has slept.
    pub(crate) fn was_called(&self) -> bool {
        self.counted
    }

    /// Looks for work with `look`, unless enough others search.
    pub(crate) fn search<T>(&mut self, idle: &Idle, look: impl FnOnce() -> Option<T>) -> Option<T> {
        if !(self.counted || idle.begin_search()) {
            return None;
        }
        self.counted = true;
        let found = look();
        if found.is_none() {
            self.stop(idle);
        }
        found
    }

    /// Must be called before anything is run. `queued` tells how much more there is in the worker's own ring.
    #[inline]
    pub(crate) fn begin_work(&mut self, crew: &impl Crew, queued: impl FnOnce() -> usize) {
        if self.counted {
            self.stop(crew.idle());
            // Others held back because this one searched; now it has its hands full.
            crew.pass_on(queued());
        }
    }

    /// Counts no longer as searching.
    pub(crate) fn stop(&mut self, idle: &Idle) {
        if std::mem::take(&mut self.counted) {
            idle.end_search();
        }
    }

    /// Sleeps with `sleep`, unless there is mail or `stay` says so. True if it slept.
    pub(crate) fn park(
        &mut self,
        crew: &impl Crew,
        stay: impl FnOnce() -> bool,
        sleep: impl FnOnce(),
    ) -> bool {
        let idle = crew.idle();
        self.stop(idle);
        idle.park(self.worker);
        // Whoever pushed before it could see the bit is seen here.
        let mail = crew.has_mail();
        let stay = mail || stay();
        if !stay {
            sleep();
        }
        // Whoever claimed this worker has counted it as searching.
        self.counted = !idle.unpark(self.worker);
        if mail && !self.counted {
            // However many search: the one that was claimed for this mail may take its time to wake up.
            idle.join_search();
            self.counted = true;
        }
        !stay
    }
}
