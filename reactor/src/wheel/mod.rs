//! The timer wheel: which waker to call at what time.
//!
//! # The picture
//!
//! Time is counted in nanoseconds since the wheel's origin, a 64-bit number. The lowest 16 bits are a
//! position within a *tick* of 65.5 µs; the other 48 are the tick, read as eight digits of six bits.
//!
//! ```text
//!    digit    7       6      ...     2        1        0
//!          +-------+-------+     +--------+--------+--------+----------------+
//!          |       |       |     |        |        |        | 16 bits in tick|
//!          +-------+-------+     +--------+--------+--------+----------------+
//!    slot   9.1 y   52 d          268 ms   4.19 ms  65.5 µs
//!
//!    level 2   [ ][ ][#][ ] ... [#][ ]     64 slots of 268 ms each
//!                     |  cascade, when time reaches the slot
//!                     v
//!    level 1   [ ][ ][#][ ] ... [ ][ ]     64 slots of 4.19 ms each
//!                     |
//!                     v
//!    level 0   [ ][#][ ][#] ... [ ][ ]     64 slots of 65.5 µs each
//!                  |
//!                  v
//!    front     a heap, in exact order: the current tick and all before it
//! ```
//!
//! A deadline is compared with the *current tick*. The first digit in which they differ is its level,
//! the value of that digit is its slot; if its tick is not later than the current one, it goes to the
//! front. So a timer that is far away is sorted roughly, with one write to the head of a list, and
//! most timers (time-outs) are removed again before anybody had to look more closely.
//!
//! What is in level `n` agrees with the current tick above digit `n`. From this follows:
//! - every deadline in a level is before every deadline in the levels above, so the earliest
//!   entry is in the first occupied slot of the lowest occupied level: two searches for a set bit,
//!   however many years are empty before it;
//! - when the current tick moves on, only the slots that it has reached must be looked at: what is due
//!   in them fires, what is not moves to a lower level or to the front. An entry moves down at
//!   most eight times;
//! - eight levels hold all 64 bits, so that no deadline is too far.
//!
//! # Exact times
//!
//! A tick is only a place to keep an entry. What fires is decided by comparing nanoseconds, and in the
//! front, where the comparisons are many, a heap does it. A slot keeps the earliest deadline that was
//! put into it, so [`Wheel::next_wakeup`] is exact for a lone timer even if that is an hour away. When
//! the earliest entry of a slot is removed, that bound is too early. If the slot is the next one and in
//! level 0, this is put right at once: its entries go to the front, and the current tick runs ahead of
//! the clock, by less than 64 ticks, which does no harm. In a higher level the bound stays, and costs
//! one wake-up too many if nothing has emptied the slot by then; finding the new earliest entry
//! among a hundred thousand time-outs each time one of them is removed would cost more.
//!
//! Where level 0 ends depends on the current tick, not on the distance: a deadline 200 µs away is in a
//! higher level if a digit carries over in between.
//!
//! # An index, not a pointer
//!
//! A `Timer` is `Unpin`: its owner may move it, or forget it, at any time. So a list through the
//! timers themselves can't be had, and the entries live in a vector of the wheel. The timer holds a
//! [`Key`], which carries a generation: if the entry has fired and its place was used again, the key is
//! stale and does nothing. A vector also means that setting a timer allocates nothing once it has grown.
//!
//! # Locks and wakers
//!
//! The wheel reads no clock and takes no lock; its owner does both. A waker is never called here, and
//! only dropped with the whole wheel: it is handed out, to be called or dropped after the lock is
//! released.

mod front;
mod level;
mod slab;
#[cfg(all(test, not(loom)))]
mod tests;

use std::task::Waker;
use std::time::{Duration, Instant};

use self::front::Front;
use self::level::Levels;
use self::slab::{KEEP, NONE, Slab};

/// The name of an entry. It stays harmless when the entry is gone, until 2^32 more were inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

/// The entry has fired, or was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fired;

/// Wakers by deadline. See the [module's documentation](self).
pub(crate) struct Wheel {
    origin: Instant,
    slab: Slab,
    levels: Levels,
    front: Front,
    /// What is due in one slot, while it is being sorted by deadline (the upper half) and insertion
    /// (one number sorts faster than a pair). Empty between calls; kept for its memory.
    due: Vec<(u128, Waker)>,
}

impl Wheel {
    /// An empty wheel, which has allocated nothing.
    ///
    /// No deadline is told from another if both are before `origin`, or more than 584 years after.
    pub fn new(origin: Instant) -> Wheel {
        Wheel {
            origin,
            slab: Slab::new(),
            levels: Levels::new(),
            front: Front::new(),
            due: Vec::new(),
        }
    }

    /// The number of entries that have neither fired nor been removed.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no entry waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The wakers of all entries, in no particular order.
    pub fn wakers(&self) -> impl Iterator<Item = &Waker> {
        self.slab.wakers()
    }

    /// Adds an entry. A deadline in the past is due at the next [`Wheel::expire`].
    pub fn insert(&mut self, deadline: Instant, waker: Waker) -> Key {
        let deadline = nanos(deadline.saturating_duration_since(self.origin));
        let index = self.slab.insert(deadline, waker);
        self.link(index);
        self.slab.key(index)
    }

    /// Removes an entry. `None`: it has fired, or was removed before.
    pub fn remove(&mut self, key: Key) -> Option<Waker> {
        let index = self.slab.find(key)?;
        let slot = self.levels.slot_of(self.slab[index].deadline);
        if let Some(slot) = slot {
            self.levels.unlink(&mut self.slab, slot, index);
        }
        let waker = self.slab.release(index);
        if slot.is_none() {
            self.front.removed_one(&self.slab);
        }
        self.settle();
        self.slab.trim();
        Some(waker)
    }

    /// Whether an entry's waker would wake the same task as `waker`.
    pub fn wakes_same(&self, key: Key, waker: &Waker) -> Result<bool, Fired> {
        let index = self.slab.find(key).ok_or(Fired)?;
        Ok(self.slab[index]
            .waker
            .as_ref()
            .is_some_and(|current| current.will_wake(waker)))
    }

    /// Replaces the waker of an entry and returns the one before. If the entry is gone, `waker` comes back as the error,
    /// to be dropped after the lock is released: it will not be called.
    pub fn replace(&mut self, key: Key, waker: Waker) -> Result<Waker, Waker> {
        match self.slab.find(key) {
            Some(index) => Ok(self.slab[index]
                .waker
                .replace(waker)
                .expect("a live entry has a waker")),
            None => Err(waker),
        }
    }

    /// Empties the wheel: moves all wakers to the end of `all`, in no particular order.
    pub fn evict(&mut self, all: &mut Vec<Waker>) {
        self.expire_until(u64::MAX, all);
    }

    /// When to call [`Wheel::expire`] next; `None` if the wheel is empty.
    ///
    /// Never later than the earliest deadline, and earlier only if an entry of the same slot, of a
    /// level above 0, was removed. A call of `expire` at that time or after makes this later, or fires
    /// something.
    pub fn next_wakeup(&self) -> Option<Instant> {
        let nanos = self.front.earliest().or_else(|| self.levels.bound())?;
        // This can't overflow: an `Instant` that somebody has given is as late as this, or later.
        Some(self.origin + Duration::from_nanos(nanos))
    }

    /// Moves the wakers of all entries whose deadline is not after `now` to the end of `fired`, in
    /// the order of their deadlines, and in the order of their insertion where those are equal.
    ///
    /// A `now` that is earlier than that of the last call is allowed: threads that read the clock and
    /// then wait for a lock may get it in another order.
    pub fn expire(&mut self, now: Instant, fired: &mut Vec<Waker>) {
        let Some(now) = now.checked_duration_since(self.origin).map(nanos) else {
            return;
        };
        self.expire_until(now, fired);
    }

    /// [`Wheel::expire`], in nanoseconds after the origin.
    fn expire_until(&mut self, now: u64, fired: &mut Vec<Waker>) {
        while let Some(index) = self.front.pop_due(now) {
            fired.push(self.slab.release(index));
            self.front.clean(&self.slab);
        }
        if self.levels.advance(now) {
            while let Some(head) = self.levels.take_begun(now) {
                self.open(head, now, fired);
            }
            if self.due.capacity() > KEEP {
                self.due = Vec::new();
            }
        }
        self.settle();
        self.slab.trim();
    }

    /// Fires what is due in a list that was taken from a slot, and puts the rest where it belongs now.
    fn open(&mut self, head: u32, now: u64, fired: &mut Vec<Waker>) {
        let mut index = head;
        while index != NONE {
            let entry = &self.slab[index];
            let (deadline, seq, next) = (entry.deadline, entry.seq, entry.next);
            if deadline <= now {
                let order = u128::from(deadline) << 64 | u128::from(seq);
                self.due.push((order, self.slab.release(index)));
            } else {
                self.link(index);
            }
            index = next;
        }
        self.due.sort_unstable_by_key(|&(order, _)| order);
        fired.extend(self.due.drain(..).map(|(_, waker)| waker));
    }

    /// Puts an entry that is in no list where it belongs.
    fn link(&mut self, index: u32) {
        match self.levels.slot_of(self.slab[index].deadline) {
            Some(slot) => self.levels.link(&mut self.slab, slot, index),
            None => self.front.push(&self.slab, index),
        }
    }

    /// Makes [`Wheel::next_wakeup`] exact again if an entry of level 0 is the next one.
    fn settle(&mut self) {
        if self.front.earliest().is_some() {
            return;
        }
        let mut index = self.levels.take_inexact().unwrap_or(NONE);
        while index != NONE {
            let next = self.slab[index].next;
            self.front.push(&self.slab, index);
            index = next;
        }
    }
}

/// A duration in nanoseconds; 584 years if it is longer.
fn nanos(duration: Duration) -> u64 {
    let whole = duration.as_secs().checked_mul(1_000_000_000);
    let nanos = whole.and_then(|nanos| nanos.checked_add(u64::from(duration.subsec_nanos())));
    nanos.unwrap_or(u64::MAX)
}
