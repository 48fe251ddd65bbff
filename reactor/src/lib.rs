#![doc = include_str!("../README.md")]
// Under loom only the modelled protocols are compiled, and not everything in them is used by a model.
#![cfg_attr(loom, allow(dead_code))]

mod bench;
mod crowd;
mod park_state;
mod readiness;
mod seat;
mod suspicion;
mod sync;
mod waker_slot;
mod wheel;

#[cfg(all(test, loom))]
mod models;

#[cfg(not(loom))]
mod async_io;
#[cfg(not(loom))]
mod batch;
#[cfg(not(loom))]
mod block_on;
#[cfg(not(loom))]
pub mod budget;
#[cfg(not(loom))]
mod current;
#[cfg(not(loom))]
mod fork;
#[cfg(not(loom))]
mod guest;
#[cfg(not(loom))]
mod notice;
#[cfg(not(loom))]
mod parker;
#[cfg(not(loom))]
mod reactor;
#[cfg(not(loom))]
mod registry;
#[cfg(not(loom))]
mod rush;
#[cfg(not(loom))]
mod signal;
#[cfg(not(loom))]
mod source;
#[cfg(not(loom))]
mod sys;
#[cfg(not(loom))]
mod timer;
#[cfg(not(loom))]
mod vigil;
#[cfg(not(loom))]
mod waiters;

#[cfg(not(loom))]
pub use self::{
    async_io::{Async, IoSafe, Readable, ReadableOwned, Writable, WritableOwned},
    batch::Batch,
    block_on::{before_sleep, block_on},
    current::{Entered, enter, polls_with, shares_tasks},
    fork::{PerProcess, after_fork, generation as fork_generation},
    guest::guests,
    notice::notice,
    parker::{Parker, Unparker},
    reactor::Reactor,
    signal::Signal,
    timer::Timer,
};

#[cfg(not(loom))]
pub use self::sys::os;

/// The name of the way in which this build waits for events, such as `"epoll"`.
///
/// # Examples
///
/// ```
/// println!("waiting with {}", leno_reactor::backend());
/// ```
#[cfg(not(loom))]
pub const fn backend() -> &'static str {
    sys::BACKEND
}
