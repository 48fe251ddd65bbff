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
mod static_executor;
#[cfg(not(loom))]
mod static_local;
#[cfg(not(loom))]
mod thread_bound;
#[cfg(not(loom))]
mod tracked;

#[cfg(not(loom))]
pub use self::{
    executor::Executor, local::LocalExecutor, static_executor::StaticExecutor,
    static_local::StaticLocalExecutor,
};

/// What must not compile, each beside what must.
///
/// A task borrows what outlives its executor:
///
/// ```
/// let text = String::from("long enough");
/// let executor = leno_executor::Executor::new();
/// executor.spawn(async { text.len() }).detach();
/// ```
///
/// ```compile_fail
/// let executor = leno_executor::Executor::new();
/// let text = String::from("too short");
/// executor.spawn(async { text.len() }).detach();
/// ```
///
/// ```compile_fail
/// let executor = leno_executor::LocalExecutor::new();
/// let text = String::from("too short");
/// executor.spawn(async { text.len() }).detach();
/// ```
///
/// Nor by way of an executor whose lifetime is taken for another one:
///
/// ```
/// use leno_executor::{Executor, LocalExecutor};
/// fn same<'a, 'b>(executor: &'b Executor<'a>) -> &'b Executor<'a> { executor }
/// fn same_local<'a, 'b>(executor: &'b LocalExecutor<'a>) -> &'b LocalExecutor<'a> { executor }
/// ```
///
/// ```compile_fail
/// use leno_executor::Executor;
/// fn shorter<'a>(executor: &'a Executor<'static>) -> &'a Executor<'a> { executor }
/// ```
///
/// ```compile_fail
/// use leno_executor::Executor;
/// fn longer<'a, 'b>(executor: &'b Executor<'a>) -> &'b Executor<'static> { executor }
/// ```
///
/// ```compile_fail
/// use leno_executor::LocalExecutor;
/// fn shorter<'a>(executor: &'a LocalExecutor<'static>) -> &'a LocalExecutor<'a> { executor }
/// ```
///
/// Tasks of an `Executor` are `Send`, and a `LocalExecutor` stays where it is:
///
/// ```compile_fail
/// let executor = leno_executor::Executor::new();
/// let text = std::rc::Rc::new("not Send");
/// executor.spawn(async move { text.len() }).detach();
/// ```
///
/// ```compile_fail
/// let executor = leno_executor::LocalExecutor::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| executor.try_tick());
/// });
/// ```
#[cfg(doctest)]
struct MustNotCompile;
