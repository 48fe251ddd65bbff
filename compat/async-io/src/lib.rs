//! The reactor of [`leno_reactor`] under the name of `async-io` 2, for use through `[patch.crates-io]`.

#[doc(inline)]
pub use leno_reactor::{
    Async, IoSafe, Readable, ReadableOwned, Timer, Writable, WritableOwned, block_on, os,
};
