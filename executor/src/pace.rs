//! Whether a worker's tasks are so short that to move one costs more than to run it.
//!
//! A task that another worker takes brings its state along, one cache line after the other, and what it shares with those that
//! stay goes to and fro from then on. Waking the other worker costs some microseconds on both sides. So spare work is
//! told of, and may be stolen, only if it is worth that: a worker that has just run a number of tasks in a row, each in
//! less time than [`WORTH_MOVING`], is *brisk*, and keeps what it has.
//!
//! Nothing is known of a worker that has slept, and it is not brisk: the first tasks of a burst spread as they come. What a
//! brisk worker keeps while one task takes unexpectedly long, the sentry takes over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a task must take, on average, to be worth moving: some cache misses, and the share of a wake-up.
const WORTH_MOVING: Duration = Duration::from_nanos(500);

/// What others see of a worker's pace. Part of the worker.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Written by the worker's thread alone; read by whoever would tell of its work or take it. Relaxed: who is out of date
    /// moves a task in vain, or leaves it to its owner.
    brisk: AtomicBool,
}

impl Pace {
    /// Whether what the worker has should stay there.
    pub(crate) fn is_brisk(&self) -> bool {
        self.brisk.load(Ordering::Relaxed)
    }

    /// The worker stops to run its tasks for a while: others should.
    pub(crate) fn slacken(&self) {
        self.set(false);
    }

    fn set(&self, brisk: bool) {
        // A look first: the line is shared with thieves.
        if self.is_brisk() != brisk {
            self.brisk.store(brisk, Ordering::Relaxed);
        }
    }
}

/// How a worker measures its pace. Owned by its loop.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    /// When it was last looked at, unless the worker has slept since.
    last: Option<Instant>,
}

impl Stopwatch {
    /// The worker has run `tasks` tasks since the last call. True if it was brisk and is no more: what it kept is to be told
    /// of.
    pub(crate) fn lap(&mut self, pace: &Pace, tasks: u32, now: Instant) -> bool {
        let was_brisk = pace.is_brisk();
        if let Some(last) = self.last.replace(now) {
            let each = now.saturating_duration_since(last) / tasks.max(1);
            pace.set(each < WORTH_MOVING);
        }
        was_brisk && !pace.is_brisk()
    }

    /// The worker has slept.
    pub(crate) fn reset(&mut self, pace: &Pace) {
        self.last = None;
        pace.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_tasks_in_a_row_make_a_worker_brisk_and_a_sleep_or_a_long_one_ends_it() {
        let (pace, mut watch) = (Pace::default(), Stopwatch::default());
        let mut now = Instant::now();
        assert!(
            !watch.lap(&pace, 61, now) && !pace.is_brisk(),
            "nothing is known"
        );
        now += WORTH_MOVING * 60;
        assert!(!watch.lap(&pace, 61, now) && pace.is_brisk());
        now += WORTH_MOVING * 62;
        assert!(watch.lap(&pace, 61, now) && !pace.is_brisk());
        now += WORTH_MOVING;
        assert!(!watch.lap(&pace, 61, now) && pace.is_brisk());
        watch.reset(&pace);
        assert!(!pace.is_brisk());
        now += WORTH_MOVING;
        assert!(!watch.lap(&pace, 61, now) && !pace.is_brisk());
    }
}
