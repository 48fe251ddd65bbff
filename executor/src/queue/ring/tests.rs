use super::*;
use std::{
    sync::{Arc, Mutex, atomic::AtomicUsize},
    thread,
    time::{Duration, Instant},
};

/// The owner's end of a ring, for tests: it never leaves its thread by reference, which is what the
/// owner's methods ask for.
struct Owner<T: Pointer> {
    ring: Arc<Ring<T>>,
    not_sync: PhantomData<std::cell::Cell<()>>,
}

impl<T: Pointer> Owner<T> {
    fn new() -> Self {
        Self {
            ring: Arc::new(Ring::new()),
            not_sync: PhantomData,
        }
    }

    fn push(&self, value: T) -> Result<(), T> {
        // SAFETY: `self` is the only owner of this ring and is not shared between threads.
        unsafe { self.ring.push(value) }
    }

    fn pop(&self) -> Option<T> {
        // SAFETY: as in `push`.
        unsafe { self.ring.pop() }
    }

    fn overflow(&self, into: impl FnMut(T)) -> usize {
        // SAFETY: as in `push`.
        unsafe { self.ring.overflow(into) }
    }

    fn steal_from(&self, victim: &Ring<T>) -> Option<T> {
        // SAFETY: as in `push`, for our ring, which is the destination.
        unsafe { victim.steal_into(&self.ring) }
    }

    fn drain(&self) -> Vec<T> {
        iter::from_fn(|| self.pop()).collect()
    }
}

impl Owner<Box<usize>> {
    fn holding(entries: std::ops::Range<usize>) -> Self {
        let owner = Self::new();
        for entry in entries {
            owner.push(Box::new(entry)).unwrap();
        }
        owner
    }

    fn drain_numbers(&self) -> Vec<usize> {
        self.drain().into_iter().map(|entry| *entry).collect()
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<usize> {
    range.collect()
}

#[test]
fn an_empty_ring_has_nothing_to_give() {
    let owner = Owner::<Box<usize>>::new();
    assert!(owner.ring.is_empty());
    assert_eq!(owner.ring.len(), 0);
    assert_eq!(owner.pop(), None);
    assert_eq!(owner.ring.steal_one(), None);
    assert_eq!(Owner::new().steal_from(&owner.ring), None);
    assert_eq!(owner.overflow(|_| panic!("there is nothing")), 0);
}

#[test]
fn entries_leave_in_the_order_they_came() {
    let owner = Owner::holding(0..10);
    assert_eq!(owner.ring.len(), 10);
    assert_eq!(owner.pop().as_deref(), Some(&0));
    assert_eq!(owner.ring.steal_one().as_deref(), Some(&1));
    assert_eq!(owner.drain_numbers(), numbers(2..10));
    assert!(owner.ring.is_empty());
}

#[test]
fn a_full_ring_gives_the_value_back() {
    let owner = Owner::holding(0..CAPACITY);
    assert_eq!(owner.ring.len(), CAPACITY);
    assert_eq!(owner.push(Box::new(7)), Err(Box::new(7)));
    assert_eq!(owner.pop().as_deref(), Some(&0));
    assert_eq!(owner.push(Box::new(CAPACITY)), Ok(()));
    assert_eq!(owner.drain_numbers(), numbers(1..CAPACITY + 1));
}

#[test]
fn overflow_takes_the_older_half() {
    let owner = Owner::holding(0..CAPACITY);
    let mut inbox = Vec::new();
    assert_eq!(owner.overflow(|entry| inbox.push(*entry)), HALF);
    assert_eq!(inbox, numbers(0..HALF));
    assert_eq!(owner.drain_numbers(), numbers(HALF..CAPACITY));
}

#[test]
fn a_ring_that_is_not_full_does_not_overflow() {
    let owner = Owner::holding(0..CAPACITY);
    owner.ring.steal_one().unwrap();
    assert_eq!(owner.overflow(|_| panic!("there is room")), 0);
    assert_eq!(owner.ring.len(), CAPACITY - 1);
}

#[test]
fn overflow_may_feed_the_ring_it_empties() {
    let owner = Owner::holding(0..CAPACITY);
    let moved = owner.overflow(|entry| owner.push(entry).unwrap());
    assert_eq!(moved, HALF);
    let mut expected = numbers(0..CAPACITY);
    expected.rotate_left(HALF);
    assert_eq!(owner.drain_numbers(), expected);
}

#[test]
fn a_thief_takes_half_rounded_up() {
    for (held, taken) in [(1, 1), (2, 1), (3, 2), (7, 4), (CAPACITY, HALF)] {
        let victim = Owner::holding(0..held);
        let thief = Owner::new();
        assert_eq!(thief.steal_from(&victim.ring).as_deref(), Some(&0));
        assert_eq!(thief.drain_numbers(), numbers(1..taken), "of {held}");
        assert_eq!(victim.drain_numbers(), numbers(taken..held), "of {held}");
    }
}

#[test]
fn a_thief_takes_no_more_than_it_has_room_for() {
    let victim = Owner::holding(0..10);
    let thief = Owner::holding(0..CAPACITY - 2);
    assert_eq!(thief.steal_from(&victim.ring).as_deref(), Some(&0));
    assert_eq!(thief.ring.len(), CAPACITY);
    assert_eq!(thief.steal_from(&victim.ring).as_deref(), Some(&3));
    assert_eq!(thief.ring.len(), CAPACITY);
    assert_eq!(thief.drain_numbers()[CAPACITY - 2..], [1, 2]);
    assert_eq!(victim.drain_numbers(), numbers(4..10));
}

#[test]
fn the_slots_are_used_again_and_again() {
    let (owner, thief) = (Owner::new(), Owner::new());
    let mut next_in = 0;
    let mut next_out = 0;
    // 7 and `CAPACITY` have no common factor: every operation meets every slot.
    for round in 0..20 * CAPACITY {
        for _ in 0..7 {
            owner.push(Box::new(next_in)).unwrap();
            next_in += 1;
        }
        while next_out < next_in {
            let taken = match (round + next_out) % 3 {
                0 => vec![owner.pop().unwrap()],
                1 => vec![owner.ring.steal_one().unwrap()],
                _ => {
                    let mut taken = vec![thief.steal_from(&owner.ring).unwrap()];
                    taken.extend(thief.drain());
                    taken
                }
            };
            for entry in taken {
                assert_eq!(*entry, next_out);
                next_out += 1;
            }
        }
        assert!(owner.ring.is_empty());
    }
}

#[test]
fn a_dropped_ring_drops_what_is_left() {
    let counter = Arc::new(());
    let owner = Owner::new();
    // So that what is left goes round the end of the array.
    for _ in 0..CAPACITY - 3 {
        owner.push(Box::new(counter.clone())).unwrap();
    }
    owner.drain();
    assert_eq!(Arc::strong_count(&counter), 1);

    for _ in 0..10 {
        owner.push(Box::new(counter.clone())).unwrap();
    }
    drop(owner.ring.steal_one());
    assert_eq!(Arc::strong_count(&counter), 10);
    drop(owner);
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn a_panic_while_overflowing_leaks_nothing() {
    let counter = Arc::new(());
    let owner = Owner::new();
    for _ in 0..CAPACITY {
        owner.push(Box::new(counter.clone())).unwrap();
    }
    let mut calls = 0;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        owner.overflow(|_| {
            calls += 1;
            assert!(calls < 3, "the third is refused");
        })
    }));
    assert!(result.is_err());
    assert_eq!(owner.ring.len(), CAPACITY - HALF);
    assert_eq!(Arc::strong_count(&counter), 1 + CAPACITY - HALF);
    drop(owner);
    assert_eq!(Arc::strong_count(&counter), 1);
}

/// What the stress test passes through the rings: a number, and a token that is given back on drop.
struct Entry {
    number: usize,
    _alive: Arc<()>,
}

/// One owner against three thieves, each with a ring that the others steal from in turn. Every entry
/// must arrive once.
#[test]
fn every_entry_arrives_once_whoever_takes_it() {
    const ENTRIES: usize = if cfg!(miri) { 2_000 } else { 200_000 };
    const THIEVES: usize = 3;

    let alive = Arc::new(());
    let arrived: Vec<AtomicUsize> = (0..ENTRIES).map(|_| AtomicUsize::new(0)).collect();
    let arrivals = AtomicUsize::new(0);
    let inbox = Mutex::new(Vec::new());
    let owner = Owner::new();
    let thieves: [Owner<Box<Entry>>; THIEVES] = array::from_fn(|_| Owner::new());
    let rings: Vec<_> = iter::once(&owner)
        .chain(&thieves)
        .map(|worker| worker.ring.clone())
        .collect();

    let arrive = |entry: Box<Entry>| {
        arrived[entry.number].fetch_add(1, Ordering::Relaxed);
        arrivals.fetch_add(1, Ordering::Relaxed);
    };
    // A lost entry would otherwise make them search for ever.
    let deadline = Instant::now() + Duration::from_secs(120);
    let searching = || arrivals.load(Ordering::Relaxed) < ENTRIES && Instant::now() < deadline;

    let thief = |index: usize, me: &Owner<Box<Entry>>| {
        for turn in index.. {
            if !searching() {
                break;
            }
            let victim = &rings[turn % rings.len()];
            let stolen = match turn % 8 {
                0 => inbox.lock().unwrap().pop(),
                1 | 2 => victim.steal_one(),
                _ => me.steal_from(victim),
            };
            match stolen {
                Some(entry) => arrive(entry),
                None => thread::yield_now(),
            }
            // Half of the loot stays for the other thieves to find.
            for _ in 0..me.ring.len().div_ceil(2) {
                me.pop().map(arrive);
            }
        }
    };

    let alive_too = alive.clone();
    thread::scope(|scope| {
        for (index, me) in thieves.into_iter().enumerate() {
            scope.spawn(move || thief(index, &me));
        }

        for number in 0..ENTRIES {
            let mut entry = Box::new(Entry {
                number,
                _alive: alive_too.clone(),
            });
            while let Err(back) = owner.push(entry) {
                entry = back;
                owner.overflow(|entry| inbox.lock().unwrap().push(entry));
            }
            // Runs of pushes alone, so that the ring overflows; then it is kept short, so that owner
            // and thieves are after the same entry.
            if number % 4_096 > 512 {
                while owner.ring.len() > number % 4 {
                    owner.pop().map(arrive);
                }
            }
        }
        while searching() {
            owner.pop().map(arrive);
            let overflown = inbox.lock().unwrap().pop();
            overflown.map(arrive);
        }
    });

    assert_eq!(arrivals.load(Ordering::Relaxed), ENTRIES);
    let once = |count: &AtomicUsize| count.load(Ordering::Relaxed) == 1;
    assert!(arrived.iter().all(once));
    drop(alive_too);
    assert_eq!(Arc::strong_count(&alive), 1, "an entry was leaked");
}
