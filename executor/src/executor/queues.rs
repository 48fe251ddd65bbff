//! Where the runnable tasks of an executor wait: one injector, and a ring for each `run`.

use concurrent_queue::ConcurrentQueue;

use super::lock::{read, write};
use crate::{
    queue::{Pointer, Ring},
    sync::{Arc, RwLock},
};

/// All queues of one executor. See the parent module for what goes where.
pub(crate) struct Queues<T: Pointer> {
    /// What is pushed outside of a `run`, or does not fit in its ring. Unbounded and never closed.
    injector: ConcurrentQueue<T>,
    /// The rings of the `run` futures that exist, forgotten ones included. Locked for reading by
    /// thieves, for writing when a `run` begins or ends; no code of users runs meanwhile.
    rings: RwLock<Vec<Arc<Ring<T>>>>,
}

/// Where [`Queues::take`] looks first. Whoever takes tasks again and again changes it now and then,
/// so that no queue starves behind another that is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    Injector,
    Rings,
}

impl<T: Pointer> Queues<T> {
    pub(crate) fn new() -> Self {
        Self {
            injector: ConcurrentQueue::unbounded(),
            rings: RwLock::new(Vec::new()),
        }
    }

    /// Gives a task to whoever comes first. The caller announces it.
    pub(crate) fn inject(&self, task: T) {
        if self.injector.push(task).is_err() {
            unreachable!("the injector is unbounded and never closed");
        }
    }

    /// Takes a task out of any queue. `start` says at which ring to begin.
    pub(crate) fn take(&self, first: First, start: usize) -> Option<T> {
        match first {
            First::Injector => self.take_injected().or_else(|| self.take_from_rings(start)),
            First::Rings => self.take_from_rings(start).or_else(|| self.take_injected()),
        }
    }

    /// Whether a `run` exists.
    pub(crate) fn has_rings(&self) -> bool {
        !read(&self.rings).is_empty()
    }

    pub(crate) fn take_injected(&self) -> Option<T> {
        self.injector.pop().ok()
    }

    fn take_from_rings(&self, start: usize) -> Option<T> {
        let rings = read(&self.rings);
        each_from(&rings, start).find_map(|ring| ring.steal_one())
    }

    /// Takes half of another ring: the first task of these to be run at once, the others in `mine`,
    /// where the caller announces them.
    ///
    /// # Safety
    ///
    /// The caller is the owner of `mine`, as for [`Ring::push`].
    pub(crate) unsafe fn steal_into(&self, mine: &Arc<Ring<T>>, start: usize) -> Option<T> {
        let rings = read(&self.rings);
        each_from(&rings, start)
            .filter(|ring| !Arc::ptr_eq(ring, mine))
            // SAFETY: passed on.
            .find_map(|ring| unsafe { ring.steal_into(mine) })
    }

    /// Adds a ring for a `run` that begins; it becomes its owner.
    pub(crate) fn open_ring(&self) -> Arc<Ring<T>> {
        let ring = Arc::new(Ring::new());
        write(&self.rings).push(ring.clone());
        ring
    }

    /// Ends a ring. What is in it moves to the injector, where the caller announces it.
    pub(crate) fn close_ring(&self, ring: &Arc<Ring<T>>) {
        write(&self.rings).retain(|other| !Arc::ptr_eq(other, ring));
        while let Some(task) = ring.steal_one() {
            self.inject(task);
        }
    }

    /// Whether some queue held a task a moment ago. After a `SeqCst` fence it sees whatever was
    /// pushed before another thread's fence that came earlier.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || read(&self.rings).iter().any(|ring| !ring.is_empty())
    }

    /// How many tasks wait in the injector, and how many in each ring.
    pub(crate) fn lengths(&self) -> (usize, Vec<usize>) {
        let rings = read(&self.rings).iter().map(|ring| ring.len()).collect();
        (self.injector.len(), rings)
    }
}

/// The items in order, beginning at number `start` and going round.
fn each_from<T>(items: &[T], start: usize) -> impl Iterator<Item = &T> {
    let (before, after) = items.split_at(start.checked_rem(items.len()).unwrap_or(0));
    after.iter().chain(before)
}
