//! How long a worker's tasks take, and so whether what waits in its queue is worth another worker's trouble.
//!
//! A task that another worker takes brings its state along, one cache line after the other, and what it shares with those that
//! stay goes to and fro from then on. To wake that worker costs some microseconds on both sides. So work is gathered, and
//! spread when there is reason to:
//!
//! - A worker whose tasks are shorter than [`WORTH_MOVING`] is *brisk*, and keeps them all.
//! - Others are told of a backlog, and may steal from it, if it will take longer than [`WORTH_WAKING`], by what tasks took so far.
//! - That may be wrong. A backlog that has been there for [`WORTH_WAKING`] in fact is told of, whatever was expected, and what a
//!   single task keeps waiting for longer is taken over by the sentry.
//!
//! Of a worker that has run nothing yet the worst is expected, so the first tasks of a program spread as they come.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What a task must take to be worth moving: some cache misses, and its share of a wake-up.
const WORTH_MOVING: Duration = Duration::from_nanos(500);

/// What a backlog must take to be worth waking another thread, which takes it some ten microseconds to come.
const WORTH_WAKING: Duration = Duration::from_micros(100);

/// How long a busy worker may go without a look at its timers, its sockets and its inbox, but for the task that it runs.
const LOOK_PERIOD: Duration = Duration::from_millis(1);

/// After how many tasks a worker looks at the clock at the latest, however short they are.
const TASKS_PER_LAP: u64 = 16;

/// Nothing is known: tasks may take for ever.
const UNKNOWN: u32 = u32::MAX;

/// How many wake-ups there are for each one after which the tasks are timed.
const WAKES_PER_SAMPLE: u32 = 8;

/// How long the tasks of one worker take. Part of the worker.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Nanoseconds a task takes, a moving average. Written by the worker's thread alone; read by whoever would tell of its
    /// work or take it. Relaxed: who is out of date moves a task in vain, or leaves it to its owner.
    mean: AtomicU32,
}

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace {
            mean: AtomicU32::new(UNKNOWN),
        }
    }

    /// Whether tasks are too short to be moved.
    #[inline]
    pub(crate) fn is_brisk(&self) -> bool {
        self.mean() < WORTH_MOVING.as_nanos() as u64
    }

    /// Whether a backlog of so many tasks is worth being taken by somebody else.
    #[inline]
    pub(crate) fn is_worth_taking(&self, tasks: usize) -> bool {
        !self.is_brisk() && self.mean() * tasks as u64 >= WORTH_WAKING.as_nanos() as u64
    }

    /// After how many tasks to look at the clock: before the time for a look at everything else is over, as far as can be known.
    pub(crate) fn tasks_per_lap(&self) -> u32 {
        let tasks = LOOK_PERIOD.as_nanos() as u64 / self.mean().max(1);
        tasks.clamp(1, TASKS_PER_LAP) as u32
    }

    /// What was expected does not hold: whatever waits may be taken.
    pub(crate) fn forget(&self) {
        self.mean.store(UNKNOWN, Ordering::Relaxed);
    }

    fn mean(&self) -> u64 {
        u64::from(self.mean.load(Ordering::Relaxed))
    }

    /// `tasks` tasks took so long.
    fn add(&self, tasks: u32, time: Duration) {
        let Some(each) = time.as_nanos().checked_div(u128::from(tasks)) else {
            return;
        };
        let each = u32::try_from(each).unwrap_or(UNKNOWN - 1);
        let mean = match self.mean.load(Ordering::Relaxed) {
            UNKNOWN => each,
            // Three parts old to one part new; a sum of four fits.
            mean => ((u64::from(mean) * 3 + u64::from(each)) / 4) as u32,
        };
        self.mean.store(mean, Ordering::Relaxed);
    }
}

/// How a worker times its tasks. Owned by its loop.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    /// When the stretch began that is being timed, if one is: it ends when the worker sleeps.
    started: Option<Instant>,
    /// How many tasks were run in it.
    tasks: u32,
    wakes: u32,
    /// When the worker last looked at everything, or slept. `None`: it has slept since the last lap.
    last_look: Option<Instant>,
    /// Since when there has been a backlog that nobody was told of.
    backlog_since: Option<Instant>,
}

impl Stopwatch {
    /// The worker is about to run a task.
    #[inline]
    pub(crate) fn count(&mut self) {
        self.tasks = self.tasks.wrapping_add(1);
    }

    /// The worker has been busy for some tasks, and looks at the clock. True if a look at everything else is due as well.
    pub(crate) fn lap(&mut self, pace: &Pace, now: Instant) -> bool {
        if let Some(started) = self.started {
            pace.add(self.tasks, now.saturating_duration_since(started));
        }
        self.started = Some(now);
        self.tasks = 0;
        let last_look = *self.last_look.get_or_insert(now);
        now.saturating_duration_since(last_look) >= LOOK_PERIOD
    }

    /// The worker looks at everything.
    pub(crate) fn look(&mut self, now: Instant) {
        self.last_look = Some(now);
    }

    /// The worker has woken up.
    pub(crate) fn start(&mut self, pace: &Pace) {
        self.tasks = 0;
        self.last_look = None;
        self.backlog_since = None;
        self.wakes = self.wakes.wrapping_add(1);
        let sample = self.wakes % WAKES_PER_SAMPLE == 0 || pace.mean() == u64::from(UNKNOWN);
        self.started = sample.then(Instant::now);
    }

    /// The worker is about to sleep.
    pub(crate) fn stop(&mut self, pace: &Pace) {
        if let Some(started) = self.started.take() {
            pace.add(self.tasks, started.elapsed());
        }
    }

    /// There is a backlog that was not expected to be worth anybody's trouble. True if it lasts, and others should know.
    pub(crate) fn backlog_lasts(&mut self, pace: &Pace) -> bool {
        let now = Instant::now();
        let since = *self.backlog_since.get_or_insert(now);
        let lasts = now.saturating_duration_since(since) >= WORTH_WAKING;
        if lasts {
            pace.forget();
            self.backlog_since = None;
        }
        lasts
    }

    /// There is no backlog.
    #[inline]
    pub(crate) fn no_backlog(&mut self) {
        self.backlog_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_as_long_as_nothing_is_known() {
        let pace = Pace::new();
        assert!(!pace.is_brisk() && pace.is_worth_taking(1));
        pace.add(0, Duration::ZERO);
        assert!(pace.is_worth_taking(1), "no task tells nothing");
    }

    #[test]
    fn short_tasks_stay_and_long_ones_go() {
        let pace = Pace::new();
        pace.add(61, Duration::from_nanos(100) * 61);
        assert!(pace.is_brisk() && !pace.is_worth_taking(1_000_000));
        for _ in 0..20 {
            pace.add(10, Duration::from_micros(5) * 10);
        }
        assert!(!pace.is_brisk());
        assert!(!pace.is_worth_taking(10) && pace.is_worth_taking(30));
        for _ in 0..20 {
            pace.add(1, Duration::from_secs(100));
        }
        assert!(pace.is_worth_taking(1));
        pace.add(1000, Duration::ZERO);
        pace.forget();
        assert!(pace.is_worth_taking(1));
    }

    #[test]
    fn long_tasks_are_timed_one_by_one() {
        let pace = Pace::new();
        assert_eq!(pace.tasks_per_lap(), 1, "nothing is known");
        pace.add(1, Duration::from_micros(1));
        assert_eq!(u64::from(pace.tasks_per_lap()), TASKS_PER_LAP);
        for _ in 0..20 {
            pace.add(1, LOOK_PERIOD / 4);
        }
        assert!((4..6).contains(&pace.tasks_per_lap()));
        for _ in 0..20 {
            pace.add(1, LOOK_PERIOD * 10);
        }
        assert_eq!(pace.tasks_per_lap(), 1);
    }

    #[test]
    fn a_look_is_due_when_its_time_has_come() {
        let (pace, mut watch) = (Pace::new(), Stopwatch::default());
        let mut now = Instant::now();
        assert!(!watch.lap(&pace, now), "it has just woken up");
        now += LOOK_PERIOD / 2;
        assert!(!watch.lap(&pace, now));
        now += LOOK_PERIOD / 2;
        assert!(watch.lap(&pace, now));
        watch.look(now);
        assert!(!watch.lap(&pace, now));
    }

    #[test]
    fn a_backlog_that_lasts_is_told_of() {
        let (pace, mut watch) = (Pace::new(), Stopwatch::default());
        pace.add(1, Duration::ZERO);
        assert!(!watch.backlog_lasts(&pace));
        std::thread::sleep(WORTH_WAKING);
        assert!(watch.backlog_lasts(&pace) && pace.is_worth_taking(1));
        pace.add(1, Duration::ZERO);
        assert!(!watch.backlog_lasts(&pace), "told once");
        std::thread::sleep(WORTH_WAKING);
        watch.no_backlog();
        assert!(!watch.backlog_lasts(&pace), "it was worked off");
    }
}
