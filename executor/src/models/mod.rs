//! Models that loom runs once for each order of events that the memory model allows:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p leno-executor --lib
//! ```

mod duty;
mod executor_drop;
mod executor_sleep;
mod hint;
mod idle;
mod next_slot;
mod office;
mod ring;

use loom::{alloc::Track, cell::UnsafeCell, sync::Arc, thread};
use std::ops::Range;

/// A queue entry that loom watches. To read its number without having synchronised with its writer
/// is a failure, and so is to leak it.
struct Entry(Track<UnsafeCell<usize>>);

impl Entry {
    fn new(number: usize) -> Box<Self> {
        let entry = Self(Track::new(UnsafeCell::new(0)));
        // A write, as to a task that is made or run: it must have happened before whoever takes the
        // entry reads it.
        // SAFETY: nobody else has the entry yet.
        entry.0.get_ref().with_mut(|n| unsafe { *n = number });
        Box::new(entry)
    }

    fn number(&self) -> usize {
        // SAFETY: the entry is not written after `new`; loom checks that this comes later.
        self.0.get_ref().with(|n| unsafe { *n })
    }
}

/// The numbers of what somebody took.
fn numbers(taken: impl IntoIterator<Item = Box<Entry>>) -> Vec<usize> {
    taken.into_iter().map(|entry| entry.number()).collect()
}

/// What one thread of a [`Model`] does; returns the numbers of the entries that it took.
type Role<S> = fn(&S) -> Vec<usize>;

/// Threads that pass entries to each other.
struct Model<S: 'static, const THREADS: usize> {
    /// Makes what the threads share.
    setup: fn() -> S,
    /// The threads.
    roles: [Role<S>; THREADS],
    /// Takes what is left when all threads are done.
    rest: Role<S>,
    /// The numbers of all entries. Each must be taken once.
    entries: Range<usize>,
    /// If given, loom leaves out orders that switch more often than this away from a thread that
    /// could have gone on. The number of orders grows with the power of it: three threads without a
    /// bound take hours. Few errors need more than two such switches.
    preemptions: Option<usize>,
}

impl<S: Send + Sync + 'static, const THREADS: usize> Model<S, THREADS> {
    /// Runs the model, with each role as the one that loom starts with. It works its way from the
    /// first order to others by the conflicts that it sees, of which it misses some: it remembers
    /// only the last access to each atomic, and a thread's load just before its own CAS hides what
    /// the CAS conflicts with.
    fn check(self) {
        let (setup, rest) = (self.setup, self.rest);
        for first in 0..THREADS {
            let mut roles = self.roles;
            roles.rotate_left(first);
            let entries = self.entries.clone();

            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = self.preemptions;
            builder.check(move || {
                let shared = Arc::new(setup());
                let threads = roles.map(|role| {
                    let shared = shared.clone();
                    thread::spawn(move || role(&shared))
                });
                let mut taken: Vec<_> = threads
                    .into_iter()
                    .flat_map(|thread| thread.join().unwrap())
                    .collect();
                taken.extend(rest(&shared));
                taken.sort_unstable();
                assert!(taken.iter().copied().eq(entries.clone()), "{taken:?}");
            });
        }
    }
}
