//! The slots of a [`Wheel`](super::Wheel): which one a deadline belongs to, and which one is first.

use super::slab::{NONE, Slab};

/// A tick, the width of a slot of level 0, is 2^16 ns = 65.536 µs.
const TICK_BITS: u32 = 16;
/// Each level has 2^6 slots, one for each bit of its `u64` of occupancy.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// Enough for every deadline: 16 + 8 × 6 = 64 bits of nanoseconds, 584 years. So no deadline has to
/// be cut down to what the top level can hold.
const LEVELS: usize = 8;

const _: () = assert!(TICK_BITS + SLOT_BITS * LEVELS as u32 == u64::BITS);

/// A doubly linked list of entries, in no particular order.
#[derive(Clone, Copy)]
struct Slot {
    /// No entry here has an earlier deadline.
    bound: u64,
    /// How many entries have the deadline `bound`. 0: those that had it were removed, so the bound is
    /// not the earliest deadline any more.
    at_bound: u32,
    head: u32,
}

const EMPTY: Slot = Slot {
    bound: u64::MAX,
    at_bound: 0,
    head: NONE,
};

pub(super) struct Levels {
    /// All ticks up to this one belong to the front; the slots hold what is later.
    current: u64,
    /// For each level, a bit for each slot that has an entry.
    occupied: [u64; LEVELS],
    /// Level after level; empty until the first entry.
    slots: Vec<Slot>,
}

impl Levels {
    pub fn new() -> Levels {
        Levels {
            current: 0,
            occupied: [0; LEVELS],
            slots: Vec::new(),
        }
    }

    /// The slot of a deadline; `None` if it belongs to the front.
    ///
    /// A tick is a number of eight digits of six bits. The first digit in which it differs from the
    /// current tick is the level, and the value of that digit is the slot.
    #[inline]
    pub fn slot_of(&self, deadline: u64) -> Option<usize> {
        let tick = deadline >> TICK_BITS;
        if tick <= self.current {
            return None;
        }
        let level = (tick ^ self.current).ilog2() / SLOT_BITS;
        let digit = (tick >> (level * SLOT_BITS)) as usize % SLOTS;
        Some(level as usize * SLOTS + digit)
    }

    /// Adds an entry to the slot that [`Levels::slot_of`] gave for it.
    #[inline]
    pub fn link(&mut self, slab: &mut Slab, slot: usize, index: u32) {
        if self.slots.is_empty() {
            self.slots = vec![EMPTY; LEVELS * SLOTS];
        }
        self.occupied[slot / SLOTS] |= 1 << (slot % SLOTS);
        let slot = &mut self.slots[slot];
        let entry = &mut slab[index];
        if entry.deadline < slot.bound {
            slot.bound = entry.deadline;
            slot.at_bound = 0;
        }
        slot.at_bound += u32::from(entry.deadline == slot.bound);
        entry.prev = NONE;
        entry.next = slot.head;
        if slot.head != NONE {
            slab[slot.head].prev = index;
        }
        slot.head = index;
    }

    /// Takes an entry out of its slot.
    #[inline]
    pub fn unlink(&mut self, slab: &mut Slab, slot: usize, index: u32) {
        let (deadline, prev, next) = (slab[index].deadline, slab[index].prev, slab[index].next);
        if next != NONE {
            slab[next].prev = prev;
        }
        if prev != NONE {
            slab[prev].next = next;
        } else if next != NONE {
            self.slots[slot].head = next;
        } else {
            self.take(slot);
            return;
        }
        let slot = &mut self.slots[slot];
        slot.at_bound -= u32::from(deadline == slot.bound);
    }

    /// The slot with the earliest entries: all of its deadlines are before those of any other.
    ///
    /// Whatever is in level `n` has the current tick's digits above `n`, and a larger digit `n`. So a
    /// lower level is earlier as a whole, and within a level the lower slot is.
    fn first(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// No entry in any slot is earlier than this.
    pub fn bound(&self) -> Option<u64> {
        self.first().map(|slot| self.slots[slot].bound)
    }

    /// Empties a slot, and returns the head of the list that was in it.
    fn take(&mut self, slot: usize) -> u32 {
        self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
        std::mem::replace(&mut self.slots[slot], EMPTY).head
    }

    /// Makes the tick of `now` the current one, unless it is already past.
    ///
    /// Whether it moved: if so, everything that [`Levels::take_begun`] returns must be taken before
    /// the next call of any other method but `link`.
    pub fn advance(&mut self, now: u64) -> bool {
        let tick = now >> TICK_BITS;
        let later = tick > self.current;
        if later {
            self.current = tick;
        }
        later
    }

    /// Empties the first slot if it begins at or before `now`.
    pub fn take_begun(&mut self, now: u64) -> Option<u32> {
        let slot = self.first()?;
        let width = TICK_BITS + (slot / SLOTS) as u32 * SLOT_BITS;
        // The bound was the deadline of an entry of this slot, so it has the slot's upper bits.
        let begun = self.slots[slot].bound >> width <= now >> width;
        begun.then(|| self.take(slot))
    }

    /// If the first slot is one of level 0 and its bound is not exact: empties it, and makes its tick
    /// the current one, so that the front takes its entries over.
    #[inline]
    pub fn take_inexact(&mut self) -> Option<u32> {
        if self.occupied[0] == 0 {
            return None;
        }
        let slot = self.occupied[0].trailing_zeros() as usize;
        if self.slots[slot].at_bound > 0 {
            return None;
        }
        self.advance(self.slots[slot].bound);
        Some(self.take(slot))
    }

    #[cfg(test)]
    pub fn is_allocated(&self) -> bool {
        !self.slots.is_empty()
    }
}
