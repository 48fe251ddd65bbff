//! One worker, as others see it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use async_task::Runnable;
use leno_reactor::{Parker, Reactor, Unparker};

use crate::observe::{AtWork, Counts};
use crate::pace::Pace;
use crate::padded::Padded;
use crate::queue::{Inbox, NextSlot, Ring};

/// The part of a worker that other threads use. Owned by the runtime, lives as long as it.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) ring: Ring<Runnable>,
    pub(crate) own: Padded<Own>,
    /// What did not fit into the ring.
    pub(crate) spill: Inbox<Runnable>,
    pub(crate) inbox: Inbox<Runnable>,
    pub(crate) pace: Padded<Pace>,
    pub(crate) reactor: Arc<Reactor>,
    unparker: Unparker,
    /// For the thread that becomes this worker.
    parker: Mutex<Option<Parker>>,
}

/// What a worker writes at every task, kept apart from what all others read whenever they look for work or mail.
pub(crate) struct Own {
    pub(crate) next: NextSlot<Runnable>,
    /// How many tasks it has run. Written by its thread; read by the sentry, to whom a tick that stands still
    /// means a task that blocks its thread. Relaxed: it stands for itself.
    pub(crate) tick: AtomicU64,
    pub(crate) counts: Counts,
    pub(crate) at_work: AtWork,
    /// How many tasks were spawned and have ended on its thread. Written by its thread alone; read by `shutdown`, after
    /// the flag that makes spawning stop. Release, so that who sees an end sees what the task did.
    pub(crate) spawned: AtomicU64,
    pub(crate) ended: AtomicU64,
}

impl Worker {
    pub(crate) fn new(index: usize, reactor: Arc<Reactor>) -> Worker {
        let parker = Parker::new(reactor.clone());
        Worker {
            index,
            ring: Ring::new(),
            own: Padded(Own {
                next: NextSlot::new(),
                tick: AtomicU64::new(0),
                counts: Counts::default(),
                at_work: AtWork::default(),
                spawned: AtomicU64::new(0),
                ended: AtomicU64::new(0),
            }),
            spill: Inbox::new(),
            inbox: Inbox::new(),
            pace: Padded(Pace::new()),
            reactor,
            unparker: parker.unparker(),
            parker: Mutex::new(Some(parker)),
        }
    }

    pub(crate) fn unpark(&self) {
        self.unparker.unpark();
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }

    /// Appends to the ring; when it is full, half of it spills.
    ///
    /// # Safety
    ///
    /// The calling thread is this worker.
    pub(crate) unsafe fn push(&self, runnable: Runnable) {
        let mut runnable = runnable;
        // SAFETY: the caller is the owner.
        while let Err(rejected) = unsafe { self.ring.push(runnable) } {
            runnable = rejected;
            // SAFETY: as above.
            unsafe { self.ring.overflow(|task| self.spill.push(task)) };
        }
    }

    /// How many tasks in the ring are worth being told of.
    #[inline]
    pub(crate) fn spare(&self) -> usize {
        let queued = self.ring.len();
        if self.pace.is_worth_taking(queued) {
            queued
        } else {
            0
        }
    }

    /// Whether its thread has a task to run that others have not given it.
    pub(crate) fn has_queued(&self) -> bool {
        !self.ring.is_empty() || !self.own.next.is_empty() || !self.spill.is_empty()
    }

    /// Takes a task that waits here, on any thread; not those from outside, which are in the inbox.
    pub(crate) fn take_own(&self) -> Option<Runnable> {
        self.own
            .next
            .take()
            .or_else(|| self.ring.steal_one())
            .or_else(|| self.spill.pop())
    }

    /// Takes the parker: that makes the caller this worker, until it gives the parker back.
    pub(crate) fn take_parker(&self) -> Option<Parker> {
        self.lock_parker().take()
    }

    /// The thread is this worker no more.
    pub(crate) fn give_back(&self, parker: Option<Parker>) {
        *self.lock_parker() = parker;
    }

    fn lock_parker(&self) -> MutexGuard<'_, Option<Parker>> {
        self.parker
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
