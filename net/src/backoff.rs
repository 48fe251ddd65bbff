//! How long a listener rests after the operating system had no resources for another connection.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use leno_reactor::Timer;

/// The rest after a first failure.
const SHORTEST: Duration = Duration::from_millis(10);

/// The rest that is never exceeded, however many failures there were in a row.
const LONGEST: Duration = Duration::from_millis(500);

/// When a listener may try to accept again; all clones of the listener share it.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    rest: Mutex<Option<Rest>>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    length: Duration,
    until: Instant,
}

impl Backoff {
    /// Waits until the listener may try again: at once, unless the last attempt failed.
    ///
    /// The end is a point in time: dropping this future and calling again doesn't begin the rest anew.
    pub(crate) async fn wait(&self) {
        while let Some(until) = self.resting_until() {
            Timer::at(until).await;
        }
    }

    fn resting_until(&self) -> Option<Instant> {
        // No clock is read unless there was a failure.
        let rest = (*self.rest.lock().unwrap())?;
        (Instant::now() < rest.until).then_some(rest.until)
    }

    /// Notes that an attempt failed at `now` for want of resources.
    pub(crate) fn failed(&self, now: Instant) {
        let mut rest = self.rest.lock().unwrap();
        let length = match *rest {
            None => SHORTEST,
            // Another clone failed in the same round: ten clones must not make the rest ten times double.
            Some(rest) if now < rest.until => return,
            Some(rest) => (rest.length * 2).min(LONGEST),
        };
        *rest = Some(Rest {
            length,
            until: now + length,
        });
    }

    /// Notes that a connection was accepted.
    pub(crate) fn succeeded(&self) {
        *self.rest.lock().unwrap() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Backoff {
        fn current(&self) -> Option<(Duration, Instant)> {
            let rest = *self.rest.lock().unwrap();
            rest.map(|rest| (rest.length, rest.until))
        }
    }

    #[test]
    fn doubles_up_to_the_longest_and_starts_anew_after_a_success() {
        let backoff = Backoff::default();
        let mut now = Instant::now();
        let mut lengths = Vec::new();
        for _ in 0..8 {
            backoff.failed(now);
            let (length, until) = backoff.current().unwrap();
            assert_eq!(until, now + length);
            lengths.push(length.as_millis());
            now = until;
        }
        assert_eq!(lengths, [10, 20, 40, 80, 160, 320, 500, 500]);

        backoff.succeeded();
        assert_eq!(backoff.resting_until(), None);
        backoff.failed(now);
        assert_eq!(backoff.current().unwrap().0, SHORTEST);
    }

    #[test]
    fn failures_of_one_round_count_once() {
        let backoff = Backoff::default();
        let now = Instant::now();
        for late in 0..9 {
            backoff.failed(now + Duration::from_millis(late));
        }
        assert_eq!(backoff.current(), Some((SHORTEST, now + SHORTEST)));
    }

    #[test]
    fn waits_to_the_end_and_no_longer() {
        let backoff = Backoff::default();
        futures_lite::future::block_on(backoff.wait());
        let now = Instant::now();
        backoff.failed(now);
        futures_lite::future::block_on(backoff.wait());
        assert!(Instant::now() >= now + SHORTEST);
        assert_eq!(backoff.resting_until(), None);
    }
}
