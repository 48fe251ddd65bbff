//! [`Ring`]: whoever takes an entry gets it whole and alone, and none is lost. Rings hold 4 here.

use super::{Entry, assert_each_once, check, numbers};
use crate::queue::Ring;
use loom::{sync::Arc, thread};
use std::iter;

type EntryRing = Ring<Box<Entry>>;

/// `Ring::push` that must succeed, for the one thread that owns `ring`.
fn push(ring: &EntryRing, number: usize) {
    // SAFETY: in each model one thread at a time calls the owner's methods of a ring.
    let pushed = unsafe { ring.push(Entry::new(number)) };
    assert!(pushed.is_ok(), "no room for {number}");
}

/// `Ring::pop`, for the one thread that owns `ring`.
fn pop(ring: &EntryRing) -> Option<Box<Entry>> {
    // SAFETY: as in `push`.
    unsafe { ring.pop() }
}

/// `Ring::steal_into` a ring that the calling thread owns.
fn steal(victim: &EntryRing, mine: &EntryRing) -> Option<Box<Entry>> {
    // SAFETY: as in `push`.
    unsafe { victim.steal_into(mine) }
}

fn drain(ring: &EntryRing) -> Vec<usize> {
    numbers(iter::from_fn(|| pop(ring)))
}

#[test]
fn owner_and_two_thieves() {
    check(3, || {
        let ring = Arc::new(EntryRing::new());

        let victim = ring.clone();
        let single = thread::spawn(move || numbers(victim.steal_one()));
        let victim = ring.clone();
        let half = thread::spawn(move || {
            let mine = EntryRing::new();
            let mut taken = numbers(steal(&victim, &mine));
            taken.extend(drain(&mine));
            taken
        });

        push(&ring, 0);
        push(&ring, 1);
        let mut taken = numbers(pop(&ring));
        push(&ring, 2);
        push(&ring, 3);
        taken.extend(numbers(pop(&ring)));

        taken.extend(single.join().unwrap());
        taken.extend(half.join().unwrap());
        taken.extend(drain(&ring));
        assert_each_once(taken, 0..4);
    });
}

/// The slots that a thief copies are used again behind its back.
#[test]
fn owner_reuses_slots_that_a_thief_is_reading() {
    check(3, || {
        let ring = Arc::new(EntryRing::new());
        (0..4).for_each(|number| push(&ring, number));

        let victim = ring.clone();
        let thief = thread::spawn(move || {
            let mine = EntryRing::new();
            let mut taken = numbers(steal(&victim, &mine));
            taken.extend(drain(&mine));
            taken
        });

        let mut taken = Vec::new();
        let mut refused = Vec::new();
        for number in 4..6 {
            taken.extend(numbers(pop(&ring)));
            // SAFETY: this thread is the only owner.
            refused.extend(unsafe { ring.push(Entry::new(number)) }.err());
        }
        assert!(refused.is_empty(), "an entry was popped before each push");

        taken.extend(thief.join().unwrap());
        taken.extend(drain(&ring));
        assert_each_once(taken, 0..6);
    });
}

/// The owner learns of free slots from the thieves alone.
#[test]
fn owner_fills_what_thieves_have_freed() {
    check(3, || {
        let ring = Arc::new(EntryRing::new());
        (0..4).for_each(|number| push(&ring, number));

        let thief = || {
            let victim = ring.clone();
            thread::spawn(move || numbers(victim.steal_one()))
        };
        let thieves = [thief(), thief()];

        let mut taken = Vec::new();
        for number in 4..6 {
            // SAFETY: this thread is the only owner.
            taken.extend(numbers(unsafe { ring.push(Entry::new(number)) }.err()));
        }

        for thief in thieves {
            taken.extend(thief.join().unwrap());
        }
        taken.extend(drain(&ring));
        assert_each_once(taken, 0..6);
    });
}

#[test]
fn overflow_against_a_thief() {
    check(3, || {
        let ring = Arc::new(EntryRing::new());
        (0..4).for_each(|number| push(&ring, number));

        let victim = ring.clone();
        let thief = thread::spawn(move || {
            let mine = EntryRing::new();
            let mut taken = numbers(steal(&victim, &mine));
            taken.extend(numbers(victim.steal_one()));
            taken.extend(drain(&mine));
            taken
        });

        let mut taken = Vec::new();
        // SAFETY: this thread is the only owner.
        let moved = unsafe { ring.overflow(|entry| taken.push(entry.number())) };
        assert_eq!(moved, taken.len());
        assert!(moved == 0 || taken == [0, 1], "{taken:?}");
        // Whoever was faster, there is room now.
        push(&ring, 4);
        push(&ring, 5);

        taken.extend(thief.join().unwrap());
        taken.extend(drain(&ring));
        assert_each_once(taken, 0..6);
    });
}

/// What a thief puts in its own ring can be stolen from there.
#[test]
fn loot_is_stolen_in_turn() {
    check(3, || {
        let (first, second) = (Arc::new(EntryRing::new()), Arc::new(EntryRing::new()));
        (0..4).for_each(|number| push(&first, number));

        let (victim, mine) = (first.clone(), second.clone());
        let thief = thread::spawn(move || {
            // Of four, then of what is left: enough to go on to slots that the other has emptied.
            let mut taken = numbers(steal(&victim, &mine));
            taken.extend(numbers(steal(&victim, &mine)));
            taken.extend(numbers(pop(&mine)));
            taken
        });
        let victim = second.clone();
        let thief_of_thief = thread::spawn(move || {
            let mut taken = numbers(victim.steal_one());
            taken.extend(numbers(victim.steal_one()));
            taken
        });

        let mut taken = numbers(pop(&first));
        push(&first, 4);
        taken.extend(thief.join().unwrap());
        taken.extend(thief_of_thief.join().unwrap());
        taken.extend(drain(&first));
        taken.extend(drain(&second));
        assert_each_once(taken, 0..5);
    });
}

/// Loom fails a model that leaks an entry; one that is dropped twice is freed twice.
#[test]
fn the_last_to_go_drops_what_is_left() {
    check(3, || {
        let ring = Arc::new(EntryRing::new());
        let victim = ring.clone();
        let thief = thread::spawn(move || drop(victim.steal_one()));
        (0..3).for_each(|number| push(&ring, number));
        drop(pop(&ring));
        drop(ring);
        thief.join().unwrap();
    });
}
