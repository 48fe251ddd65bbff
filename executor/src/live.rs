//! How many tasks are alive, and, if that was asked for, which.
//!
//! Counting costs a store on a line that only the worker writes. Knowing which costs a lock of one of several shards at
//! each spawn and each end, so it is off by default.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::contain::{Contained, contain};
use crate::context;
use crate::observe::{Origin, Seen};
use crate::runtime::Runtime;

/// What is told of a task's panic.
pub(crate) type PanicHook = Box<dyn Fn(&(dyn Any + Send)) + Send + Sync>;

/// Counts a task that is about to be made.
pub(crate) fn count_spawn(runtime: &Runtime) {
    match context::current() {
        Some((_, worker)) => bump(&worker.own.spawned),
        None => drop(runtime.spawned.fetch_add(1, Ordering::SeqCst)),
    }
}

fn count_end() {
    if let Some((_, worker)) = context::current() {
        bump(&worker.own.ended);
    } else if let Some(runtime) = Runtime::existing() {
        runtime.ended.fetch_add(1, Ordering::SeqCst);
    }
    // Else it is a task of the parent that a forked child drops.
}

/// How many tasks have been spawned.
pub(crate) fn spawned(runtime: &Runtime) -> u64 {
    let by_workers: u64 = runtime
        .every_worker()
        .map(|worker| worker.own.spawned.load(Ordering::Acquire))
        .sum();
    by_workers + runtime.spawned.load(Ordering::SeqCst)
}

/// Adds one to a counter that only this thread writes.
fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
}

/// How many tasks have been spawned and have not ended. Exact when no spawn is under way.
pub(crate) fn count(runtime: &Runtime) -> usize {
    // Ends first: a task that is spawned and ends in between must not count as ended alone.
    let ended: u64 = runtime
        .every_worker()
        .map(|worker| worker.own.ended.load(Ordering::Acquire))
        .sum();
    let ended = ended + runtime.ended.load(Ordering::SeqCst);
    spawned(runtime).saturating_sub(ended) as usize
}

/// Counts the end of its task when it is dropped.
pub(crate) struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        count_end();
    }
}

pin_project! {
    /// A task's future. Its fields are dropped in order: first the user's future, then the count.
    pub(crate) struct Plain<F> {
        #[pin]
        pub(crate) future: Contained<F>,
        pub(crate) origin: Origin,
        pub(crate) counted: Counted,
    }
}

impl<F: Future> Future for Plain<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _working = self.origin.begin();
        self.project().future.poll(cx)
    }
}

pin_project! {
    /// A task's future under observation: its panics are told to the hook, the tracker knows it, and there is a record of it.
    pub(crate) struct Observed<F> {
        #[pin]
        pub(crate) future: Contained<F>,
        pub(crate) seen: Option<Seen>,
        pub(crate) origin: Origin,
        pub(crate) tracked: Option<Tracked>,
        pub(crate) counted: Counted,
        pub(crate) hook: Option<&'static PanicHook>,
    }
}

impl<F: Future> Future for Observed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let poll = || poll_and_tell(this.future, *this.hook, cx);
        match this.seen {
            Some(seen) => seen.watch(poll),
            None => {
                let _working = this.origin.begin();
                poll()
            }
        }
    }
}

/// Polls a future, and tells the hook of its panic.
fn poll_and_tell<F: Future>(
    future: Pin<&mut F>,
    hook: Option<&PanicHook>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    let Some(hook) = hook else {
        return future.poll(cx);
    };
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(poll) => poll,
        Err(payload) => {
            // A hook that panics itself must not replace the panic that it was told of.
            contain(|| hook(&*payload));
            resume_unwind(payload)
        }
    }
}

/// Knows every live task by a waker. Owned by a runtime that was built with `track_tasks`.
pub(crate) struct Tracker {
    shards: [Mutex<Shard>; SHARDS],
    /// Spreads spawns over the shards. Relaxed: any spread will do.
    turn: AtomicUsize,
}

const SHARDS: usize = 8;

#[derive(Default)]
struct Shard {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// A task's place in the tracker. Owned by its future; leaves the tracker when dropped.
pub(crate) struct Tracked {
    tracker: &'static Tracker,
    shard: usize,
    index: usize,
}

impl Tracker {
    pub(crate) fn new() -> Tracker {
        Tracker {
            shards: Default::default(),
            turn: AtomicUsize::new(0),
        }
    }

    /// A place for a new task. Its waker follows: the task does not exist yet.
    pub(crate) fn reserve(&'static self) -> Tracked {
        let shard = self.turn.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let mut places = self.shard(shard);
        let index = places.free.pop().unwrap_or_else(|| {
            places.wakers.push(None);
            places.wakers.len() - 1
        });
        drop(places);
        Tracked {
            tracker: self,
            shard,
            index,
        }
    }

    pub(crate) fn fill(&self, (shard, index): (usize, usize), waker: Waker) {
        self.shard(shard).wakers[index] = Some(waker);
    }

    /// The wakers of all live tasks.
    pub(crate) fn take_all(&self) -> Vec<Waker> {
        let mut all = Vec::new();
        for index in 0..SHARDS {
            all.extend(self.shard(index).wakers.iter_mut().filter_map(Option::take));
        }
        all
    }

    fn shard(&self, index: usize) -> std::sync::MutexGuard<'_, Shard> {
        self.shards[index]
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Tracked {
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.shard, self.index)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let mut shard = self.tracker.shard(self.shard);
        let waker = shard.wakers[self.index].take();
        shard.free.push(self.index);
        drop(shard);
        // Dropped outside of the lock: it may be the task's last reference.
        drop(waker);
    }
}
