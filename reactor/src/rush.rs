//! Whether timers fire so fast, one after the other, that a sleep for each costs more than it is worth.
//!
//! A sleep that ends for one timer takes a thread some microseconds. Where many fire in each millisecond, the thread sleeps a
//! little longer and fires several at once: a tenth of the work, for a lateness that is below what a busy machine adds anyway.

use std::time::{Duration, Instant};

/// Timers that are closer together than this, on average, come in a rush.
const CLOSE: Duration = Duration::from_micros(50);

/// The shortest sleep in a rush.
const NAP: Duration = Duration::from_micros(200);

/// Over how long a time they are counted.
const WINDOW: Duration = Duration::from_millis(1);

/// Counts the timers of one reactor. Owned by it, behind the lock of its wheel.
#[derive(Debug, Default)]
pub(crate) struct Rush {
    since: Option<Instant>,
    fired: u32,
    is_on: bool,
}

impl Rush {
    /// So many timers have fired.
    pub(crate) fn count(&mut self, fired: usize, now: Instant) {
        self.fired = self
            .fired
            .saturating_add(u32::try_from(fired).unwrap_or(u32::MAX));
        let since = *self.since.get_or_insert(now);
        let window = now.saturating_duration_since(since);
        if window >= WINDOW {
            self.is_on = window < CLOSE.saturating_mul(self.fired);
            self.since = Some(now);
            self.fired = 0;
        }
    }

    /// How long to sleep if the next timer is due after `until_next`.
    pub(crate) fn sleep(&self, until_next: Duration) -> Duration {
        if self.is_on {
            until_next.max(NAP)
        } else {
            until_next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state after `count` timers, `gap` apart.
    fn after(rush: &mut Rush, now: &mut Instant, count: u32, gap: Duration) -> bool {
        for _ in 0..count {
            *now += gap;
            rush.count(1, *now);
        }
        rush.is_on
    }

    #[test]
    fn many_timers_in_a_short_time_are_a_rush_until_it_is_over() {
        let (mut rush, mut now) = (Rush::default(), Instant::now());
        assert!(!after(&mut rush, &mut now, 100, Duration::from_micros(200)));
        assert!(after(&mut rush, &mut now, 1000, Duration::from_micros(10)));
        assert_eq!(rush.sleep(Duration::from_micros(3)), NAP);
        assert_eq!(rush.sleep(NAP * 5), NAP * 5);
        assert!(!after(&mut rush, &mut now, 100, Duration::from_micros(200)));
        assert_eq!(
            rush.sleep(Duration::from_micros(3)),
            Duration::from_micros(3)
        );
    }
}
