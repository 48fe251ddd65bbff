//! Who waits for tasks of an executor, and how one of them is woken for a new one.
//!
//! ```text
//!   giver: push · fence · look for sleepers ── none ──► done: nobody sleeps, and whoever
//!                                │                      wants to will look first
//!                                └── wake one, unless a woken one has not looked yet
//!
//! sleeper: register · fence · look at the queues ── empty ──► sleep
//! ```
//!
//! Both store before they look, with a `SeqCst` fence in between, so at least one of the two sees the
//! other: no task waits while all sleep.
//!
//! *In flight* is a wake-up whose receiver has not left the list of its own accord yet. Givers rely on
//! it: the receiver will clear the mark, fence, and look at every queue, and so finds what was pushed
//! before the mark was seen. What it does not take itself it announces in turn. A receiver that ends
//! before it looks passes the wake-up on. One that was forgotten (`mem::forget`) can't, so after
//! [`PATIENCE`] tasks a wake-up counts as lost; the tasks are in the queues all the same.

use std::{mem, task::Waker};

use super::lock::lock;
use crate::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering, fence},
};

/// How many tasks may rely on one wake-up in flight. Fewer with loom, so that models get there.
pub(crate) const PATIENCE: usize = if cfg!(loom) { 3 } else { 64 };

/// The sleepers of one executor.
#[derive(Debug)]
pub(crate) struct Sleepers {
    /// How many are registered and not woken. Written under the lock of `list`; read by givers after
    /// their fence, which pairs with the fence of [`register`](Self::register).
    asleep: AtomicUsize,
    /// 0: no wake-up is in flight; else 1 and how many tasks have since relied on it. Set to 1 under
    /// the lock of `list` by whoever wakes, counted up by givers, reset under the lock by whoever
    /// leaves the list, who fences then. All of these are read-modify-writes, and so come one after
    /// the other: a giver either sees the reset, or its task was there before the receiver looks.
    in_flight: AtomicUsize,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    /// Last in, first woken: the thread that slept least has the warmest caches.
    entries: Vec<(Place, Waker)>,
    next: u64,
}

/// A sleeper's number. Never used twice, so a place that is no longer in the list was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self {
            asleep: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            list: Mutex::new(List {
                entries: Vec::new(),
                next: 0,
            }),
        }
    }

    /// Enters the list. The caller looks at the queues once more before it sleeps.
    pub(crate) fn register(&self, waker: Waker) -> Place {
        let place = {
            let mut list = lock(&self.list);
            let place = Place(list.next);
            list.next += 1;
            list.entries.push((place, waker));
            self.asleep.store(list.entries.len(), Ordering::Relaxed);
            place
        };
        fence(Ordering::SeqCst);
        place
    }

    /// Leaves the list, woken or not. The caller then looks at all queues, takes what it likes and
    /// announces the rest.
    pub(crate) fn leave(&self, place: Place) {
        // The waker is dropped when the lock is no longer held: that is code of users.
        let _waker = {
            let mut list = lock(&self.list);
            let index = list.entries.iter().position(|entry| entry.0 == place);
            let entry = index.map(|index| list.entries.remove(index));
            self.asleep.store(list.entries.len(), Ordering::Relaxed);
            // Also by one that was not woken. If somebody else was, a second one is woken for the
            // next task, which does no harm; and a mark that a forgotten receiver left is gone.
            self.in_flight.swap(0, Ordering::SeqCst);
            entry
        };
        fence(Ordering::SeqCst);
    }

    /// Makes sure that somebody looks at the queues, after something was put there that other
    /// threads may take.
    #[inline]
    pub(crate) fn announce(&self) {
        fence(Ordering::SeqCst);
        self.announce_here();
    }

    /// [`announce`](Self::announce) where all sleepers registered on the calling thread: it sees them
    /// without a fence.
    #[inline]
    pub(crate) fn announce_here(&self) {
        if self.asleep.load(Ordering::Relaxed) > 0 {
            self.wake_one();
        }
    }

    #[cold]
    fn wake_one(&self) {
        let relies = |mark| (1..PATIENCE).contains(&mark).then_some(mark + 1);
        let relied = self
            .in_flight
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, relies);
        if relied.is_ok() {
            return;
        }
        let woken = {
            let mut list = lock(&self.list);
            let entry = list.entries.pop();
            if entry.is_some() {
                self.asleep.store(list.entries.len(), Ordering::Relaxed);
                self.in_flight.swap(1, Ordering::SeqCst);
            }
            entry
        };
        if let Some((_, waker)) = woken {
            waker.wake();
        }
    }

    /// Empties the list, when nobody in it can look at the queues any more.
    pub(crate) fn evict(&self) -> Vec<Waker> {
        let mut list = lock(&self.list);
        self.asleep.store(0, Ordering::Relaxed);
        self.in_flight.swap(0, Ordering::SeqCst);
        let entries = mem::take(&mut list.entries);
        entries.into_iter().map(|(_, waker)| waker).collect()
    }

    /// How many are registered and not woken.
    pub(crate) fn len(&self) -> usize {
        lock(&self.list).entries.len()
    }
}
