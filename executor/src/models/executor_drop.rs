//! The end of an executor: every future is dropped once and before [`drop_all`] returns, whatever
//! wake-ups arrive meanwhile. A wake-up that is waited for and does not ring is a deadlock, which
//! loom reports.
//!
//! Tasks are stand-ins with as much of `async-task` as matters here: a waker that finds its task idle
//! makes a `Runnable` of it and schedules that, and who drops the `Runnable` drops the future.

use super::{Entry, Model, numbers};
use crate::executor::{
    close::drop_all,
    queues::{First, Queues},
    slab::Slab,
    sleepers::Sleepers,
};
use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use std::{
    mem,
    task::{Wake, Waker},
};

const IDLE: usize = 0;
const SCHEDULED: usize = 1;
const CLOSED: usize = 2;

/// An executor with `N` tasks that have been polled and wait.
struct Fixture<const N: usize> {
    executor: Arc<Executor>,
    tasks: [Arc<Task>; N],
}

struct Executor {
    queues: Queues<Box<Runnable>>,
    sleepers: Sleepers,
    /// The keys of unfinished tasks.
    unfinished: Mutex<Slab<()>>,
    /// The futures that have been dropped.
    dropped: Mutex<Vec<Box<Entry>>>,
}

struct Task {
    /// Idle, scheduled or closed. Changed by wakers and by the drop of a `Runnable`.
    state: AtomicUsize,
    /// Taken by the drop of a `Runnable`.
    future: Mutex<Option<Box<Entry>>>,
    key: u32,
}

struct Runnable {
    task: Arc<Task>,
    executor: Arc<Executor>,
}

// SAFETY: its parts are. The compiler would go round in a circle: a queue of these is one of the parts.
unsafe impl Send for Runnable {}

impl Drop for Runnable {
    fn drop(&mut self) {
        self.task.state.store(CLOSED, Ordering::Release);
        let future = self.task.future.lock().unwrap().take();
        let future = future.expect("a future is dropped once");
        self.executor.dropped.lock().unwrap().push(future);
        self.executor
            .unfinished
            .lock()
            .unwrap()
            .remove(self.task.key);
    }
}

impl<const N: usize> Fixture<N> {
    fn new() -> Self {
        let mut unfinished = Slab::new();
        let tasks = std::array::from_fn(|number| {
            Arc::new(Task {
                state: AtomicUsize::new(IDLE),
                future: Mutex::new(Some(Entry::new(number))),
                key: unfinished.insert(()),
            })
        });
        let executor = Arc::new(Executor {
            queues: Queues::new(),
            sleepers: Sleepers::new(),
            unfinished: Mutex::new(unfinished),
            dropped: Mutex::new(Vec::new()),
        });
        Self { executor, tasks }
    }

    /// With a `run` that was forgotten while it slept.
    fn with_forgotten_sleeper() -> Self {
        struct Nobody;
        impl Wake for Nobody {
            fn wake(self: std::sync::Arc<Self>) {}
        }

        let fixture = Self::new();
        let nobody = Waker::from(std::sync::Arc::new(Nobody));
        fixture.executor.sleepers.register(nobody);
        fixture
    }

    /// What a waker of task `I` does.
    fn wake<const I: usize>(&self) -> Vec<usize> {
        let task = &self.tasks[I];
        let idle =
            task.state
                .compare_exchange(IDLE, SCHEDULED, Ordering::AcqRel, Ordering::Acquire);
        if idle.is_ok() {
            self.executor.queues.inject(Box::new(Runnable {
                task: task.clone(),
                executor: self.executor.clone(),
            }));
            self.executor.sleepers.announce();
        }
        Vec::new()
    }

    /// What the executor's drop does, and then the futures that are gone: it must be all of them.
    fn close(&self) -> Vec<usize> {
        let executor = &self.executor;
        executor.sleepers.evict();
        self.wake::<0>();
        if N == 2 {
            self.wake::<1>();
        }
        drop_all(
            &executor.sleepers,
            || executor.queues.take(First::Injector, 0),
            || executor.unfinished.lock().unwrap().is_empty(),
        );
        numbers(mem::take(&mut *executor.dropped.lock().unwrap()))
    }

    /// Wakers that fire after the drop are harmless, and nothing is dropped late.
    fn wake_late(&self) -> Vec<usize> {
        self.wake::<0>();
        numbers(mem::take(&mut *self.executor.dropped.lock().unwrap()))
    }
}

/// The wake-up may come before the drop, be on its way during it, or come after it.
#[test]
fn a_waker_fires_during_the_drop() {
    Model {
        setup: Fixture::<1>::new,
        roles: [Fixture::close, Fixture::wake::<0>],
        rest: Fixture::wake_late,
        entries: 0..1,
        preemptions: Some(3),
    }
    .check();
}

#[test]
fn two_wakers_fire_during_the_drop() {
    Model {
        setup: Fixture::<2>::new,
        roles: [Fixture::close, Fixture::wake::<0>, Fixture::wake::<1>],
        rest: Fixture::wake_late,
        entries: 0..2,
        preemptions: Some(2),
    }
    .check();
}

/// A `run` that was forgotten while it slept must not get a wake-up that the drop waits for, nor one that the wake-up
/// of another task then relies on.
#[test]
fn a_forgotten_sleeper_does_not_swallow_the_wake_up() {
    Model {
        setup: Fixture::<2>::with_forgotten_sleeper,
        roles: [Fixture::close, Fixture::wake::<1>],
        rest: Fixture::wake_late,
        entries: 0..2,
        preemptions: Some(3),
    }
    .check();
}
