//! [`NextSlot`]: an entry goes to the owner or to a taker, whole, and to one of them only.

use super::{Entry, Model, numbers};
use crate::queue::NextSlot;
use loom::{sync::Arc, thread};

type EntrySlot = NextSlot<Box<Entry>>;

/// `NextSlot::put`, for the one thread that owns `slot`: the number of the displaced entry.
fn put(slot: &EntrySlot, number: usize) -> Vec<usize> {
    // SAFETY: in each model only one thread at a time puts.
    numbers(unsafe { slot.put(Entry::new(number)) })
}

fn take(slot: &EntrySlot) -> Vec<usize> {
    numbers(slot.take())
}

#[test]
fn owner_and_two_takers() {
    fn owner(slot: &EntrySlot) -> Vec<usize> {
        let mut taken = put(slot, 0);
        taken.extend(put(slot, 1));
        taken.extend(take(slot));
        assert!(slot.is_empty(), "the owner never misses its entry");
        taken.extend(put(slot, 2));
        taken
    }
    fn eager_taker(slot: &EntrySlot) -> Vec<usize> {
        let mut taken = take(slot);
        taken.extend(take(slot));
        taken
    }
    Model {
        setup: EntrySlot::new,
        roles: [owner, take, eager_taker],
        rest: take,
        entries: 0..3,
        preemptions: Some(2),
    }
    .check();
}

#[test]
fn owner_and_taker() {
    fn owner(slot: &EntrySlot) -> Vec<usize> {
        let mut taken = put(slot, 0);
        taken.extend(take(slot));
        taken.extend(put(slot, 1));
        taken.extend(put(slot, 2));
        taken
    }
    fn taker(slot: &EntrySlot) -> Vec<usize> {
        let mut taken = take(slot);
        taken.extend(take(slot));
        taken
    }
    Model {
        setup: EntrySlot::new,
        roles: [owner, taker],
        rest: take,
        entries: 0..3,
        preemptions: None,
    }
    .check();
}

/// Loom fails a model that leaks an entry; one that is dropped twice is freed twice.
#[test]
fn the_last_to_go_drops_what_is_left() {
    loom::model(|| {
        let slot = Arc::new(EntrySlot::new());
        let theirs = slot.clone();
        let taker = thread::spawn(move || drop(theirs.take()));
        put(&slot, 0);
        put(&slot, 1);
        drop(slot);
        taker.join().unwrap();
    });
}
