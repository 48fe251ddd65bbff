//! The synchronization primitives that the protocols of this crate are written with: `std`'s, or loom's when a
//! model runs (`--cfg loom`). Only code that has a model imports from here.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering, fence},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering, fence},
};

/// Locks `mutex`, also when a thread panicked while it held the lock: everything that this crate does under a lock
/// is complete at each point where a panic could start.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
