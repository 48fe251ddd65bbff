mod crowds;
mod model;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::slab::Entry;
use super::{Fired, KEEP, Key, Wheel};

const TICK: u64 = 1 << 16;
const YEAR: u64 = 31_557_600 * 1_000_000_000;

/// Which wakers were called, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u64>>>);

struct Probe {
    id: u64,
    log: Log,
}

impl Wake for Probe {
    fn wake(self: Arc<Self>) {
        self.log.0.lock().unwrap().push(self.id);
    }
}

impl Log {
    fn waker(&self, id: u64) -> Waker {
        let log = self.clone();
        Waker::from(Arc::new(Probe { id, log }))
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A wheel whose times are nanoseconds and whose wakers are numbers.
struct Fixture {
    wheel: Wheel,
    log: Log,
}

impl Fixture {
    fn new() -> Fixture {
        // An hour ahead, so that there are instants before the origin on every platform.
        let wheel = Wheel::new(Instant::now() + Duration::from_secs(3600));
        let log = Log::default();
        Fixture { wheel, log }
    }

    fn at(&self, nanos: u64) -> Instant {
        self.wheel.origin + Duration::from_nanos(nanos)
    }

    fn insert(&mut self, deadline: u64, id: u64) -> Key {
        self.wheel.insert(self.at(deadline), self.log.waker(id))
    }

    fn remove(&mut self, key: Key) -> Option<u64> {
        let waker = self.wheel.remove(key)?;
        Some(self.id_of(waker))
    }

    fn update(&mut self, key: Key, waker: &Waker) -> Result<Option<u64>, Fired> {
        if self.wheel.wakes_same(key, waker)? {
            return Ok(None);
        }
        let replaced = self.wheel.replace(key, waker.clone()).map_err(|_| Fired)?;
        Ok(Some(self.id_of(replaced)))
    }

    fn id_of(&self, waker: Waker) -> u64 {
        waker.wake();
        self.log.take()[0]
    }

    fn expire(&mut self, now: u64) -> Vec<u64> {
        self.expire_at(self.at(now))
    }

    fn expire_at(&mut self, now: Instant) -> Vec<u64> {
        let mut fired = Vec::new();
        self.wheel.expire(now, &mut fired);
        fired.into_iter().for_each(Waker::wake);
        self.log.take()
    }

    /// How many elements all the buffers that grow have room for.
    fn capacity(&self) -> usize {
        self.wheel.slab.capacity() + self.wheel.front.capacity() + self.wheel.due.capacity()
    }

    fn next_wakeup(&self) -> Option<u64> {
        let next = self.wheel.next_wakeup()?;
        Some((next - self.wheel.origin).as_nanos() as u64)
    }
}

#[test]
fn fires_by_deadline_then_by_insertion() {
    let mut f = Fixture::new();
    let late = 70 * TICK;
    for (id, deadline) in [late, 5, late, late + 1, 5, late - 1, 0]
        .into_iter()
        .enumerate()
    {
        f.insert(deadline, id as u64);
    }
    assert_eq!(f.expire(4), [6]);
    // Those two get to another level before the last one with their deadline is inserted.
    assert_eq!(f.expire(66 * TICK), [1, 4]);
    f.insert(late, 7);
    assert_eq!(f.expire(YEAR), [5, 0, 2, 7, 3]);
    assert!(f.wheel.is_empty());
}

#[test]
fn appends_to_what_is_in_fired() {
    let mut f = Fixture::new();
    f.insert(TICK, 1);
    let mut fired = vec![f.log.waker(0)];
    f.wheel.expire(f.at(TICK), &mut fired);
    fired.into_iter().for_each(Waker::wake);
    assert_eq!(f.log.take(), [0, 1]);
}

#[test]
fn not_a_nanosecond_early_at_any_distance() {
    for bit in 0..64 {
        for deadline in [1 << bit, (1 << bit) + 1, u64::MAX >> bit] {
            let mut f = Fixture::new();
            f.insert(deadline, bit);
            assert_eq!(f.next_wakeup(), Some(deadline), "a lone timer is exact");
            assert_eq!(f.expire(deadline - 1), [], "deadline {deadline}");
            assert_eq!(f.next_wakeup(), Some(deadline));
            assert_eq!(f.expire(deadline), [bit], "deadline {deadline}");
            assert_eq!(f.next_wakeup(), None);
        }
    }
}

#[test]
fn past_and_zero_deadlines_are_due_at_once() {
    let mut f = Fixture::new();
    let before = f.wheel.origin - Duration::from_secs(1);
    f.wheel.insert(before, f.log.waker(0));
    f.insert(0, 1);
    assert_eq!(f.next_wakeup(), Some(0));
    assert_eq!(f.expire_at(before), [], "even so, not before the origin");
    assert_eq!(f.expire(0), [0, 1]);

    assert_eq!(f.expire(YEAR), []);
    f.insert(YEAR - 1, 2);
    f.wheel.insert(before, f.log.waker(3));
    assert_eq!(f.next_wakeup(), Some(0));
    assert_eq!(f.expire(YEAR), [3, 2]);
}

#[test]
fn absurdly_far_deadlines_are_the_last_ones() {
    let mut f = Fixture::new();
    let beyond = f.at(u64::MAX) + Duration::from_nanos(100 * YEAR);
    f.wheel.insert(beyond, f.log.waker(0));
    f.insert(u64::MAX, 1);
    f.insert(u64::MAX - 1, 2);
    assert_eq!(f.expire(500 * YEAR), []);
    assert_eq!(f.expire(u64::MAX - 1), [2]);
    assert_eq!(f.next_wakeup(), Some(u64::MAX));
    assert_eq!(f.expire_at(beyond), [0, 1]);
    f.insert(YEAR, 3);
    assert_eq!(f.expire_at(beyond), [3]);
}

#[test]
fn the_clock_may_be_seen_out_of_order() {
    let mut f = Fixture::new();
    f.insert(YEAR, 0);
    f.expire(YEAR - 1);
    f.insert(10, 1);
    f.insert(YEAR - 5, 2);
    assert_eq!(f.expire(9), []);
    assert_eq!(f.expire(10), [1]);
    assert_eq!(f.next_wakeup(), Some(YEAR - 5));
    assert_eq!(f.expire(YEAR), [2, 0]);
}

#[test]
fn a_removed_entry_does_not_fire_and_its_key_is_stale() {
    let mut f = Fixture::new();
    for deadline in [3, 3 * TICK, 300 * TICK, YEAR] {
        let keys: Vec<Key> = (0..3).map(|id| f.insert(deadline, id)).collect();
        assert_eq!(f.remove(keys[1]), Some(1));
        assert_eq!(f.remove(keys[1]), None);
        assert_eq!(f.wheel.len(), 2);
        let reused = f.insert(deadline, 3);
        assert_eq!(reused.index, keys[1].index);
        assert_eq!(f.remove(keys[1]), None);
        assert_eq!(f.update(keys[1], Waker::noop()), Err(Fired));
        assert_eq!(f.remove(keys[0]), Some(0), "the list's end");
        assert_eq!(f.remove(reused), Some(3), "the list's head");
        assert_eq!(f.expire(deadline), [2]);
        assert_eq!(f.remove(keys[2]), None, "it has fired");
        assert!(f.wheel.is_empty());
    }
}

#[test]
fn update_replaces_a_different_waker_only() {
    let mut f = Fixture::new();
    let (old, new) = (f.log.waker(1), f.log.waker(2));
    let key = f.wheel.insert(f.at(TICK), old.clone());
    assert_eq!(f.update(key, &old), Ok(None));
    assert_eq!(f.update(key, &new), Ok(Some(1)));
    assert_eq!(f.expire(TICK), [2]);
    assert_eq!(f.update(key, &new), Err(Fired));
}

#[test]
fn next_wakeup_is_exact_in_level_0_whatever_is_removed() {
    let mut f = Fixture::new();
    f.expire(YEAR);
    let base = (YEAR / (64 * TICK) + 1) * 64 * TICK;
    f.expire(base);
    let mut live = BTreeMap::new();
    let mut rng = fastrand::Rng::with_seed(1);
    for id in 0..2000 {
        // Few slots with many deadlines in each, some of them equal.
        let deadline = base + rng.u64(1..4) * 10 * TICK + rng.u64(0..300);
        live.insert((deadline, id), f.insert(deadline, id));
    }
    while let Some((&(deadline, id), _)) = live.first_key_value() {
        assert_eq!(f.next_wakeup(), Some(deadline));
        let any = *live.keys().nth(rng.usize(..live.len())).unwrap();
        for entry in [(deadline, id), any] {
            if let Some(key) = live.remove(&entry) {
                assert_eq!(f.remove(key), Some(entry.1));
            }
        }
    }
    assert_eq!(f.next_wakeup(), None);
}

#[test]
fn a_slot_goes_to_the_front_only_when_that_is_needed() {
    let mut f = Fixture::new();
    let now = f.insert(0, 0);
    let keys = [1, 2, 3].map(|id| f.insert(2 * TICK + id, id));
    f.remove(keys[0]);
    assert_eq!(f.wheel.front.stored(), 1, "something else is earlier");
    f.remove(now);
    assert_eq!(f.wheel.front.stored(), 2, "2 is the earliest now");
    assert_eq!(f.next_wakeup(), Some(2 * TICK + 2));

    let mut f = Fixture::new();
    let keys = [1, 2, 3].map(|id| f.insert(2 * TICK + id, id));
    f.remove(keys[2]);
    assert_eq!(f.wheel.front.stored(), 0, "1 is still the earliest");
    assert_eq!(f.next_wakeup(), Some(2 * TICK + 1));
}

#[test]
fn each_wakeup_fires_something_or_is_a_later_one() {
    let mut f = Fixture::new();
    let mut rng = fastrand::Rng::with_seed(2);
    for id in 0..3000 {
        let key = f.insert(u64::MAX >> rng.u32(0..64), id);
        if id % 3 > 0 {
            f.remove(key);
        }
    }
    let (mut fired, mut idle) = (0, 0);
    while let Some(next) = f.next_wakeup() {
        let count = f.expire(next).len();
        assert!(count > 0 || f.next_wakeup() > Some(next));
        fired += count;
        idle += u32::from(count == 0);
    }
    assert_eq!(fired, 1000);
    // At most one for each slot, and an entry is in seven slots above level 0 at most.
    assert!(idle <= 7000, "{idle} wake-ups for nothing");
}

#[test]
fn memory_is_taken_late_and_given_back() {
    let mut f = Fixture::new();
    assert_eq!(f.capacity(), 0);
    assert!(!f.wheel.levels.is_allocated());

    let few = f.insert(YEAR, 0);
    f.remove(few);
    assert!(f.capacity() > 0, "little is kept");

    // First in a slot, then in the front.
    for deadline in [YEAR, YEAR - 1] {
        let crowd = 2 * KEEP as u64;
        let keys: Vec<Key> = (0..crowd).map(|id| f.insert(deadline, id)).collect();
        assert!(f.capacity() > KEEP);
        assert_eq!(f.expire(YEAR).len(), 2 * KEEP);
        assert_eq!(f.capacity(), 0, "all have fired");

        let again: Vec<Key> = (0..crowd).map(|id| f.insert(deadline, id)).collect();
        for (before, now) in keys.into_iter().zip(again) {
            assert_eq!(f.remove(before), None, "a key from before");
            assert!(f.remove(now).is_some());
        }
        assert_eq!(f.capacity(), 0, "all were removed");
    }
}

#[test]
fn removed_entries_do_not_pile_up_in_the_front() {
    let mut f = Fixture::new();
    f.expire(YEAR);
    f.insert(0, 0);
    for id in 0..1000 {
        let key = f.insert(YEAR, id);
        f.remove(key);
        assert!(f.wheel.front.stored() <= 3);
    }
    assert_eq!(f.expire(YEAR), [0]);
    assert_eq!(f.wheel.front.stored(), 0);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_entry_has_40_bytes() {
    assert_eq!(size_of::<Entry>(), 40);
    assert_eq!(size_of::<Option<Key>>(), 12);
}
