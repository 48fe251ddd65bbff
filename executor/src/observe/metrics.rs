//! What the runtime has done so far, in numbers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::runtime::Runtime;
use crate::{blocking, live};

/// What one worker counts beside its tasks. Each is written by its thread alone, and read by whoever asks; relaxed: they stand
/// for themselves.
#[derive(Default)]
pub(crate) struct Counts {
    parks: AtomicU64,
    calls: AtomicU64,
    steals: AtomicU64,
}

impl Counts {
    /// It has slept; `called`, if another thread woke it to look for work.
    pub(crate) fn slept(&self, called: bool) {
        bump(&self.parks);
        if called {
            bump(&self.calls);
        }
    }

    /// It has found work at another worker.
    pub(crate) fn stole(&self) {
        bump(&self.steals);
    }

    /// How often it has slept.
    pub(crate) fn parks(&self) -> u64 {
        self.parks.load(Ordering::Relaxed)
    }
}

fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// What one worker has done since the runtime started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// How many tasks it has polled, and how often the body of `main` if that is its work.
    pub polls: u64,
    /// How often it has taken tasks from another worker, one or many at once.
    pub steals: u64,
    /// How often it has slept.
    pub parks: u64,
    /// How many of these sleeps another thread has ended, because it had work to give. The others ended with an event or a timer,
    /// or after the time that the sentry sleeps.
    pub wakes: u64,
    /// Whether it sleeps now.
    pub is_parked: bool,
    /// How many tasks are in its own queue now.
    pub queued: usize,
    /// How many tasks other threads have given it that it has not taken yet.
    pub inbox: usize,
}

/// What has happened at one reactor since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReactorMetrics {
    /// How many timers have fired; each is counted once, however often it was set again.
    pub timers_fired: u64,
    /// How many events the OS has reported.
    pub events: u64,
}

/// What the process-wide runtime has done so far.
///
/// As text it is one line, the one that `LENO_TRACE` prints.
///
/// # Examples
///
/// See [`metrics`](super::metrics()).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// One for each worker that has a thread.
    pub workers: Vec<WorkerMetrics>,
    /// One for each reactor of the workers, and the last for that of all other threads.
    pub reactors: Vec<ReactorMetrics>,
    /// How many tasks were spawned.
    pub spawned: u64,
    /// How many of them have not ended.
    pub alive: usize,
    /// How many threads the pool of [`unblock`](crate::unblock()) has now.
    pub blocking_threads: usize,
    /// How many of these run something now.
    pub blocking_busy: usize,
    /// How many closures wait for one of these now.
    pub blocking_queued: usize,
}

impl Metrics {
    /// Of the runtime, if there is one.
    pub(crate) fn read() -> Metrics {
        let Some(runtime) = Runtime::existing() else {
            return Metrics::default();
        };
        let workers = runtime.workers().iter().map(|worker| WorkerMetrics {
            polls: worker.own.tick.load(Ordering::Relaxed),
            steals: worker.own.counts.steals.load(Ordering::Relaxed),
            parks: worker.own.counts.parks(),
            wakes: worker.own.counts.calls.load(Ordering::Relaxed),
            is_parked: runtime.idle.is_parked(worker.index),
            queued: worker.ring.len()
                + worker.spill.len()
                + usize::from(!worker.own.next.is_empty()),
            inbox: worker.inbox.len(),
        });
        let mut reactors: Vec<_> = Vec::new();
        for worker in runtime.every_worker() {
            if !reactors
                .iter()
                .any(|other| Arc::ptr_eq(other, &worker.reactor))
            {
                reactors.push(worker.reactor.clone());
            }
        }
        reactors.push(leno_reactor::guests().clone());
        let blocking = blocking::load();
        Metrics {
            workers: workers.collect(),
            reactors: (reactors.iter())
                .map(|reactor| ReactorMetrics {
                    timers_fired: reactor.timers_fired(),
                    events: reactor.events(),
                })
                .collect(),
            spawned: live::spawned(runtime),
            alive: live::count(runtime),
            blocking_threads: blocking.threads,
            blocking_busy: blocking.busy,
            blocking_queued: blocking.queued,
        }
    }

    /// What has happened between `earlier` and these. What is as it is now, such as lengths, stays as it is here.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::{observe, spawn};
    ///
    /// let before = observe::metrics();
    /// leno_reactor::block_on(spawn(async {}));
    /// assert!(observe::metrics().since(&before).spawned >= 1);
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Metrics) -> Metrics {
        let mut gone = self.clone();
        gone.spawned = self.spawned.saturating_sub(earlier.spawned);
        for (worker, before) in gone.workers.iter_mut().zip(&earlier.workers) {
            worker.polls = worker.polls.saturating_sub(before.polls);
            worker.steals = worker.steals.saturating_sub(before.steals);
            worker.parks = worker.parks.saturating_sub(before.parks);
            worker.wakes = worker.wakes.saturating_sub(before.wakes);
        }
        for (reactor, before) in gone.reactors.iter_mut().zip(&earlier.reactors) {
            reactor.timers_fired = reactor.timers_fired.saturating_sub(before.timers_fired);
            reactor.events = reactor.events.saturating_sub(before.events);
        }
        gone
    }

    fn of_workers(&self, value: impl Fn(&WorkerMetrics) -> u64) -> u64 {
        self.workers.iter().map(value).sum()
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parked = self
            .workers
            .iter()
            .filter(|worker| worker.is_parked)
            .count();
        write!(
            f,
            "{} workers, {parked} parked; {} tasks; queues",
            self.workers.len(),
            self.alive
        )?;
        for worker in &self.workers {
            write!(f, " {}+{}", worker.queued, worker.inbox)?;
        }
        write!(
            f,
            "; spawned {}, polls {}, steals {}, parks {}, wakes {}",
            self.spawned,
            self.of_workers(|worker| worker.polls),
            self.of_workers(|worker| worker.steals),
            self.of_workers(|worker| worker.parks),
            self.of_workers(|worker| worker.wakes),
        )?;
        let timers: u64 = self
            .reactors
            .iter()
            .map(|reactor| reactor.timers_fired)
            .sum();
        let events: u64 = self.reactors.iter().map(|reactor| reactor.events).sum();
        write!(
            f,
            ", timers {timers}, events {events}; blocking {} of {} threads, {} queued",
            self.blocking_busy, self.blocking_threads, self.blocking_queued
        )
    }
}
