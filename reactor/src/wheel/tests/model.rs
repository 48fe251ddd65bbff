//! Random operations on a wheel and on a sorted map, which must agree.

use std::collections::BTreeMap;
use std::task::Waker;

use super::{Fixture, TICK};
use crate::wheel::{Fired, Key};

/// A distance in nanoseconds: of any order of magnitude, now and then just before or at a slot's edge.
fn distance(rng: &mut fastrand::Rng) -> u64 {
    let magnitude = rng.u32(0..52);
    let nanos = rng.u64(0..1 << magnitude);
    match rng.u8(0..4) {
        0 => nanos >> 16 << 16,
        1 => nanos | (TICK - 1),
        _ => nanos,
    }
}

#[test]
fn does_what_a_sorted_map_does() {
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut f = Fixture::new();
        let mut now = 0;
        // (deadline, number of insertion) -> key and the waker's number
        let mut model = BTreeMap::<(u64, u64), (Key, u64)>::new();
        let mut stale = Vec::new();
        let mut last_deadline = 0;
        for step in 0..2000 {
            match rng.u8(0..100) {
                0..50 => {
                    let deadline = match rng.u8(0..10) {
                        0 => last_deadline,
                        1 => rng.u64(0..=now),
                        2 => now + rng.u64(0..2 * TICK),
                        _ => now + distance(&mut rng),
                    };
                    last_deadline = deadline;
                    model.insert((deadline, step), (f.insert(deadline, step), step));
                }
                action @ 50..80 if !model.is_empty() => {
                    // Often the earliest ones, which change the next wake-up.
                    let any = rng.usize(..model.len().min(if action < 60 { 2 } else { 9999 }));
                    let entry = *model.keys().nth(any).unwrap();
                    if action % 3 == 0 {
                        let (key, id) = model.get_mut(&entry).unwrap();
                        let waker = f.log.waker(step);
                        assert_eq!(f.update(*key, &waker), Ok(Some(*id)));
                        *id = step;
                    } else {
                        let (key, id) = model.remove(&entry).unwrap();
                        assert_eq!(f.remove(key), Some(id));
                        stale.push(key);
                    }
                }
                80..85 if !stale.is_empty() => {
                    let key = stale[rng.usize(..stale.len())];
                    assert_eq!(f.remove(key), None);
                    assert_eq!(f.update(key, Waker::noop()), Err(Fired));
                }
                action => {
                    let jump = distance(&mut rng) >> if action < 98 { 24 } else { 0 };
                    let wanted = f.next_wakeup().filter(|_| action % 2 == 0);
                    now = wanted.unwrap_or(now + jump).max(now);
                    let later = model.split_off(&(now + 1, 0));
                    let due = std::mem::replace(&mut model, later);
                    let ids: Vec<u64> = due.values().map(|&(_, id)| id).collect();
                    assert_eq!(f.expire(now), ids, "seed {seed}, step {step}");
                    stale.extend(due.values().map(|&(key, _)| key));
                    assert!(f.next_wakeup().is_none_or(|next| next > now));
                }
            }
            assert_eq!(f.wheel.len(), model.len());
            assert!(f.wheel.front.counts_right(&f.wheel.slab));
            let earliest = model.keys().next().map(|&(deadline, _)| deadline);
            assert_eq!(f.next_wakeup().is_some(), earliest.is_some());
            let exact = earliest.is_none_or(|deadline| f.wheel.levels.slot_of(deadline) < Some(64));
            let early = f.next_wakeup() < earliest && !exact;
            assert!(
                f.next_wakeup() == earliest || early,
                "seed {seed}, step {step}"
            );
        }
    }
}
