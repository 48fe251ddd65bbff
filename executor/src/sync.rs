//! The synchronization primitives that the queues and protocols are built from.
//!
//! A normal build gets those of `std`. Under `--cfg loom` the same names stand for loom's, which run a model once for every
//! order of events that the memory model allows. Code that has a model in `models/` takes its primitives from here and
//! from nowhere else, so that what is checked is what ships.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
};
