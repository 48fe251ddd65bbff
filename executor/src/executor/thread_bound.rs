//! Values that only one thread may look at.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

thread_local! {
    /// 0 until [`thread_number`] is called. Without a destructor, so it works while a thread ends.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The number of the calling thread: no other thread of the process has it or will ever have it.
#[inline]
pub(super) fn thread_number() -> u64 {
    match NUMBER.get() {
        0 => number_thread(),
        number => number,
    }
}

#[cold]
fn number_thread() -> u64 {
    /// The number that the next thread gets. Counted up by each thread once; nothing else depends
    /// on it.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.set(number);
    number
}

/// A value that only the thread that made it can get at. It may be dropped by any.
#[derive(Debug)]
pub(super) struct ThreadBound<T> {
    owner: u64,
    value: T,
}

// SAFETY: a shared `ThreadBound` gives out references to the value on the owner's thread only, so the
// value need not be `Sync`. `Send`, because whoever drops it last may be another thread.
unsafe impl<T: Send> Sync for ThreadBound<T> {}

impl<T> ThreadBound<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            owner: thread_number(),
            value,
        }
    }

    /// The value, if this is the owner's thread.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        (self.owner == thread_number()).then_some(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn only_the_owner_gets_it() {
        let bound = ThreadBound::new(Cell::new(1));
        bound.get().unwrap().set(2);
        thread::scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| bound.get().is_none()));
            assert!(others.into_iter().all(|other| other.join().unwrap()));
        });
        assert_eq!(bound.get().unwrap().get(), 2);
    }
}
