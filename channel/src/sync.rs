//! The synchronization primitives that the channel is built from: `std`'s, or under `--cfg loom` those of loom, so
//! that what the models check is what ships.

#[cfg(not(loom))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, atomic};

#[cfg(loom)]
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard, atomic};
