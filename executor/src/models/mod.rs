//! Models that loom runs once for each order of events that the memory model allows:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p leno-executor --lib
//! ```

mod next_slot;
mod ring;

use loom::{alloc::Track, cell::UnsafeCell};

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

/// Fails unless the numbers are those of `expected`, each once, in whatever order.
#[track_caller]
fn assert_each_once(mut taken: Vec<usize>, expected: std::ops::Range<usize>) {
    taken.sort_unstable();
    assert_eq!(taken, expected.collect::<Vec<_>>());
}

/// Runs `model` through every order with up to `preemptions` switches away from a thread that could
/// have gone on. Nearly all known errors of this kind need two; the count of orders grows with the
/// power of this number, and without a bound these models run for hours.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    if let Ok(s) = std::env::var("PB") {
        let n: usize = s.parse().unwrap();
        builder.preemption_bound = if n == 0 { None } else { Some(n) };
    }
    builder.check(model);
}
