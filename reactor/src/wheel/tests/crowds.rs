//! So many timers that anything quadratic would take hours.

use std::task::Waker;
use std::time::Duration;

use super::{Fixture, TICK};
use crate::wheel::{Key, Wheel};

const MILLION: u64 = 1_000_000;

#[test]
fn a_crowded_tick_is_expired_nanosecond_by_nanosecond() {
    let mut f = Fixture::new();
    let start = 100 * TICK;
    for id in 0..3 * TICK {
        f.insert(start + id % TICK, id);
    }
    for nanos in 0..TICK {
        assert_eq!(f.next_wakeup(), Some(start + nanos));
        let expected = [nanos, nanos + TICK, nanos + 2 * TICK];
        assert_eq!(f.expire(start + nanos), expected);
    }
    assert!(f.wheel.is_empty());
}

#[test]
fn a_million_timers_on_one_deadline() {
    let mut f = Fixture::new();
    for _ in 0..MILLION {
        f.wheel.insert(f.at(1000 * TICK), Waker::noop().clone());
    }
    let mut fired = Vec::new();
    f.wheel.expire(f.at(1000 * TICK - 1), &mut fired);
    assert_eq!((fired.len(), f.wheel.len()), (0, MILLION as usize));
    f.wheel.expire(f.at(1000 * TICK), &mut fired);
    assert_eq!((fired.len(), f.wheel.len()), (MILLION as usize, 0));
}

#[test]
fn a_million_timers_at_random_and_ninety_percent_removed() {
    let mut f = Fixture::new();
    let mut rng = fastrand::Rng::with_seed(3);
    let deadlines: Vec<u64> = (0..MILLION).map(|_| rng.u64(0..1_000_000_000)).collect();
    for keep_every in [1, 10] {
        let origin = f.wheel.origin;
        f.wheel = Wheel::new(origin);
        let keys = deadlines.iter().map(|&deadline| {
            let waker = Waker::noop().clone();
            f.wheel
                .insert(origin + Duration::from_nanos(deadline), waker)
        });
        let keys: Vec<Key> = keys.collect();
        let mut due = [0; 1001];
        for (i, (key, deadline)) in keys.into_iter().zip(&deadlines).enumerate() {
            if i % keep_every == 0 {
                due[deadline.div_ceil(1_000_000) as usize] += 1;
            } else {
                assert!(f.wheel.remove(key).is_some());
            }
        }
        for (milli, count) in due.into_iter().enumerate() {
            let mut fired = Vec::new();
            f.wheel.expire(f.at(milli as u64 * 1_000_000), &mut fired);
            assert_eq!(fired.len(), count, "in millisecond {milli}");
        }
        assert!(f.wheel.is_empty());
    }
}
