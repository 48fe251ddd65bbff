//! Who watches: the part of the sentry that several threads decide together, and that has a model.
//!
//! What must hold: while a worker runs tasks and another is parked, some parked worker sleeps with a time-out. A worker
//! that wakes up shows that it is awake and then looks who is on duty; one that goes off duty says so and then looks who
//! is awake. And a worker that finds nobody to relieve it has said before that the post is free; one that parks sets its
//! bit and then looks at the post. Store-then-look, each time, with a fence in between.

use crate::idle::Idle;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};

const NOBODY: usize = usize::MAX;

/// The post. Owned by the runtime.
#[derive(Debug)]
pub(crate) struct Duty {
    /// The index of the worker on duty, or `NOBODY`. Each worker takes and leaves the post for itself alone: takes it when it
    /// parks, by an exchange with `NOBODY`; leaves it when it has work or when there is nothing to watch. Relaxed, ordered
    /// by the fences beside each use.
    on_duty: AtomicUsize,
}

impl Duty {
    pub(crate) fn new() -> Duty {
        Duty {
            on_duty: AtomicUsize::new(NOBODY),
        }
    }

    /// Who is on duty.
    pub(crate) fn holder(&self) -> Option<usize> {
        Some(self.on_duty.load(Ordering::Relaxed)).filter(|&worker| worker != NOBODY)
    }

    /// Called by `worker`, which is awake, before it runs the first task after a sleep: sees to it that somebody watches.
    /// Returns who must be woken to do so. `wakes_soon` tells of some parked worker that wakes up by itself soon enough: it
    /// takes the post when it parks again.
    #[must_use]
    pub(crate) fn arm(
        &self,
        idle: &Idle,
        worker: usize,
        wakes_soon: impl FnOnce() -> bool,
    ) -> Option<usize> {
        // Behind the end of the own sleep.
        fence(Ordering::SeqCst);
        match self.holder() {
            // A sentry with work of its own can't watch.
            Some(holder) if holder == worker => {
                self.on_duty.store(NOBODY, Ordering::Relaxed);
                fence(Ordering::SeqCst);
            }
            Some(_) => return None,
            None => {}
        }
        if wakes_soon() {
            return None;
        }
        // It takes the post when it parks again. If it finds work instead, it comes here itself.
        idle.claim_any(None)
    }

    /// Called by `worker`, which has announced that it parks: whether it sleeps as the sentry. `reason` is whether there
    /// was anything to watch at its last look, `is_awake` whether some worker is awake.
    #[must_use]
    pub(crate) fn keep(&self, worker: usize, reason: bool, is_awake: impl Fn() -> bool) -> bool {
        // `Idle::park` has a fence between the bit and this.
        if self.holder() == Some(worker) {
            if reason || is_awake() {
                return true;
            }
            self.on_duty.store(NOBODY, Ordering::Relaxed);
            fence(Ordering::SeqCst);
        }
        is_awake()
            && self
                .on_duty
                .compare_exchange(NOBODY, worker, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
