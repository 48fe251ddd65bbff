//! Who keeps its worker for too long, and the warning.
//!
//! A worker notes which task it polls and since when, if the runtime is observed or in a debug build; otherwise it notes
//! nothing, which costs nothing. The sentry looks at the notes of a worker that stands still; a task that comes back late is told of
//! by its own worker, which is all there is with one worker. Each place at which tasks are spawned is told of once.

use std::collections::HashSet;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leno_reactor::notice;

use super::clock;
use crate::context;
use crate::runtime::Runtime;
use crate::worker::Worker;

/// After how long a task is told of, if nobody says otherwise.
pub(crate) const STUCK_AFTER: Duration = Duration::from_millis(100);

/// What a worker is at. Owned by the worker; written by its thread, read by the sentry.
#[derive(Default)]
pub(crate) struct AtWork {
    /// Where the task was spawned that it polls or has polled last: null, or a `&'static Location`. Release and Acquire, so
    /// that what it points to is there.
    spawned_at: AtomicPtr<Location<'static>>,
    /// Since when it polls that task; 0 if it polls none. Release and Acquire: who sees a moment sees the place that belongs to
    /// it, or a later one.
    since: AtomicU64,
}

/// Which places have been told of. Owned by the runtime.
#[derive(Default)]
pub(crate) struct Told(Mutex<HashSet<&'static Location<'static>>>);

/// A task is being polled on a worker. Ends when dropped.
pub(crate) struct Working {
    runtime: &'static Runtime,
    worker: &'static Worker,
    spawned_at: &'static Location<'static>,
    since: u64,
}

impl Working {
    /// `None` if the calling thread is no worker: then it delays nobody but itself.
    pub(crate) fn begin(spawned_at: &'static Location<'static>) -> Option<Working> {
        let (runtime, worker) = context::current()?;
        let since = clock::now();
        let place = ptr::from_ref(spawned_at).cast_mut();
        worker
            .own
            .at_work
            .spawned_at
            .store(place, Ordering::Release);
        worker.own.at_work.since.store(since, Ordering::Release);
        Some(Working {
            runtime,
            worker,
            spawned_at,
            since,
        })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.worker.own.at_work.since.store(0, Ordering::Release);
        let kept = clock::between(self.since, clock::now());
        if kept >= self.runtime.config.stuck_after {
            tell(self.runtime, self.worker, self.spawned_at, kept, "kept");
        }
    }
}

/// `worker` stands still, as the calling thread, another worker, has seen: says so if it has lasted.
pub(crate) fn warn(runtime: &Runtime, worker: &Worker) {
    let since = worker.own.at_work.since.load(Ordering::Acquire);
    let kept = clock::between(since, clock::now());
    if since == 0 || kept < runtime.config.stuck_after {
        return;
    }
    let place = worker.own.at_work.spawned_at.load(Ordering::Acquire);
    // SAFETY: nothing is stored there but addresses of `&'static Location`s, and null.
    if let Some(spawned_at) = unsafe { place.cast_const().as_ref() } {
        tell(runtime, worker, spawned_at, kept, "has kept");
    }
}

#[cold]
fn tell(
    runtime: &Runtime,
    worker: &Worker,
    spawned_at: &'static Location<'static>,
    kept: Duration,
    verb: &str,
) {
    let mut told = runtime
        .told
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if !told.insert(spawned_at) {
        return;
    }
    drop(told);
    let thread = &runtime.config.thread_names[worker.index];
    notice(format_args!(
        "a task spawned at {spawned_at} {verb} the thread {thread} for {} ms without an `.await` that waits; others are delayed. \
         Let `unblock` run what blocks, and `yield_now` in what computes (LENO_STUCK sets the limit in ms, 0 for none)",
        kept.as_millis()
    ));
}

/// Where a task was spawned, in debug builds; nothing at all in others, where only an observed runtime knows.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    #[cfg(debug_assertions)]
    spawned_at: &'static Location<'static>,
}

impl Origin {
    #[inline]
    pub(crate) fn new(spawned_at: &'static Location<'static>) -> Origin {
        let _ = spawned_at;
        Origin {
            #[cfg(debug_assertions)]
            spawned_at,
        }
    }

    /// Notes, in debug builds, that the task is being polled.
    #[inline]
    pub(crate) fn begin(self) -> Option<Working> {
        self.place().and_then(Working::begin)
    }

    #[cfg(debug_assertions)]
    fn place(self) -> Option<&'static Location<'static>> {
        Some(self.spawned_at)
    }

    #[cfg(not(debug_assertions))]
    fn place(self) -> Option<&'static Location<'static>> {
        None
    }
}
