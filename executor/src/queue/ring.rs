//! A worker's run queue: bounded, first in first out, one owner, any number of thieves.
//!
//! ```text
//!                   head                              tail
//!   pop, steal:      │ one CAS ──►                     │ a store ──►      :push
//!     … long gone …  │ i │ i+1 │ i+2 │        …        │ … still free …
//! ```
//!
//! Entry number `i` lies in slot `i % CAPACITY`; the ring holds the entries `head..tail`. The owner
//! alone writes slots and `tail`; everybody moves `head`. Why that is right:
//!
//! 1. The counters only grow and, at 64 bits, never wrap. So a CAS of `head` from `h` succeeds once
//!    in the life of a ring, and means that nobody took anything since `h` was read.
//! 2. Whoever moves `head` from `h` to `h + n` owns the entries `h..h + n`, and nobody else does.
//! 3. A thief has to copy slots *before* its CAS, because after it the owner may reuse them. It never
//!    copies too old a value: `tail` (Release in `push`, Acquire in the thief) brings the slots along.
//! 4. Nor can it keep too new a one. The owner writes over entry `i` only after it read some `head > i`
//!    (Acquire). If that value came before the thief's CAS, the CAS expects a number that is gone for
//!    good: it fails, and the copies, which are mere pointers, are forgotten. If it is the thief's own
//!    or a later one, the thief's Release carries its reads to the owner: they were before the write.
//!    (Every change of `head` is a read-modify-write, so later ones keep the release alive.)
//! 5. The owner reads slots *after* its CAS: they are its own writes, and none comes in between.

use std::{array, iter, marker::PhantomData, ptr, ptr::NonNull};

use super::Pointer;
use crate::padded::Padded;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// How many entries a ring holds. A power of two, so that finding a slot is a mask. With loom, few
/// enough that a model can go round.
pub(crate) const CAPACITY: usize = if cfg!(loom) { 4 } else { 256 };

/// What [`Ring::overflow`] moves at once: much, so that a spawn loop pays for the inbox seldom.
const HALF: usize = CAPACITY / 2;

/// The queue. See the top of this file for how it works. What the owner writes at every push is kept apart from what thieves
/// write.
pub(crate) struct Ring<T: Pointer> {
    /// The number of the oldest entry. Moved forward by one CAS of whoever takes entries out.
    /// A thief's Release pairs with the Acquire of the owner in `push`, and in `steal_into` where
    /// this ring is the destination (the slots may be reused).
    head: Padded<AtomicU64>,
    /// The number that the next entry gets. Written by the owner; its Release pairs with the Acquire
    /// of thieves (the slots are filled, and so is what they point to).
    tail: Padded<AtomicU64>,
    /// The entries. Written by the owner, read by anybody, always Relaxed: `head` and `tail` give the
    /// order. Atomic because a thief may read a slot while the owner reuses it, and then forgets
    /// what it read.
    slots: [AtomicPtr<()>; CAPACITY],
    /// The ring owns what the pointers stand for.
    owns: PhantomData<T>,
}

// SAFETY: a shared ring only ever passes whole values from one thread to another, and `T` is `Send`.
// It never gives out a reference to a value, so `T` need not be `Sync`.
unsafe impl<T: Pointer> Sync for Ring<T> {}

impl<T: Pointer> Ring<T> {
    /// An empty ring.
    pub(crate) fn new() -> Self {
        Self {
            head: Padded(AtomicU64::new(0)),
            tail: Padded(AtomicU64::new(0)),
            slots: array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            owns: PhantomData,
        }
    }

    /// Appends `value`; gives it back if the ring is full.
    ///
    /// # Safety
    ///
    /// The caller is the ring's owner: calls of the owner's methods do not overlap, and each happens
    /// before the next.
    #[inline]
    pub(crate) unsafe fn push(&self, value: T) -> Result<(), T> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Acquire: point 4.
        if tail - self.head.0.load(Ordering::Acquire) == CAPACITY as u64 {
            return Err(value);
        }
        self.slot(tail)
            .store(value.into_raw().as_ptr(), Ordering::Relaxed);
        self.tail.0.store(tail + 1, Ordering::Release);
        Ok(())
    }

    /// Takes the oldest entry out.
    ///
    /// A CAS and not a store, because a thief may be after the same entry, and one of the two must
    /// be told no.
    ///
    /// # Safety
    ///
    /// The caller is the ring's owner, as for [`push`](Self::push).
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Option<T> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let mut head = self.head.0.load(Ordering::Relaxed);
        while head != tail {
            // Relaxed: the slot was written and will be reused by this same owner.
            match self.head.0.compare_exchange_weak(
                head,
                head + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                // SAFETY: the CAS made entry `head` ours alone, and we are the owner (point 5).
                Ok(_) => return Some(unsafe { self.read(head) }),
                Err(now) => head = now,
            }
        }
        None
    }

    /// Makes room in a full ring: takes the older half out and hands each entry to `into`, oldest
    /// first. Returns how many these were: half of the ring, or 0 if it is no longer full because
    /// a thief was faster.
    ///
    /// If `into` panics, the entries that it has not yet been given are dropped.
    ///
    /// # Safety
    ///
    /// The caller is the ring's owner, as for [`push`](Self::push).
    #[cold]
    pub(crate) unsafe fn overflow(&self, into: impl FnMut(T)) -> usize {
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Full means just this value of `head`, so there is no need to load it.
        let Some(head) = tail.checked_sub(CAPACITY as u64) else {
            return 0;
        };
        // Relaxed for the reason it is in `pop`.
        let taken = self.head.0.compare_exchange(
            head,
            head + HALF as u64,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if taken.is_err() {
            return 0;
        }
        // All are read before the first is handed on: `into` may push to this ring.
        // SAFETY: the CAS made the entries ours alone, and we are the owner (point 5).
        let half: [T; HALF] = array::from_fn(|i| unsafe { self.read(head + i as u64) });
        half.into_iter().for_each(into);
        HALF
    }

    /// Takes half of the entries (rounded up, at most one more than `dest` has room for): returns
    /// the oldest, to be run at once, and appends the others to `dest` in order. Tries again when
    /// somebody else was faster, as long as there is anything left.
    ///
    /// A thief may miss entries that were pushed a moment ago.
    ///
    /// # Safety
    ///
    /// The caller is the owner of `dest`, as for [`push`](Self::push).
    pub(crate) unsafe fn steal_into(&self, dest: &Ring<T>) -> Option<T> {
        let dest_tail = dest.tail.0.load(Ordering::Relaxed);
        // Acquire: `dest` has thieves of its own, whose reads come before our writes (point 4).
        let dest_len = dest_tail - dest.head.0.load(Ordering::Acquire);
        let room = CAPACITY as u64 - dest_len;
        loop {
            let (head, tail) = self.snapshot();
            let count = tail.saturating_sub(head).div_ceil(2).min(room + 1);
            if count == 0 {
                return None;
            }
            let first = self.slot(head).load(Ordering::Relaxed);
            for i in 1..count {
                let copy = self.slot(head + i).load(Ordering::Relaxed);
                // Beyond `dest`'s tail, where nobody looks for an entry yet.
                dest.slot(dest_tail + i - 1).store(copy, Ordering::Relaxed);
            }
            if self.claim(head, count) {
                dest.tail.0.store(dest_tail + count - 1, Ordering::Release);
                // SAFETY: the CAS made the entry ours alone and vouches for the copy (points 3, 4).
                return Some(unsafe { Self::revive(first) });
            }
        }
    }

    /// Takes the oldest entry out, on any thread. Tries again when somebody else was faster, as long
    /// as there is anything left.
    ///
    /// A thief may miss entries that were pushed a moment ago.
    pub(crate) fn steal_one(&self) -> Option<T> {
        loop {
            let (head, tail) = self.snapshot();
            if head >= tail {
                return None;
            }
            let first = self.slot(head).load(Ordering::Relaxed);
            if self.claim(head, 1) {
                // SAFETY: the CAS made the entry ours alone and vouches for the copy (points 3, 4).
                return Some(unsafe { Self::revive(first) });
            }
        }
    }

    /// How many entries there were a moment ago: a hint, except that the owner never gets less than
    /// there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let head = self.head.0.load(Ordering::Relaxed);
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Either may be out of date.
        tail.saturating_sub(head).min(CAPACITY as u64) as usize
    }

    /// Whether the ring held nothing a moment ago: a hint, except that the owner is never told so
    /// while there is an entry.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `head` and `tail` as a thief sees them; `tail` may be the smaller one.
    fn snapshot(&self) -> (u64, u64) {
        // Acquire: keeps the look at `tail` behind this one. A `tail` that is older than `head` would
        // do no harm but make a full ring look empty.
        let head = self.head.0.load(Ordering::Acquire);
        // Acquire: point 3.
        (head, self.tail.0.load(Ordering::Acquire))
    }

    /// A thief's CAS: whether the entries `head..head + count` are now its own.
    fn claim(&self, head: u64, count: u64) -> bool {
        // Release: point 4.
        self.head
            .0
            .compare_exchange_weak(head, head + count, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    #[inline]
    fn slot(&self, entry: u64) -> &AtomicPtr<()> {
        &self.slots[entry as usize % CAPACITY]
    }

    /// The owner's way to read an entry.
    ///
    /// # Safety
    ///
    /// The caller is the owner, took entry `entry` out, pushed nothing since, and reads it once.
    #[inline]
    unsafe fn read(&self, entry: u64) -> T {
        // SAFETY: the slot still holds what `push` stored as this entry, and it is the caller's.
        unsafe { Self::revive(self.slot(entry).load(Ordering::Relaxed)) }
    }

    /// # Safety
    ///
    /// `raw` is a copy of an entry, and the caller took that entry out of the ring.
    #[inline]
    unsafe fn revive(raw: *mut ()) -> T {
        // SAFETY: every entry came from `into_raw` in `push`, so it is not null; only who takes an
        // entry out turns it back.
        unsafe { T::from_raw(NonNull::new_unchecked(raw)) }
    }
}

impl<T: Pointer> Drop for Ring<T> {
    fn drop(&mut self) {
        // SAFETY: nobody else has the ring any more, so we are the owner.
        iter::from_fn(|| unsafe { self.pop() }).for_each(drop);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
