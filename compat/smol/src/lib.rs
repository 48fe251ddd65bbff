//! [`leno`] under the name of `smol` 2, for use through `[patch.crates-io]`.
//!
//! It has what `smol` has and nothing more: what leno adds is for programs that name leno.

#[doc(inline)]
pub use leno::{
    Async, Executor, LocalExecutor, Task, Timer, Unblock, block_on, channel, fs, future, io, lock,
    net, pin, prelude, process, ready, spawn, stream, unblock,
};
