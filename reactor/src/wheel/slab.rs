//! The entries of a [`Wheel`](super::Wheel): one vector, reused through a free list.

use std::ops::{Index, IndexMut};
use std::task::Waker;

use super::Key;

/// The index that stands for "no entry": the end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// An empty buffer larger than this many elements is given back to the allocator; a smaller one is
/// kept, so that a service with a handful of timers allocates once.
pub(super) const KEEP: usize = 1024;

/// One timer: 40 bytes on a 64-bit machine.
pub(super) struct Entry {
    /// `None` while the entry is free.
    pub waker: Option<Waker>,
    /// Nanoseconds after the wheel's origin.
    pub deadline: u64,
    /// The number of this insertion. It orders equal deadlines, and its lower half is the generation
    /// of the entry's [`Key`].
    pub seq: u64,
    /// The entry before this one in its slot, or [`NONE`].
    pub prev: u32,
    /// The entry after this one in its slot or in the free list, or [`NONE`].
    pub next: u32,
}

pub(super) struct Slab {
    entries: Vec<Entry>,
    /// The first free entry, or [`NONE`].
    free: u32,
    len: usize,
    /// Counts insertions for the whole life of the wheel, also across [`Slab::trim`]: that is why a
    /// key from before can't name an entry from after.
    next_seq: u64,
}

impl Slab {
    pub fn new() -> Slab {
        Slab {
            entries: Vec::new(),
            free: NONE,
            len: 0,
            next_seq: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn wakers(&self) -> impl Iterator<Item = &Waker> {
        self.entries.iter().filter_map(|entry| entry.waker.as_ref())
    }

    /// Stores an entry that is in no list yet.
    #[inline]
    pub fn insert(&mut self, deadline: u64, waker: Waker) -> u32 {
        let entry = Entry {
            waker: Some(waker),
            deadline,
            seq: self.next_seq,
            prev: NONE,
            next: NONE,
        };
        let index = self.free;
        let index = if index != NONE {
            self.free = self[index].next;
            self[index] = entry;
            index
        } else {
            let index = self.entries.len();
            assert!(index < NONE as usize, "more than 2^32 - 1 timers");
            self.entries.push(entry);
            index as u32
        };
        self.next_seq += 1;
        self.len += 1;
        index
    }

    /// Frees an entry that has been taken out of its list.
    #[inline]
    pub fn release(&mut self, index: u32) -> Waker {
        let free = self.free;
        let entry = &mut self[index];
        let waker = entry.waker.take().expect("only live entries are released");
        entry.next = free;
        self.free = index;
        self.len -= 1;
        waker
    }

    /// Gives the memory back if no entry is left and it is worth the while.
    #[inline]
    pub fn trim(&mut self) {
        if self.len == 0 && self.entries.capacity() > KEEP {
            self.entries = Vec::new();
            self.free = NONE;
        }
    }

    #[inline]
    pub fn key(&self, index: u32) -> Key {
        Key {
            index,
            generation: self[index].seq as u32,
        }
    }

    /// The entry that `key` names, unless it has been released.
    #[inline]
    pub fn find(&self, key: Key) -> Option<u32> {
        let entry = self.entries.get(key.index as usize)?;
        let live = entry.waker.is_some() && entry.seq as u32 == key.generation;
        live.then_some(key.index)
    }

    /// Whether the insertion numbered `seq`, which got `index`, has not been released.
    pub fn is_live(&self, index: u32, seq: u64) -> bool {
        let entry = &self[index];
        entry.seq == seq && entry.waker.is_some()
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }
}

impl Index<u32> for Slab {
    type Output = Entry;

    #[inline]
    fn index(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }
}

impl IndexMut<u32> for Slab {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }
}
