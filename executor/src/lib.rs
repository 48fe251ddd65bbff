//! leno

mod executor;
mod queue;
mod sync;

#[cfg(not(loom))]
pub use executor::{Executor, LocalExecutor};

#[cfg(all(test, loom))]
mod models;
