//! What the gate is built from: `std`'s, or loom's when a model runs (`--cfg loom`).

#[cfg(not(loom))]
pub(crate) use std::{
    sync::atomic::{AtomicU8, Ordering},
    thread::yield_now,
};

#[cfg(loom)]
pub(crate) use loom::{
    sync::atomic::{AtomicU8, Ordering},
    thread::yield_now,
};
