//! Models of the gate between orphans and signal handlers, which loom runs through every order of events that the memory
//! model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p leno-process --lib` runs them.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::gate::Gate;

/// Two processes as the kernel knows them, and the list of those that are orphans.
struct Office {
    gate: Gate,
    /// Whether they have ended. Relaxed: that it is seen has to come from the gate.
    ended: [AtomicBool; 2],
    /// Loom fails if two threads are at it.
    list: UnsafeCell<Vec<usize>>,
}

impl Office {
    fn new() -> Arc<Office> {
        Arc::new(Office {
            gate: Gate::new(),
            ended: [AtomicBool::new(false), AtomicBool::new(false)],
            list: UnsafeCell::new(Vec::new()),
        })
    }

    fn adopt(&self, process: usize) {
        self.gate.enter();
        self.list.with_mut(|list| {
            // SAFETY: this thread is inside.
            let list = unsafe { &mut *list };
            list.push(process);
            if self.ended[process].load(Ordering::Relaxed) {
                list.pop();
            }
        });
        self.gate.leave(|| self.sweep());
    }

    /// The process ends, and a handler is called.
    fn end(&self, process: usize) {
        self.ended[process].store(true, Ordering::Relaxed);
        if self.gate.enter_or_call() {
            self.sweep();
            self.gate.leave(|| self.sweep());
        }
    }

    fn sweep(&self) {
        self.list.with_mut(|list| {
            // SAFETY: this thread is inside.
            let list = unsafe { &mut *list };
            list.retain(|&process| !self.ended[process].load(Ordering::Relaxed));
        });
    }

    fn assert_at_rest(&self) {
        assert!(self.gate.try_enter(), "somebody is inside for ever");
        self.list.with(|list| {
            // SAFETY: this thread is inside.
            let list = unsafe { &*list };
            assert!(list.is_empty(), "a zombie: {list:?}");
        });
    }
}

#[test]
fn a_process_that_ends_as_it_is_dropped_is_reaped() {
    loom::model(|| {
        let office = Office::new();
        let ends = office.clone();
        let thread = thread::spawn(move || ends.end(0));
        office.adopt(0);
        thread.join().unwrap();
        office.assert_at_rest();
    });
}

#[test]
fn two_that_end_at_once_are_reaped() {
    let mut builder = loom::model::Builder::new();
    // Enough for each pair of steps of any two of the threads.
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let office = Office::new();
        office.adopt(0);
        let threads: Vec<_> = (0..2)
            .map(|process| {
                let office = office.clone();
                thread::spawn(move || office.end(process))
            })
            .collect();
        office.adopt(1);
        for thread in threads {
            thread.join().unwrap();
        }
        office.assert_at_rest();
    });
}
