//! How long a worker's tasks take, and so whether what waits in its queue is worth another worker's trouble.
//!
//! A task that another worker takes brings its state along, one cache line after the other, and what it shares with those that
//! stay goes to and fro from then on. To wake that worker costs some microseconds on both sides. So work is gathered, and
//! spread when there is reason to:
//!
//! - Tasks are timed apart while the worker is *alone*, all others parked, and while it has *company*. What a task takes alone
//!   is what it takes; what it takes more in company is the price of sharing. If that is too high, sharing does not pay, and for
//!   a while nothing is given away: two workers that wait for each other's locks look busy, and get less done than one.
//! - A backlog of tasks that are worth moving ([`WORTH_MOVING`]) is told of if it will take longer than [`WORTH_WAKING`].
//! - Shorter tasks are kept, unless there are so many, for so long, that the worker is *swamped*.
//! - A worker whose tasks were never timed alone gives nothing away until they are: those who would take it step aside, which
//!   takes some tasks' time. Unless its tasks are so long that sharing can't be what makes them so.
//! - All this may be wrong. A backlog that has been there for [`WORTH_WAKING`] in fact is told of, whatever was expected, and
//!   what a single task keeps waiting for longer is taken over by the sentry.
//!
//! Of a worker that has run nothing yet the worst is expected, so the first tasks of a program spread as they come.
//!
//! The times are those of [`Stopwatch`](crate::stopwatch::Stopwatch).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// What a task must take to be worth moving: some cache misses, and its share of a wake-up.
const WORTH_MOVING: Duration = Duration::from_nanos(500);

/// What a backlog must take to be worth waking another thread, which takes it some ten microseconds to come.
pub(crate) const WORTH_WAKING: Duration = Duration::from_micros(100);

/// How many short tasks must wait, all the time, for a worker to be swamped.
pub(crate) const SWAMP: usize = 32;

/// Tasks that take longer than this do so by themselves, and not because two workers are in each other's way.
const SURELY_LONG: Duration = WORTH_WAKING;

/// How long a busy worker may go without a look at its timers, its sockets and its inbox, but for the task that it runs.
pub(crate) const LOOK_PERIOD: Duration = Duration::from_millis(1);

/// After how many tasks a worker looks at the clock at the latest, however short they are.
const TASKS_PER_LAP: u64 = 16;

/// Nothing is known: tasks may take for ever.
const UNKNOWN: u32 = u32::MAX;

/// Who was awake while tasks were timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awake {
    /// This worker alone.
    Alone,
    /// Others as well.
    Company,
}

/// How long the tasks of one worker take. Part of the worker.
///
/// Its fields are written by the worker's thread alone, and read by whoever would tell of its work or take it. All are
/// Relaxed: who is out of date moves a task in vain, or leaves it to its owner.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Nanoseconds a task takes, a moving average.
    mean: AtomicU32,
    /// The same, of those that ran while the worker was alone.
    alone: AtomicU32,
    /// The same, of those that ran while it was not.
    company: AtomicU32,
    /// Whether short tasks have been waiting in number for a while.
    swamped: AtomicBool,
}

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace {
            mean: AtomicU32::new(UNKNOWN),
            alone: AtomicU32::new(UNKNOWN),
            company: AtomicU32::new(UNKNOWN),
            swamped: AtomicBool::new(false),
        }
    }

    /// Whether a backlog of so many tasks is worth being taken by somebody else.
    #[inline]
    pub(crate) fn is_worth_taking(&self, tasks: usize) -> bool {
        let mean = self.mean.load(Ordering::Relaxed);
        if mean == UNKNOWN {
            return true;
        }
        let alone = self.alone.load(Ordering::Relaxed);
        if alone == UNKNOWN {
            return is_longer(mean, SURELY_LONG);
        }
        if is_longer(alone, WORTH_MOVING) {
            let all = u64::from(alone) * tasks as u64;
            all >= WORTH_WAKING.as_nanos() as u64 && self.sharing_pays()
        } else {
            tasks >= SWAMP && self.swamped.load(Ordering::Relaxed) && self.sharing_pays()
        }
    }

    /// Whether a backlog is better left to its owner, however long it lasts: the tasks are short, or sharing does not pay.
    pub(crate) fn keeps_all(&self) -> bool {
        let alone = self.alone.load(Ordering::Relaxed);
        !is_longer(alone, WORTH_MOVING) || !self.sharing_pays()
    }

    /// Whether two workers get more done than one, as far as is known: each of them, less by no more than a third.
    pub(crate) fn sharing_pays(&self) -> bool {
        let alone = self.alone.load(Ordering::Relaxed);
        let company = self.company.load(Ordering::Relaxed);
        alone == UNKNOWN || company == UNKNOWN || u64::from(company) * 2 <= u64::from(alone) * 3
    }

    /// After how many tasks to look at the clock: before the time for a look at everything else is over, as far as can be known.
    pub(crate) fn tasks_per_lap(&self) -> u32 {
        let mean = u64::from(self.mean.load(Ordering::Relaxed));
        let tasks = LOOK_PERIOD.as_nanos() as u64 / mean.max(1);
        tasks.clamp(1, TASKS_PER_LAP) as u32
    }

    /// What was expected does not hold: whatever waits may be taken.
    pub(crate) fn forget(&self) {
        self.mean.store(UNKNOWN, Ordering::Relaxed);
    }

    /// What was measured in the state `awake` is too long ago.
    pub(crate) fn expire(&self, awake: Awake) {
        self.of(awake).store(UNKNOWN, Ordering::Relaxed);
    }

    pub(crate) fn set_swamped(&self, swamped: bool) {
        if self.swamped.load(Ordering::Relaxed) != swamped {
            self.swamped.store(swamped, Ordering::Relaxed);
        }
    }

    /// Tasks took `each` on average.
    pub(crate) fn add(&self, each: Duration) {
        mix_in(&self.mean, each);
    }

    /// Tasks took `each` on average, all of them in the state `awake`.
    pub(crate) fn add_steady(&self, each: Duration, awake: Awake) {
        mix_in(self.of(awake), each);
    }

    fn of(&self, awake: Awake) -> &AtomicU32 {
        match awake {
            Awake::Alone => &self.alone,
            Awake::Company => &self.company,
        }
    }
}

fn is_longer(nanos: u32, than: Duration) -> bool {
    u128::from(nanos) >= than.as_nanos()
}

/// Three parts old to one part new; a sum of four fits.
fn mix_in(average: &AtomicU32, each: Duration) {
    let each = u32::try_from(each.as_nanos()).unwrap_or(UNKNOWN - 1);
    let mean = match average.load(Ordering::Relaxed) {
        UNKNOWN => each,
        mean => ((u64::from(mean) * 3 + u64::from(each)) / 4) as u32,
    };
    average.store(mean, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pace: &Pace, awake: Awake, nanos: u64) {
        for _ in 0..30 {
            pace.add(Duration::from_nanos(nanos));
            pace.add_steady(Duration::from_nanos(nanos), awake);
        }
    }

    #[test]
    fn nothing_is_kept_as_long_as_nothing_is_known() {
        let pace = Pace::new();
        assert!(pace.is_worth_taking(1));
        after(&pace, Awake::Alone, 10);
        assert!(!pace.is_worth_taking(1));
        pace.forget();
        assert!(pace.is_worth_taking(1));
    }

    #[test]
    fn tasks_are_kept_until_they_were_timed_alone_unless_they_are_long() {
        let pace = Pace::new();
        after(&pace, Awake::Company, 5_000);
        assert!(!pace.is_worth_taking(1000));
        after(&pace, Awake::Company, 1_000_000);
        assert!(pace.is_worth_taking(1));
    }

    #[test]
    fn short_tasks_stay_unless_there_are_too_many_for_long() {
        let pace = Pace::new();
        after(&pace, Awake::Alone, 100);
        assert!(!pace.is_worth_taking(1_000_000));
        pace.set_swamped(true);
        assert!(pace.is_worth_taking(SWAMP) && !pace.is_worth_taking(SWAMP - 1));
        pace.set_swamped(false);
        assert!(!pace.is_worth_taking(1_000_000));
    }

    #[test]
    fn long_tasks_go_if_they_are_worth_a_wake_up() {
        let pace = Pace::new();
        after(&pace, Awake::Alone, 5_000);
        assert!(!pace.is_worth_taking(10) && pace.is_worth_taking(30));
        after(&pace, Awake::Alone, 100_000_000_000);
        assert!(pace.is_worth_taking(1));
    }

    #[test]
    fn nothing_is_shared_at_a_loss() {
        let pace = Pace::new();
        after(&pace, Awake::Alone, 5_000);
        after(&pace, Awake::Company, 7_000);
        assert!(pace.is_worth_taking(100), "two get more done than one");
        after(&pace, Awake::Company, 10_000);
        assert!(!pace.is_worth_taking(100));
        pace.expire(Awake::Company);
        assert!(pace.is_worth_taking(100), "it may be tried again");
    }

    #[test]
    fn long_tasks_are_timed_one_by_one() {
        let pace = Pace::new();
        assert_eq!(pace.tasks_per_lap(), 1, "nothing is known");
        after(&pace, Awake::Alone, 1_000);
        assert_eq!(u64::from(pace.tasks_per_lap()), TASKS_PER_LAP);
        let look_period = LOOK_PERIOD.as_nanos() as u64;
        after(&pace, Awake::Alone, look_period / 4);
        assert!((4..6).contains(&pace.tasks_per_lap()));
        after(&pace, Awake::Alone, look_period * 10);
        assert_eq!(pace.tasks_per_lap(), 1);
    }
}
