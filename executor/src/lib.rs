//! leno

#[cfg(not(loom))]
mod blocking;

#[cfg(not(loom))]
pub use blocking::{Unblock, unblock};
