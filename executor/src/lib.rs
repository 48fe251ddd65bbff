//! leno

mod queue;
mod sync;

#[cfg(all(test, loom))]
mod models;
