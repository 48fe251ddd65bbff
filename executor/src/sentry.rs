//! The watch: a task that blocks its thread delays the others by some milliseconds, not for ever.
//!
//! While any worker runs, one parked worker, the sentry, sleeps with a time-out. When it wakes and a worker's tick has
//! not moved since its last look, it takes what that worker has: its queues, its events, its timers. When nothing has
//! moved and nobody runs, it goes off duty and sleeps for ever, so an idle program makes no system call. A worker that
//! wakes into an unguarded runtime puts somebody on duty before it runs its first task, unless a parked one will wake for a
//! timer of its own before a sentry would look. If all are busy, each looks at the others now and then.
//!
//! Safety is paid for here and not by the workers: they only count.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use leno_reactor::Batch;

use crate::context;
use crate::observe;
use crate::runtime::Runtime;
use crate::worker::Worker;

/// How long the sentry sleeps: short at first, then less and less often.
const PERIODS: [Duration; 3] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    LONGEST_PERIOD,
];

pub(crate) const LONGEST_PERIOD: Duration = Duration::from_millis(10);

/// How many tasks the sentry takes out of a stuck worker's spill and inbox at once.
const QUEUE_BATCH: usize = 256;

/// How many tasks in its own ring are enough for the sentry: it must not take more than others can take from it.
const ENOUGH: usize = 128;

/// One worker's notes for its watches. Owned by its loop.
pub(crate) struct Watch {
    /// The tick of each worker at the last look.
    seen: Vec<u64>,
    /// Which of `PERIODS` comes next.
    period: usize,
    /// Whether a tick had moved, or somebody ran, at the last look.
    lively: bool,
    last_look: Option<Instant>,
    batch: Option<Batch>,
}

impl Watch {
    pub(crate) fn new(runtime: &Runtime) -> Watch {
        Watch {
            seen: vec![0; runtime.capacity()],
            period: 0,
            lively: true,
            last_look: None,
            batch: None,
        }
    }

    /// How long `worker`, which is about to park, may sleep.
    pub(crate) fn before_sleep(&mut self, runtime: &Runtime, worker: usize) -> Option<Duration> {
        let was_on_duty = runtime.duty.holder() == Some(worker);
        let on_duty = runtime.workers().len() >= 2
            && runtime
                .duty
                .keep(worker, self.lively, || runtime.anyone_awake());
        if !on_duty {
            self.period = 0;
            self.lively = true;
            return None;
        }
        if !was_on_duty {
            self.period = 0;
            self.lively = true;
            self.note(runtime);
        }
        Some(PERIODS[self.period])
    }

    /// After a sleep of `worker`: looks, if it is the sentry.
    pub(crate) fn after_sleep(&mut self, runtime: &'static Runtime, worker: &'static Worker) {
        if runtime.duty.holder() == Some(worker.index) {
            self.period = (self.period + 1).min(PERIODS.len() - 1);
            self.lively = self.look(runtime, worker, ENOUGH);
        }
    }

    /// The look of a busy worker when nobody is parked, at most once in the shortest period.
    pub(crate) fn look_when_all_are_busy(
        &mut self,
        runtime: &'static Runtime,
        worker: &'static Worker,
        now: Instant,
    ) {
        if runtime.idle.any_parked() {
            return;
        }
        match self.last_look {
            Some(last) if now.saturating_duration_since(last) < LONGEST_PERIOD => {}
            Some(_) => {
                self.last_look = Some(now);
                // It has work of its own, and what stands still for so long may be a task that is nearly done: half of what is
                // there is taken, once.
                self.look(runtime, worker, 1);
            }
            None => {
                self.last_look = Some(now);
                self.note(runtime);
            }
        }
    }

    /// Remembers where everybody is.
    fn note(&mut self, runtime: &Runtime) {
        for (seen, other) in self.seen.iter_mut().zip(runtime.workers()) {
            *seen = other.own.tick.load(Ordering::Relaxed);
        }
    }

    /// Takes over from every worker that stands still, until `enough` is taken. True if anything moved since the last look.
    fn look(&mut self, runtime: &'static Runtime, worker: &'static Worker, enough: usize) -> bool {
        let mut lively = false;
        for other in runtime.workers() {
            let tick = other.own.tick.load(Ordering::Relaxed);
            let moved = std::mem::replace(&mut self.seen[other.index], tick) != tick;
            lively |= moved;
            if other.index != worker.index && !moved && !runtime.idle.is_parked(other.index) {
                lively = true;
                observe::warn(runtime, other);
                self.relieve(other, worker, enough);
            }
        }
        runtime.hint_of(worker);
        lively
    }

    /// Takes what `stuck` has and can't get at. `worker` is the calling thread's.
    fn relieve(&mut self, stuck: &Worker, worker: &'static Worker, enough: usize) {
        // SAFETY: the calling thread is `worker`, and so the owner of its ring; what is taken from `stuck` may be taken
        // by anybody.
        unsafe {
            while let Some(runnable) = stuck.ring.steal_into(&worker.ring) {
                worker.push(runnable);
                if worker.ring.len() >= enough {
                    break;
                }
            }
            if let Some(runnable) = stuck.own.next.take() {
                worker.push(runnable);
            }
            for _ in 0..QUEUE_BATCH {
                let Some(runnable) = stuck.spill.pop().or_else(|| stuck.inbox.pop()) else {
                    break;
                };
                worker.push(runnable);
            }
        }
        // Its wakers are called here, so the tasks that they wake come to `worker`, and run next: they have waited.
        let batch = self.batch.get_or_insert_with(Batch::new);
        context::in_task(|| stuck.reactor.turn(batch));
    }
}
