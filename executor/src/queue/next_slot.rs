//! The task that runs next: one that the running task has just woken.
//!
//! Only the owner makes the slot non-null; the owner and, when the owner is stuck, the sentry make
//! it null again. The whole argument:
//!
//! 1. A pointer leaves the slot by one read-modify-write, which hands it to one caller only.
//! 2. Null that the owner reads is no stale null: only the owner could have put something there
//!    since. So it may store over a null without a read-modify-write.
//! 3. Release on the way in and Acquire on the way out: whoever takes a task sees all that was
//!    written to it before it was put.

use std::{marker::PhantomData, ptr, ptr::NonNull};

use super::Pointer;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// Room for one entry, put by its owner and taken by anybody.
pub(crate) struct NextSlot<T: Pointer> {
    /// The entry, or null. Made non-null by the owner (Release), made null and read by anybody who
    /// takes (Acquire); these two pair.
    entry: AtomicPtr<()>,
    /// The slot owns what the pointer stands for.
    owns: PhantomData<T>,
}

// SAFETY: a shared slot only ever passes whole values from one thread to another, and `T` is `Send`.
// It never gives out a reference to a value, so `T` need not be `Sync`.
unsafe impl<T: Pointer> Sync for NextSlot<T> {}

impl<T: Pointer> NextSlot<T> {
    /// An empty slot.
    pub(crate) fn new() -> Self {
        Self {
            entry: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// Puts `value` in and returns what it displaces, if anything.
    ///
    /// # Safety
    ///
    /// Only the owner may call this: no two calls overlap, and each happens before the next.
    #[inline]
    pub(crate) unsafe fn put(&self, value: T) -> Option<T> {
        let new = value.into_raw().as_ptr();
        if self.entry.load(Ordering::Relaxed).is_null() {
            self.entry.store(new, Ordering::Release);
            return None;
        }
        // A taker may have been faster, hence a swap. Release alone will do: what comes back was put
        // by the owner, who needs nobody's news about it.
        let old = NonNull::new(self.entry.swap(new, Ordering::Release))?;
        // SAFETY: every non-null value came from `into_raw` in `put`, and the swap gave it to us alone.
        Some(unsafe { T::from_raw(old) })
    }

    /// Takes the entry out.
    ///
    /// The owner never misses an entry. Any other thread may miss one that was put a moment ago.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        // Most looks find nothing; a load leaves the cache line where it is. A CAS and not a swap, so
        // that nobody writes null over null: such a write would be harmless, but loom takes it for
        // one that may come after a `put` which did not see it.
        let mut entry = self.entry.load(Ordering::Relaxed);
        while !entry.is_null() {
            match self.entry.compare_exchange_weak(
                entry,
                ptr::null_mut(),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                // `taken` is what the load found, or an entry that was put at the same address since.
                Ok(taken) => {
                    let raw = NonNull::new(taken)?;
                    // SAFETY: every non-null value came from `into_raw` in `put`, and the CAS gave it
                    // to us alone.
                    return Some(unsafe { T::from_raw(raw) });
                }
                Err(now) => entry = now,
            }
        }
        None
    }

    /// Whether there is nothing to take, as far as this thread has heard; the owner has heard of
    /// every entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.entry.load(Ordering::Relaxed).is_null()
    }
}

impl<T: Pointer> Drop for NextSlot<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// `NextSlot::put` for tests, each of which owns its slot.
    fn put<T: Pointer>(slot: &NextSlot<T>, value: T) -> Option<T> {
        // SAFETY: tests put from the one thread that made the slot.
        unsafe { slot.put(value) }
    }

    #[test]
    fn put_displaces_and_take_empties() {
        let slot = NextSlot::new();
        assert!(slot.is_empty());
        assert_eq!(slot.take(), None);

        assert_eq!(put(&slot, Box::new(1)), None);
        assert!(!slot.is_empty());
        assert_eq!(put(&slot, Box::new(2)), Some(Box::new(1)));
        assert_eq!(slot.take(), Some(Box::new(2)));
        assert!(slot.is_empty());
        assert_eq!(slot.take(), None);

        assert_eq!(put(&slot, Box::new(3)), None);
        assert_eq!(slot.take(), Some(Box::new(3)));
    }

    #[test]
    fn a_dropped_slot_drops_its_entry() {
        let counter = Arc::new(());
        let slot = NextSlot::new();
        drop(put(&slot, Box::new(counter.clone())));
        drop(put(&slot, Box::new(counter.clone())));
        assert_eq!(Arc::strong_count(&counter), 2, "the displaced one is gone");
        drop(slot);
        assert_eq!(Arc::strong_count(&counter), 1);
    }

    #[test]
    fn each_entry_reaches_one_thread_once() {
        const ENTRIES: usize = if cfg!(miri) { 500 } else { 100_000 };
        let slot = NextSlot::new();

        let mut seen = std::thread::scope(|scope| {
            let (stop, stopped) = std::sync::mpsc::channel::<()>();
            let slot = &slot;
            let taker = scope.spawn(move || {
                let mut taken = Vec::new();
                while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                    taken.extend(slot.take());
                }
                taken
            });

            let mut mine = Vec::new();
            for entry in 0..ENTRIES {
                mine.extend(put(slot, Box::new(entry)));
                if entry % 3 == 0 {
                    mine.extend(slot.take());
                }
            }
            mine.extend(slot.take());
            drop(stop);
            mine.extend(taker.join().unwrap());
            mine
        });

        seen.sort_unstable();
        assert!(seen.into_iter().map(|entry| *entry).eq(0..ENTRIES));
    }
}
