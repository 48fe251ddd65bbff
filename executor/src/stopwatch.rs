//! How a worker times its tasks, and what follows from the time that has passed.

use std::time::{Duration, Instant};

use crate::pace::{Awake, LOOK_PERIOD, Pace, SWAMP, WORTH_WAKING};

/// How many wake-ups there are for each one after which the tasks are timed.
const WAKES_PER_SAMPLE: u32 = 8;

/// How long short tasks must wait in number for their worker to be swamped.
const SWAMPED_AFTER: Duration = Duration::from_millis(1);

/// How long what was measured alone, or in company, is believed.
const BELIEVED_FOR: Duration = Duration::from_millis(100);

/// How long at most it is believed that sharing does not pay. Each attempt that confirms it doubles the time to the next.
const BELIEVED_AT_MOST: Duration = Duration::from_secs(2);

/// What one worker knows of time. Owned by its loop.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    /// When the stretch began that is being timed, if one is, and who was awake then. It ends when the worker sleeps.
    started: Option<(Instant, Awake)>,
    /// How many tasks were run in it.
    tasks: u32,
    /// What a task took in the stretch before. Whoever else the OS runs on this processor makes one stretch long now and then,
    /// and seldom two in a row.
    each_before: Duration,
    wakes: u32,
    /// When the worker last looked at everything, or slept. `None`: it has slept since the last lap.
    last_look: Option<Instant>,
    /// Since when there has been a backlog that nobody was told of.
    backlog_since: Option<Instant>,
    /// Since when there have been many tasks, however short.
    many_since: Option<Instant>,
    alone_until: Option<Instant>,
    company_until: Option<Instant>,
    /// For how long the next measurement in company will be believed.
    patience: Duration,
}

impl Stopwatch {
    pub(crate) fn new() -> Stopwatch {
        Stopwatch {
            started: None,
            tasks: 0,
            each_before: Duration::MAX,
            wakes: 0,
            last_look: None,
            backlog_since: None,
            many_since: None,
            alone_until: None,
            company_until: None,
            patience: BELIEVED_FOR,
        }
    }

    /// The worker is about to run a task.
    #[inline]
    pub(crate) fn count(&mut self) {
        self.tasks = self.tasks.wrapping_add(1);
    }

    /// The worker has been busy for some tasks, and looks at the clock; `queued` are in its ring. True if a look at everything
    /// else is due as well.
    pub(crate) fn lap(&mut self, pace: &Pace, now: Instant, awake: Awake, queued: usize) -> bool {
        self.expire(pace, now);
        self.measure(pace, now, awake);
        self.started = Some((now, awake));
        self.tasks = 0;
        if queued < SWAMP {
            self.many_since = None;
            pace.set_swamped(false);
        } else {
            let since = *self.many_since.get_or_insert(now);
            pace.set_swamped(now.saturating_duration_since(since) >= SWAMPED_AFTER);
        }
        let last_look = *self.last_look.get_or_insert(now);
        now.saturating_duration_since(last_look) >= LOOK_PERIOD
    }

    /// The worker looks at everything.
    pub(crate) fn look(&mut self, now: Instant) {
        self.last_look = Some(now);
    }

    /// The worker has woken up.
    pub(crate) fn start(&mut self, pace: &Pace, awake: Awake) {
        self.tasks = 0;
        self.last_look = None;
        self.backlog_since = None;
        self.wakes = self.wakes.wrapping_add(1);
        let sample = self.wakes % WAKES_PER_SAMPLE == 0 || pace.tasks_per_lap() == 1;
        self.started = sample.then(|| (Instant::now(), awake));
    }

    /// The worker is about to sleep.
    pub(crate) fn stop(&mut self, pace: &Pace, awake: Awake) {
        if self.started.is_some() {
            self.measure(pace, Instant::now(), awake);
            self.started = None;
        }
        self.many_since = None;
        pace.set_swamped(false);
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

    fn measure(&mut self, pace: &Pace, now: Instant, awake: Awake) {
        let Some((started, awake_then)) = self.started else {
            return;
        };
        let Some(each) = now
            .saturating_duration_since(started)
            .checked_div(self.tasks)
        else {
            return;
        };
        pace.add(each);
        let each = std::mem::replace(&mut self.each_before, each).min(each);
        if awake != awake_then {
            return;
        }
        pace.add_steady(each, awake);
        match awake {
            Awake::Alone => self.alone_until = Some(now + BELIEVED_FOR),
            Awake::Company => {
                self.patience = if pace.sharing_pays() {
                    BELIEVED_FOR
                } else if self.company_until.is_none() {
                    (self.patience * 2).min(BELIEVED_AT_MOST)
                } else {
                    self.patience
                };
                self.company_until = Some(now + self.patience);
            }
        }
    }

    /// Forgets what is too long ago.
    fn expire(&mut self, pace: &Pace, now: Instant) {
        for (until, awake) in [
            (&mut self.alone_until, Awake::Alone),
            (&mut self.company_until, Awake::Company),
        ] {
            if until.is_some_and(|until| now >= until) {
                *until = None;
                pace.expire(awake);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lap of ten tasks of `nanos` each. True if a look at everything is due.
    fn lap(
        watch: &mut Stopwatch,
        pace: &Pace,
        now: &mut Instant,
        nanos: u64,
        queued: usize,
    ) -> bool {
        lap_in(Awake::Alone, watch, pace, now, nanos, queued)
    }

    fn lap_in(
        awake: Awake,
        watch: &mut Stopwatch,
        pace: &Pace,
        now: &mut Instant,
        nanos: u64,
        queued: usize,
    ) -> bool {
        for _ in 0..10 {
            watch.count();
        }
        *now += Duration::from_nanos(nanos * 10);
        watch.lap(pace, *now, awake, queued)
    }

    #[test]
    fn a_look_is_due_when_its_time_has_come() {
        let (pace, mut watch, mut now) = (Pace::new(), Stopwatch::new(), Instant::now());
        let half = LOOK_PERIOD.as_nanos() as u64 / 20;
        assert!(
            !lap(&mut watch, &pace, &mut now, half, 0),
            "it has just woken up"
        );
        assert!(!lap(&mut watch, &pace, &mut now, half, 0));
        assert!(lap(&mut watch, &pace, &mut now, half, 0));
        watch.look(now);
        assert!(!lap(&mut watch, &pace, &mut now, half, 0));
    }

    #[test]
    fn a_backlog_that_lasts_is_told_of() {
        let (pace, mut watch) = (Pace::new(), Stopwatch::new());
        pace.add(Duration::ZERO);
        assert!(!watch.backlog_lasts(&pace));
        std::thread::sleep(WORTH_WAKING);
        assert!(watch.backlog_lasts(&pace) && pace.is_worth_taking(1));
        pace.add(Duration::ZERO);
        assert!(!watch.backlog_lasts(&pace), "told once");
        std::thread::sleep(WORTH_WAKING);
        watch.no_backlog();
        assert!(!watch.backlog_lasts(&pace), "it was worked off");
    }

    #[test]
    fn a_crowd_of_short_tasks_swamps_a_worker_after_a_while() {
        let (pace, mut watch, mut now) = (Pace::new(), Stopwatch::new(), Instant::now());
        lap(&mut watch, &pace, &mut now, 100, SWAMP);
        lap(&mut watch, &pace, &mut now, 100, SWAMP);
        let since = now;
        while now - since < SWAMPED_AFTER - Duration::from_micros(2) {
            assert!(!pace.is_worth_taking(1_000), "not yet");
            lap(&mut watch, &pace, &mut now, 100, SWAMP);
        }
        for _ in 0..5 {
            lap(&mut watch, &pace, &mut now, 100, SWAMP);
        }
        assert!(pace.is_worth_taking(SWAMP));
        lap(&mut watch, &pace, &mut now, 100, SWAMP - 1);
        assert!(!pace.is_worth_taking(SWAMP), "it is over");
    }

    #[test]
    fn what_does_not_pay_is_tried_again_less_and_less_often() {
        let (pace, mut watch, mut now) = (Pace::new(), Stopwatch::new(), Instant::now());
        let mut waited = Vec::new();
        for _ in 0..6 {
            // Alone again after an attempt, until the next may be made.
            let start = now;
            while !pace.is_worth_taking(100) || waited.is_empty() && now == start {
                lap(&mut watch, &pace, &mut now, 5_000, 0);
                lap(&mut watch, &pace, &mut now, 5_000, 0);
            }
            waited.push(now - start);
            for _ in 0..3 {
                lap_in(Awake::Company, &mut watch, &pace, &mut now, 50_000, 0);
            }
            assert!(!pace.is_worth_taking(100));
        }
        assert!(waited[2] > waited[1] && waited[3] > waited[2], "{waited:?}");
        assert!(waited.iter().all(|&wait| wait <= BELIEVED_AT_MOST * 2));
    }

    #[test]
    fn one_stretch_that_somebody_else_made_long_says_nothing_about_company() {
        let (pace, mut watch, mut now) = (Pace::new(), Stopwatch::new(), Instant::now());
        for _ in 0..20 {
            lap(&mut watch, &pace, &mut now, 5_000, 0);
        }
        for _ in 0..20 {
            lap_in(Awake::Company, &mut watch, &pace, &mut now, 5_000, 0);
        }
        lap_in(Awake::Company, &mut watch, &pace, &mut now, 400_000, 0);
        assert!(pace.is_worth_taking(100));
        lap_in(Awake::Company, &mut watch, &pace, &mut now, 400_000, 0);
        assert!(!pace.is_worth_taking(100), "two in a row do");
    }
}
