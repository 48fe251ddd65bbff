//! The entries of a [`Wheel`](super::Wheel) that are due next, in exact order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::slab::{KEEP, Slab};

/// A heap by (deadline, insertion), the earliest on top.
///
/// An entry that is removed stays in the heap until it comes to the top, or until more than half of the
/// heap is such, so that a removal costs little and the heap doesn't grow without bound. It is told
/// from the entry that uses its place now by its number of insertion. The top is always live.
pub(super) struct Front {
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    /// How many of the heap's elements name an entry that was removed.
    removed: usize,
}

impl Front {
    pub fn new() -> Front {
        Front {
            heap: BinaryHeap::new(),
            removed: 0,
        }
    }

    /// The earliest deadline.
    #[inline]
    pub fn earliest(&self) -> Option<u64> {
        self.heap.peek().map(|&Reverse((deadline, _, _))| deadline)
    }

    pub fn push(&mut self, slab: &Slab, index: u32) {
        let entry = &slab[index];
        self.heap.push(Reverse((entry.deadline, entry.seq, index)));
    }

    /// Takes the earliest entry out if its deadline is not after `now`. The caller releases it, and
    /// then calls [`Front::clean`].
    pub fn pop_due(&mut self, now: u64) -> Option<u32> {
        if self.earliest()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, index))| index)
    }

    /// Tells that one of the entries here was released without having been popped.
    pub fn removed_one(&mut self, slab: &Slab) {
        self.removed += 1;
        if self.removed > self.heap.len() / 2 {
            let live = |&Reverse((_, seq, index)): &_| slab.is_live(index, seq);
            self.heap.retain(live);
            self.removed = 0;
        }
        self.clean(slab);
    }

    /// Makes the top a live one.
    pub fn clean(&mut self, slab: &Slab) {
        while let Some(&Reverse((_, seq, index))) = self.heap.peek() {
            if slab.is_live(index, seq) {
                return;
            }
            self.heap.pop();
            self.removed -= 1;
        }
        if self.heap.capacity() > KEEP {
            self.heap = BinaryHeap::new();
        }
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.heap.capacity()
    }

    #[cfg(test)]
    pub fn counts_right(&self, slab: &Slab) -> bool {
        let removed = |&&Reverse((_, seq, index)): &&_| !slab.is_live(index, seq);
        self.heap.iter().filter(removed).count() == self.removed
    }

    #[cfg(test)]
    pub fn stored(&self) -> usize {
        self.heap.len()
    }
}
