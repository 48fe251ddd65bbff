//! [`Bells`]: which members of a group have something to tell.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use super::KEPT;

/// The bells that have been rung, and who listens. Shared by a group and the tasks in it, which may outlive the group.
#[derive(Default)]
pub(super) struct Bells {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The places whose bells have been rung, each once.
    rung: VecDeque<usize>,
    /// Whoever polled the group last, until it is woken.
    listener: Option<Waker>,
}

impl Bells {
    /// From here on `waker` is woken when a bell is rung. It is for the caller to look at those that have been.
    pub(super) fn attend(&self, waker: &Waker) {
        let mut state = self.lock();
        if state
            .listener
            .as_ref()
            .is_some_and(|own| own.will_wake(waker))
        {
            return;
        }
        drop(state);
        // Wakers are cloned and dropped without the lock.
        let waker = waker.clone();
        state = self.lock();
        let before = state.listener.replace(waker);
        drop(state);
        drop(before);
    }

    /// The place whose bell was rung first.
    pub(super) fn rung(&self) -> Option<usize> {
        let mut state = self.lock();
        let first = state.rung.pop_front();
        if state.rung.is_empty() && state.rung.capacity() > 2 * KEPT {
            state.rung = VecDeque::new();
        }
        first
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bell of one place: the waker of the task in it.
pub(super) struct Bell {
    bells: Arc<Bells>,
    index: usize,
    /// Whether it is among the rung ones. Set by who rings it, cleared by the group before it looks at the task; AcqRel, so
    /// that a look after a ring that was not needed sees what the ringer did.
    is_rung: AtomicBool,
}

impl Bell {
    pub(super) fn new(bells: Arc<Bells>, index: usize) -> Bell {
        Bell {
            bells,
            index,
            is_rung: AtomicBool::new(false),
        }
    }

    pub(super) fn ring(&self) {
        if self.is_rung.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut state = self.bells.lock();
        state.rung.push_back(self.index);
        let listener = mem::take(&mut state.listener);
        drop(state);
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// The group is about to look at the task.
    pub(super) fn quiet(&self) {
        self.is_rung.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
