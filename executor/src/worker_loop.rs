//! The loop that a worker's thread runs.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Instant;

use async_task::Runnable;
use leno_reactor::{Parker, budget};

use crate::contain::contain;
use crate::context;
use crate::crew::Crew;
use crate::pace::{Awake, SWAMP};
use crate::queue::Inbox;
use crate::root::Root;
use crate::running;
use crate::runtime::Runtime;
use crate::seeker::Seeker;
use crate::sentry::Watch;
use crate::stopwatch::Stopwatch;
use crate::worker::Worker;

/// After how many tasks without a sleep a busy worker looks at its inbox and its reactor, or soon after; earlier if they take
/// long, see `pace.rs`. A prime, so that it does not fall in step with the program.
const TASKS_PER_LOOK: u32 = 61;

/// How many tasks in a row may come from the next-slot: two tasks that wake each other must not starve the rest.
const NEXT_IN_A_ROW: u32 = 3;

/// How many workers a busy one compares itself with in a millisecond. Each is some cache misses; those that it leaves out are
/// compared by others, or a millisecond later.
const EVENED_AT_ONCE: usize = 8;

/// How many tasks are moved from the spill or the inbox to the ring at once, where others can steal half of them with one
/// exchange.
const BATCH: usize = 32;

/// How many tasks a worker takes over from one that has far more to do. Of a backlog that is about to end, as that of a million
/// new tasks is, much more would go to and fro.
const AT_ONCE: usize = 128;

/// Why a worker's loop ended.
pub(crate) enum Outcome<F: Future> {
    /// The runtime was told to stop. Here is the root future, if there was one.
    Stopped(Option<Root<F>>),
    /// The root future is ready.
    Ready(F::Output),
    /// Another thread is this worker.
    Taken,
}

/// Runs `worker` on the calling thread until the runtime stops, or until `root` is ready.
pub(crate) fn run<F: Future>(
    runtime: &'static Runtime,
    worker: &'static Worker,
    mut root: Option<Root<F>>,
) -> Outcome<F> {
    let Some(parker) = worker.take_parker() else {
        return Outcome::Taken;
    };
    let entered = leno_reactor::enter(worker.reactor.clone());
    context::become_worker(runtime, worker);
    let mut tenure = Tenure {
        worker,
        parker: Some(parker),
        _entered: entered,
    };
    let mut this = Loop {
        runtime,
        worker,
        parker: tenure.parker.as_mut().expect("given back by the drop"),
        tick: worker.own.tick.load(Ordering::Relaxed),
        since_look: 0,
        until_lap: 0,
        lap_length: 0,
        next_in_a_row: 0,
        seeker: Seeker::new(worker.index),
        fresh: true,
        random: fastrand::Rng::new(),
        watch: Watch::new(runtime),
        stopwatch: Stopwatch::new(),
    };
    // First of all, or tasks that always yield would keep the worker for ever.
    while !runtime.is_stopping() {
        if let Some(root) = &mut root {
            if root.is_woken() {
                this.begin_work();
                if let Some(output) = context::in_task(|| root.poll()) {
                    return Outcome::Ready(output);
                }
            }
        }
        match this.find() {
            Some(runnable) => this.run(runnable),
            None => this.park(root.as_ref().is_some_and(Root::may_be_woken)),
        }
    }
    this.seeker.stop(&runtime.idle);
    Outcome::Stopped(root)
}

/// The time during which the calling thread is the worker. Ends also when the root future panics.
struct Tenure {
    worker: &'static Worker,
    parker: Option<Parker>,
    _entered: leno_reactor::Entered,
}

impl Drop for Tenure {
    fn drop(&mut self) {
        context::resign();
        self.worker.give_back(self.parker.take());
    }
}

/// What only the worker's own thread knows.
struct Loop<'t> {
    runtime: &'static Runtime,
    worker: &'static Worker,
    parker: &'t mut Parker,
    tick: u64,
    /// How many tasks it has run since it last looked at its inbox and its reactor.
    since_look: u32,
    /// How many tasks it will run before it looks at the clock.
    until_lap: u32,
    /// How many it was to run after its last look. Twice as many at most after the next, and one after a sleep: tasks that were
    /// short say little of those to come.
    lap_length: u32,
    next_in_a_row: u32,
    seeker: Seeker,
    /// Whether it has not run anything since it last slept.
    fresh: bool,
    random: fastrand::Rng,
    watch: Watch,
    stopwatch: Stopwatch,
}

impl Loop<'_> {
    /// Runs one task. Whatever panics in it, the worker goes on: `async-task` has stored the panic for whoever awaits
    /// the task, and what is caught here comes from destructors.
    fn run(&mut self, runnable: Runnable) {
        self.begin_work();
        budget::refill();
        context::in_task(|| {
            contain(|| {
                running::run(runnable);
            })
        });
    }

    /// Before anything is run: looks no longer for work, and shows that the worker is alive.
    fn begin_work(&mut self) {
        let worker = self.worker;
        self.seeker.begin_work(self.runtime, || worker.spare());
        self.begin_turn();
        self.since_look += 1;
        self.stopwatch.count();
        self.until_lap = self.until_lap.saturating_sub(1);
        self.tick += 1;
        self.worker.own.tick.store(self.tick, Ordering::Relaxed);
    }

    /// Before anything is run after a sleep: sees to it that somebody watches.
    #[inline]
    fn begin_turn(&mut self) {
        if std::mem::take(&mut self.fresh) {
            let (runtime, index) = (self.runtime, self.worker.index);
            let sentry = (runtime.duty).arm(&runtime.idle, index, || runtime.anyone_wakes_soon());
            if let Some(sentry) = sentry {
                runtime.wake(sentry);
            }
            // Who knows what it will run now.
            (self.lap_length, self.until_lap) = (0, 1);
        }
    }

    /// The next task to run, if there is any that this worker can reach.
    fn find(&mut self) -> Option<Runnable> {
        if self.until_lap == 0 {
            if let Some(runnable) = self.lap() {
                return Some(runnable);
            }
        }
        if self.next_in_a_row < NEXT_IN_A_ROW {
            if let Some(runnable) = self.worker.own.next.take() {
                self.next_in_a_row += 1;
                return Some(runnable);
            }
        }
        self.next_in_a_row = 0;
        self.tell_of_backlog();
        // SAFETY: this thread is the worker, and so the owner of its ring.
        let own = unsafe { self.worker.ring.pop() };
        own.or_else(|| self.worker.own.next.take())
            .or_else(|| self.refill(&self.worker.spill))
            .or_else(|| self.refill(&self.worker.inbox))
            .or_else(|| self.search())
    }

    /// Looks at the clock, and at everything else if that is due.
    fn lap(&mut self) -> Option<Runnable> {
        if self.lap_length == 0 && !self.worker.has_queued() {
            // Most sleeps end for one task. If another one comes from elsewhere, the look is after that.
            (self.lap_length, self.until_lap) = (1, 1);
            return None;
        }
        let now = Instant::now();
        let worker = self.worker;
        let queued = worker.ring.len();
        let awake = self.runtime.awake_beside(worker);
        let look_is_due = self.stopwatch.lap(&worker.pace, now, awake, queued);
        self.lap_length = (self.lap_length * 2).clamp(1, worker.pace.tasks_per_lap());
        self.until_lap = self.lap_length;
        if look_is_due && awake == Awake::Company {
            self.even_out();
        }
        if look_is_due || self.since_look >= TASKS_PER_LOOK {
            self.look_around(now)
        } else {
            None
        }
    }

    /// What a busy worker does now and then: looks at the reactor, the others, and its inbox.
    fn look_around(&mut self, now: Instant) -> Option<Runnable> {
        let (runtime, worker) = (self.runtime, self.worker);
        self.since_look = 0;
        self.stopwatch.look(now);
        // As in a task: what an event wakes runs next. It has waited for as long as this worker did not look.
        context::in_task(|| self.parker.turn());
        if runtime.workers().len() >= 2 {
            self.watch.look_when_all_are_busy(runtime, worker, now);
        }
        worker.inbox.pop().or_else(|| worker.spill.pop())
    }

    /// Sees to it that a backlog does not last while others sleep, though it was not expected to.
    fn tell_of_backlog(&mut self) {
        let (runtime, worker) = (self.runtime, self.worker);
        // Each hint is tried once more here, for the tasks that the worker runs may be longer than those that it has run.
        if worker.ring.len() < 2 || worker.pace.keeps_all() || !runtime.idle.wants_hint() {
            self.stopwatch.no_backlog();
        } else if self.stopwatch.backlog_lasts(&worker.pace) {
            runtime.hint(worker.ring.len());
        }
    }

    /// Takes over from a worker that has far more to do than this one. Who runs dry takes half of a ring; but tasks that yield and
    /// never end keep both busy, however few they are.
    fn even_out(&mut self) {
        let own = self.worker.ring.len() + self.worker.spill.len();
        let workers = self.runtime.workers();
        let start = self.random.usize(..workers.len());
        let (before, from) = workers.split_at(start);
        for other in from.iter().chain(before).take(EVENED_AT_ONCE) {
            let backlog = other.ring.len() + other.spill.len();
            if backlog > own * 2 + SWAMP && other.pace.is_worth_taking(backlog) {
                for _ in 0..((backlog - own) / 2).min(AT_ONCE) {
                    let Some(runnable) = other.spill.pop() else {
                        break;
                    };
                    // SAFETY: this thread is the worker.
                    unsafe { self.worker.push(runnable) };
                }
                return;
            }
        }
    }

    /// Moves tasks from `queue` to the ring, and returns the first.
    fn refill(&self, queue: &Inbox<Runnable>) -> Option<Runnable> {
        let first = queue.pop()?;
        for _ in 1..BATCH {
            let Some(runnable) = queue.pop() else {
                break;
            };
            // SAFETY: this thread is the worker.
            unsafe { self.worker.push(runnable) };
        }
        self.runtime.hint_of(self.worker);
        Some(first)
    }

    /// Looks for work at the other workers, starting anywhere, unless enough others do.
    fn search(&mut self) -> Option<Runnable> {
        let workers = self.runtime.workers();
        if workers.len() < 2 {
            return None;
        }
        let found = self.seeker.search(&self.runtime.idle, || {
            let start = self.random.usize(..workers.len());
            let (before, from) = workers.split_at(start);
            from.iter()
                .chain(before)
                .filter(|other| other.index != self.worker.index)
                .find_map(|other| {
                    // Who parks has emptied its queues; the mask tells so in one look for all, where theirs are far apart. Not so
                    // its inbox, for which somebody else may have been called.
                    if self.runtime.idle.is_parked(other.index) {
                        return other.inbox.pop();
                    }
                    let backlog = other.ring.len() + other.spill.len();
                    let own = if other.pace.is_worth_taking(backlog) {
                        // SAFETY: this thread is the worker, and so the owner of the ring that is stolen into.
                        unsafe { other.ring.steal_into(&self.worker.ring) }
                            .or_else(|| other.spill.pop())
                    } else {
                        None
                    };
                    own.or_else(|| other.inbox.pop())
                })
        });
        if found.is_some() {
            self.worker.own.counts.stole();
        }
        found
    }

    /// Sleeps until there is something to do.
    fn park(&mut self, root_may_be_woken: bool) {
        let (runtime, worker) = (self.runtime, self.worker);
        let slept = self.seeker.park(
            runtime,
            // The own inbox, too: a worker that has only just been started is not among those that are asked for mail.
            || root_may_be_woken || runtime.is_stopping() || !worker.inbox.is_empty(),
            || {
                self.stopwatch
                    .stop(&worker.pace, runtime.awake_beside(worker));
                let limit = self.watch.before_sleep(runtime, worker.index);
                if self.parker.sleep(limit) {
                    // A worker that sleeps between its tasks makes one call a sleep and none beside it.
                    self.since_look = 0;
                }
            },
        );
        if slept {
            worker.own.counts.slept(self.seeker.was_called());
            self.fresh = true;
            self.stopwatch
                .start(&worker.pace, runtime.awake_beside(worker));
            self.watch.after_sleep(runtime, worker);
            self.wake_all();
            self.parker.leave();
        }
    }

    /// Calls the wakers that a sleep has brought. Not before the worker shows that it is awake, and is watched: a waker may run a
    /// task on the spot, and that may block.
    fn wake_all(&mut self) {
        if self.parker.has_wakers() {
            self.begin_turn();
            self.parker.wake_all();
        }
    }
}
