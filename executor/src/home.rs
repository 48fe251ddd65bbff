//! Which worker a thread that is none gives its tasks to.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The worker to which this thread gives its tasks when all are busy: always the same, so that what belongs together
/// stays together.
pub(crate) fn home(workers: usize) -> usize {
    /// Counts threads that have given something. Relaxed: it only spreads them.
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    let number = NUMBER.try_with(|number| {
        number.get().unwrap_or_else(|| {
            let new = THREADS.fetch_add(1, Ordering::Relaxed);
            number.set(Some(new));
            new
        })
    });
    number.unwrap_or(0) % workers
}
