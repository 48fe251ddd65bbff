//! Executors that users make themselves: [`Executor`], whose tasks run wherever somebody runs it, and
//! [`LocalExecutor`], whose tasks stay on one thread.
//!
//! # Where a task waits
//!
//! ```text
//!                   woken or spawned inside a `run`                anywhere else
//!                                │                                      │
//!                     the Ring of that `run` ──── full ────►  the injector (any thread)
//!                                │                                      │
//!          its own `run` pops ───┴─── other runs and ticks steal        └─── every run and tick takes
//! ```
//!
//! A [`Queues`](queues::Queues) holds both kinds. A ring is used only while its `run` is being polled
//! ([`current`]), and everybody who looks for work looks at every ring: so a future that is dropped,
//! forgotten, moved to another thread or not polled for a while strands nothing.
//!
//! # Who is woken
//!
//! Whoever makes a task visible *announces* it; whoever wants to sleep registers and then looks once
//! more. The protocol is in [`sleepers`]. One announced task wakes one sleeper, and no other until
//! that one has looked; it then announces what it leaves behind. Moving tasks from one queue to
//! another hides them for a moment, so a mover announces them again.
//!
//! # How an executor ends
//!
//! Tasks may borrow what dies after the executor, so no future may outlive the drop. A future is
//! dropped only by whoever holds its `Runnable`, and a `Runnable` is in a queue, in the hand of a
//! runner, or in a wake-up on its way into a queue:
//!
//! ```text
//!  drop:  no runner is left, they borrow the executor
//!         wake every task, so that each is in a queue or on its way
//!    ┌──► take what is in the queues and drop it
//!    │    no task left: done
//!    └─── sleep like a runner, until a wake-up arrives with one
//! ```
//!
//! What a wake-up uses belongs to the task (an `Arc` in its schedule function), never to the executor:
//! it may go on after the drop. [`close`] has the loop.

pub(crate) mod close;
mod lock;
pub(crate) mod queues;
pub(crate) mod slab;
pub(crate) mod sleeper;
pub(crate) mod sleepers;

#[cfg(not(loom))]
mod current;
#[cfg(not(loom))]
#[allow(clippy::module_inception)] // The type is looked for under its name.
mod executor;
#[cfg(not(loom))]
mod local;
#[cfg(not(loom))]
mod local_state;
#[cfg(not(loom))]
mod run;
#[cfg(not(loom))]
mod state;
#[cfg(not(loom))]
mod thread_bound;
#[cfg(not(loom))]
mod tracked;

#[cfg(not(loom))]
pub use self::{executor::Executor, local::LocalExecutor};
