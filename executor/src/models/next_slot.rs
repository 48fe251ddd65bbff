//! [`NextSlot`]: an entry goes to the owner or to a taker, whole, and to one of them only.

use super::{Entry, assert_each_once, check, numbers};
use crate::queue::NextSlot;
use loom::{sync::Arc, thread};

type EntrySlot = NextSlot<Box<Entry>>;

/// `NextSlot::put`, for the one thread that owns `slot`: the number of the displaced entry.
fn put(slot: &EntrySlot, number: usize) -> Vec<usize> {
    // SAFETY: in each model only the thread that made the slot puts.
    numbers(unsafe { slot.put(Entry::new(number)) })
}

#[test]
fn owner_and_two_takers() {
    check(3, || {
        let slot = Arc::new(EntrySlot::new());
        let taker = || {
            let slot = slot.clone();
            thread::spawn(move || {
                let mut taken = numbers(slot.take());
                taken.extend(numbers(slot.take()));
                taken
            })
        };
        let takers = [taker(), taker()];

        let mut taken = put(&slot, 0);
        taken.extend(put(&slot, 1));
        taken.extend(numbers(slot.take()));
        taken.extend(put(&slot, 2));

        for taker in takers {
            taken.extend(taker.join().unwrap());
        }
        taken.extend(numbers(slot.take()));
        assert_each_once(taken, 0..3);
    });
}

/// The owner's own `take` finds what it put unless somebody else did.
#[test]
fn owner_never_misses_its_entry() {
    check(3, || {
        let slot = Arc::new(EntrySlot::new());
        let theirs = slot.clone();
        let taker = thread::spawn(move || numbers(theirs.take()));

        let displaced = put(&slot, 0);
        assert!(displaced.is_empty());
        let mut taken = numbers(slot.take());
        assert!(slot.is_empty());
        taken.extend(taker.join().unwrap());
        assert_each_once(taken, 0..1);
    });
}

/// Loom fails a model that leaks an entry; one that is dropped twice is freed twice.
#[test]
fn the_last_to_go_drops_what_is_left() {
    check(3, || {
        let slot = Arc::new(EntrySlot::new());
        let theirs = slot.clone();
        let taker = thread::spawn(move || drop(theirs.take()));
        put(&slot, 0);
        put(&slot, 1);
        drop(slot);
        taker.join().unwrap();
    });
}
