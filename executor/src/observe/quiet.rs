//! Whether the program can go on by itself: the look of [`idle`](super::idle()).
//!
//! It is *quiet* when all workers but the caller's are parked, all queues are empty, the blocking pool has nothing to do, and
//! no timer and no source is awaited. One look can't prove that: a worker whose sleep was ended by a timer counts as parked for
//! a moment longer, with the task that it is about to wake in its hands. So a look that finds it quiet *calls* the workers, and
//! the next one asks whether each has been awake and is parked again. What it had in its hands is in a queue by then, or was
//! run, and that shows in its tick.
//!
//! The looks themselves are the runs of some task, and wait for timers between them. Both are left out of account: there is a
//! list of all who ask, by their wakers, and ticks that were theirs are counted.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::runtime::Runtime;
use crate::{blocking, context};

/// Who asks whether it is quiet. Owned by the runtime.
#[derive(Default)]
pub(crate) struct Quiet(Mutex<State>);

#[derive(Default)]
struct State {
    /// Those who ask, each with a number of its own.
    callers: Vec<(u64, Waker)>,
    next: u64,
    /// How many ticks of workers were theirs.
    looks: u64,
    /// Which tick of each worker was the last such one.
    last: Vec<u64>,
}

impl Quiet {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who asks. Leaves the list when dropped.
pub(crate) struct Caller {
    runtime: &'static Runtime,
    number: u64,
}

impl Caller {
    pub(crate) fn new(runtime: &'static Runtime) -> Caller {
        let mut state = runtime.quiet.lock();
        state.next += 1;
        Caller {
            runtime,
            number: state.next,
        }
    }

    /// It is being polled with `waker`. To be called in each poll.
    pub(crate) fn polled(&self, waker: &Waker) {
        let waker = waker.clone();
        let mut state = self.runtime.quiet.lock();
        let place = (state.callers.iter()).position(|&(number, _)| number == self.number);
        let before = place.map(|place| state.callers.swap_remove(place));
        state.callers.push((self.number, waker));
        if let Some((_, worker)) = context::current() {
            let tick = worker.own.tick.load(Ordering::Relaxed);
            if state.last.len() <= worker.index {
                state.last.resize(worker.index + 1, 0);
            }
            // Two who ask in the same task do so in the same tick.
            if std::mem::replace(&mut state.last[worker.index], tick) != tick {
                state.looks += 1;
            }
        }
        drop(state);
        drop(before);
    }

    /// A first look. `None`: it is not quiet.
    pub(crate) fn look(&self) -> Option<Look> {
        let runs = quiet_runs(self.runtime)?;
        let look = Look {
            runs,
            parks: self
                .runtime
                .workers()
                .iter()
                .map(|worker| worker.own.counts.parks())
                .collect(),
            caller: context::current().map(|(_, worker)| worker.index),
        };
        for worker in self.runtime.workers() {
            if Some(worker.index) != look.caller {
                worker.unpark();
            }
        }
        Some(look)
    }

    /// Whether it has been quiet since `look`, and is.
    pub(crate) fn holds(&self, look: &Look) -> bool {
        let workers = self.runtime.workers();
        let here = context::current().map(|(_, worker)| worker.index);
        let all_came = look.parks.len() == workers.len()
            && workers.iter().zip(&look.parks).all(|(worker, &before)| {
                let called = Some(worker.index) != look.caller;
                !called || Some(worker.index) == here || worker.own.counts.parks() != before
            });
        // Parked once more, after it was awake.
        fence(Ordering::SeqCst);
        all_came && quiet_runs(self.runtime) == Some(look.runs)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut state = self.runtime.quiet.lock();
        let place = (state.callers.iter()).position(|&(number, _)| number == self.number);
        let waker = place.map(|place| state.callers.swap_remove(place));
        drop(state);
        drop(waker);
    }
}

/// What a first look has found.
pub(crate) struct Look {
    runs: u64,
    parks: Vec<u64>,
    /// The worker of whoever looked, which has not been called.
    caller: Option<usize>,
}

/// How many tasks have been run, if it looks quiet now.
fn quiet_runs(runtime: &Runtime) -> Option<u64> {
    let state = runtime.quiet.lock();
    let looks = state.looks;
    let callers: Vec<_> = state
        .callers
        .iter()
        .map(|(_, waker)| waker.clone())
        .collect();
    drop(state);
    let here = context::current().map(|(_, worker)| worker.index);
    let parked = || {
        let mut others = runtime
            .workers()
            .iter()
            .filter(|worker| Some(worker.index) != here);
        others.all(|worker| runtime.idle.is_parked(worker.index))
    };
    let runs = || -> u64 {
        let ticks = runtime
            .every_worker()
            .map(|worker| worker.own.tick.load(Ordering::Relaxed));
        ticks.fold(0, u64::wrapping_add).wrapping_sub(looks)
    };
    if !parked() {
        return None;
    }
    // Behind the fence with which each of them parked.
    fence(Ordering::SeqCst);
    let before = runs();
    let has_work = runtime.every_worker().any(|worker| {
        !(worker.ring.is_empty()
            && worker.own.next.is_empty()
            && worker.spill.is_empty()
            && worker.inbox.is_empty())
    });
    let blocking = blocking::load();
    let waits = runtime
        .every_worker()
        .any(|worker| worker.reactor.is_awaited_besides(&callers))
        || leno_reactor::guests().is_awaited_besides(&callers);
    if has_work || blocking.busy > 0 || blocking.queued > 0 || waits {
        return None;
    }
    // Somebody may have been woken and have parked again meanwhile.
    fence(Ordering::SeqCst);
    let still = parked();
    fence(Ordering::SeqCst);
    (still && runs() == before).then_some(before)
}
