//! The pool for blocking code of [`leno_executor`] under the name of `blocking` 1, for use through `[patch.crates-io]`.

#[doc(inline)]
pub use leno_executor::{Task, Unblock, set_max_blocking_threads, unblock};
