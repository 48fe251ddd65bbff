//! [`Ring`]: whoever takes an entry gets it whole and alone, and none is lost. Rings hold 4 here.
//!
//! One thing loom can't show: it never lets a load return a value that is stored later, so these
//! models pass even without the pair of orders that keeps a thief from reading what the owner has
//! yet to write (point 4 at the top of `queue/ring.rs`).

use super::{Entry, Model, numbers};
use crate::queue::{CAPACITY, Ring};
use loom::{sync::Arc, thread};
use std::iter;

type EntryRing = Ring<Box<Entry>>;

/// `Ring::push`, for the one thread that owns `ring`: the number that was refused, if the ring is full.
fn push(ring: &EntryRing, number: usize) -> Option<usize> {
    // SAFETY: in each model one thread at a time calls the owner's methods of a ring.
    let pushed = unsafe { ring.push(Entry::new(number)) };
    pushed.err().map(|refused| refused.number())
}

/// `Ring::pop`, for the one thread that owns `ring`.
fn pop(ring: &EntryRing) -> Vec<usize> {
    // SAFETY: as in `push`.
    numbers(unsafe { ring.pop() })
}

/// `Ring::pop` until there is no more, for the one thread that owns `ring`.
fn drain(ring: &EntryRing) -> Vec<usize> {
    // SAFETY: as in `push`.
    numbers(iter::from_fn(|| unsafe { ring.pop() }))
}

fn steal_one(victim: &EntryRing) -> Vec<usize> {
    numbers(victim.steal_one())
}

/// `Ring::steal_into` for a thief that owns `mine`: what it may run at once.
fn steal_into(victim: &EntryRing, mine: &EntryRing) -> Vec<usize> {
    // SAFETY: as in `push`.
    numbers(unsafe { victim.steal_into(mine) })
}

/// A thief that runs all it gets.
fn steal_and_drain(victim: &EntryRing) -> Vec<usize> {
    let mine = EntryRing::new();
    let mut taken = steal_into(victim, &mine);
    taken.extend(drain(&mine));
    taken
}

fn full_ring() -> EntryRing {
    let ring = EntryRing::new();
    assert!((0..CAPACITY).all(|number| push(&ring, number).is_none()));
    ring
}

#[test]
fn owner_and_two_thieves() {
    fn owner(ring: &EntryRing) -> Vec<usize> {
        push(ring, 0);
        push(ring, 1);
        let mut taken = pop(ring);
        push(ring, 2);
        taken.extend(pop(ring));
        taken
    }
    Model {
        setup: EntryRing::new,
        roles: [owner, steal_one, steal_and_drain],
        rest: drain,
        entries: 0..3,
        preemptions: Some(2),
    }
    .check();
}

/// The owner pops and pushes: slots that a thief is copying are used again behind its back.
#[test]
fn slots_are_reused_while_a_thief_reads_them() {
    fn owner(ring: &EntryRing) -> Vec<usize> {
        (CAPACITY..CAPACITY + 2)
            .flat_map(|number| {
                let taken = pop(ring);
                assert_eq!(push(ring, number), None, "a pop makes room");
                taken
            })
            .collect()
    }
    for thief in [steal_one, steal_and_drain] {
        Model {
            setup: full_ring,
            roles: [owner, thief],
            rest: drain,
            entries: 0..CAPACITY + 2,
            preemptions: Some(3),
        }
        .check();
    }
}

/// The owner only pushes: it learns of free slots from the thieves.
#[test]
fn slots_that_thieves_have_freed_are_reused() {
    fn owner(ring: &EntryRing) -> Vec<usize> {
        (CAPACITY..CAPACITY + 2)
            .filter_map(|number| push(ring, number))
            .collect()
    }
    Model {
        setup: full_ring,
        roles: [owner, steal_one, steal_and_drain],
        rest: drain,
        entries: 0..CAPACITY + 2,
        preemptions: Some(2),
    }
    .check();
}

#[test]
fn overflow_against_a_thief() {
    fn owner(ring: &EntryRing) -> Vec<usize> {
        let mut taken = Vec::new();
        // SAFETY: this thread is the only owner.
        let moved = unsafe { ring.overflow(|entry| taken.push(entry.number())) };
        assert_eq!(moved, taken.len());
        assert!(moved == 0 || taken == [0, 1], "{taken:?}");
        assert_eq!(push(ring, CAPACITY), None, "whoever was first made room");
        taken
    }
    for thief in [steal_one, steal_and_drain] {
        Model {
            setup: full_ring,
            roles: [owner, thief],
            rest: drain,
            entries: 0..CAPACITY + 1,
            preemptions: None,
        }
        .check();
    }
}

/// What a thief puts in its own ring can be stolen from there.
#[test]
fn loot_is_stolen_in_turn() {
    type Rings = (EntryRing, EntryRing);

    fn thief((victim, mine): &Rings) -> Vec<usize> {
        let mut taken = steal_into(victim, mine);
        taken.extend(steal_into(victim, mine));
        taken.extend(pop(mine));
        taken
    }
    fn thief_of_thief((_, victim): &Rings) -> Vec<usize> {
        let mut taken = steal_one(victim);
        taken.extend(steal_and_drain(victim));
        taken
    }
    Model {
        setup: || (full_ring(), EntryRing::new()),
        roles: [thief, thief_of_thief],
        rest: |(first, second)| [drain(first), drain(second)].concat(),
        entries: 0..CAPACITY,
        preemptions: None,
    }
    .check();
}

/// A thief whose own ring is nearly full may use only the slots that others have emptied.
#[test]
fn a_full_thief_reuses_slots_that_are_being_read() {
    type Rings = (EntryRing, EntryRing);

    fn thief((victim, mine): &Rings) -> Vec<usize> {
        steal_into(victim, mine)
    }
    fn thief_of_thief((_, victim): &Rings) -> Vec<usize> {
        let mut taken = steal_one(victim);
        taken.extend(steal_one(victim));
        taken
    }
    Model {
        setup: || {
            let victim = EntryRing::new();
            assert!((CAPACITY..2 * CAPACITY).all(|number| push(&victim, number).is_none()));
            (victim, full_ring())
        },
        roles: [thief, thief_of_thief],
        rest: |(first, second)| [drain(first), drain(second)].concat(),
        entries: 0..2 * CAPACITY,
        preemptions: None,
    }
    .check();
}

/// Loom fails a model that leaks an entry; one that is dropped twice is freed twice.
#[test]
fn the_last_to_go_drops_what_is_left() {
    loom::model(|| {
        let ring = Arc::new(EntryRing::new());
        let victim = ring.clone();
        let thief = thread::spawn(move || drop(victim.steal_one()));
        (0..3).for_each(|number| assert_eq!(push(&ring, number), None));
        pop(&ring);
        drop(ring);
        thief.join().unwrap();
    });
}
