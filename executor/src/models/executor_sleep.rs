//! Runners of an executor that sleep, and givers of tasks: a task that nobody takes while a runner
//! sleeps is a deadlock, which loom reports.

use super::{Entry, Model};
use crate::executor::{
    queues::{First, Queues},
    sleeper::{Sleeper, Work},
    sleepers::Sleepers,
};
use loom::sync::{Condvar, Mutex};
use std::{
    mem,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

struct Executor {
    queues: Queues<Box<Entry>>,
    sleepers: Sleepers,
}

impl Work for Executor {
    fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    fn has_work(&self) -> bool {
        self.queues.has_work()
    }
}

impl Executor {
    fn new() -> Self {
        Self {
            queues: Queues::new(),
            sleepers: Sleepers::new(),
        }
    }

    /// With three entries in the ring of a `run` that is not being polled.
    fn with_full_ring() -> Self {
        let executor = Self::new();
        let ring = executor.queues.open_ring();
        for number in 0..3 {
            // SAFETY: nobody else has the ring yet.
            assert!(unsafe { ring.push(Entry::new(number)) }.is_ok());
        }
        executor
    }

    fn give(&self, number: usize) {
        self.queues.inject(Entry::new(number));
        self.sleepers.announce();
    }

    fn give_one(&self) -> Vec<usize> {
        self.give(0);
        Vec::new()
    }

    fn give_two(&self) -> Vec<usize> {
        self.give(0);
        self.give(1);
        Vec::new()
    }

    /// A runner that takes one task, and in there blocks its thread.
    fn take_and_block(&self) -> Vec<usize> {
        self.wait_and_block(1, || self.queues.take(First::Injector, 0))
    }

    fn take_two_and_block(&self) -> Vec<usize> {
        self.wait_and_block(2, || self.queues.take(First::Injector, 0))
    }

    /// A runner that steals for a ring of its own.
    fn steal_and_block(&self) -> Vec<usize> {
        let ring = self.queues.open_ring();
        self.wait_and_block(1, || {
            // SAFETY: this thread is the only owner of `ring`.
            let stolen = unsafe { self.queues.steal_into(&ring, 0) };
            if !ring.is_empty() {
                self.sleepers.announce();
            }
            stolen
        })
    }

    fn wait_and_block(
        &self,
        count: usize,
        mut look: impl FnMut() -> Option<Box<Entry>>,
    ) -> Vec<usize> {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let mut sleeper = Sleeper::new(self);
        let mut taken = Vec::new();
        while taken.len() < count {
            match sleeper.poll_for(&mut Context::from_waker(&waker), &mut look) {
                Poll::Ready(entry) => taken.push(entry.number()),
                Poll::Pending => bell.wait(),
            }
        }
        // A blocked thread does not pass anything on.
        mem::forget(sleeper);
        taken
    }

    /// A runner that goes to sleep, and ends whether it is woken or not.
    fn sleep_and_quit(&self) -> Vec<usize> {
        let waker = Waker::from(Arc::new(Bell::default()));
        let mut sleeper = Sleeper::new(self);
        let found = sleeper.poll_for(&mut Context::from_waker(&waker), || None::<()>);
        assert!(found.is_pending());
        Vec::new()
    }

    fn nothing_left(&self) -> Vec<usize> {
        assert!(!self.has_work());
        Vec::new()
    }
}

/// What a runner's thread sleeps with.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.changed.wait(rung).unwrap();
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

#[test]
fn a_sleeper_is_woken() {
    Model {
        setup: Executor::new,
        roles: [Executor::give_one, Executor::take_and_block],
        rest: Executor::nothing_left,
        entries: 0..1,
        preemptions: Some(3),
    }
    .check();
}

/// The second task may rely on the wake-up for the first one, whose receiver has to pass it on.
#[test]
fn two_tasks_wake_two_sleepers() {
    Model {
        setup: Executor::new,
        roles: [
            Executor::give_two,
            Executor::take_and_block,
            Executor::take_and_block,
        ],
        rest: Executor::nothing_left,
        entries: 0..2,
        preemptions: Some(2),
    }
    .check();
}

/// A sleeper that ends, woken or not, leaves its task to another one.
#[test]
fn a_sleeper_that_ends_passes_its_wake_up_on() {
    Model {
        setup: Executor::new,
        roles: [
            Executor::give_one,
            Executor::take_and_block,
            Executor::sleep_and_quit,
        ],
        rest: Executor::nothing_left,
        entries: 0..1,
        preemptions: Some(2),
    }
    .check();
}

/// One thief takes two of three tasks, and hides the second one for a moment; who looked just then is woken.
#[test]
fn stolen_tasks_are_announced_again() {
    Model {
        setup: Executor::with_full_ring,
        roles: [Executor::steal_and_block, Executor::take_two_and_block],
        rest: Executor::nothing_left,
        entries: 0..3,
        preemptions: Some(3),
    }
    .check();
}
