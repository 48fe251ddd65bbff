//! The signals of [`leno_signal`] under the name of `async-signal` 0.2, for use through `[patch.crates-io]`.

#[doc(inline)]
pub use leno_signal::{Signal, Signals};
