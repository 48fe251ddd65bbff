#![doc = include_str!("../README.md")]
// Under loom only the modelled protocols are compiled, and not everything in them is used by a model.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

mod crew;
mod duty;
mod executor;
mod idle;
mod queue;
mod seeker;
mod sync;

#[cfg(all(test, loom))]
mod models;

#[cfg(not(loom))]
mod blocking;
#[cfg(not(loom))]
mod builder;
#[cfg(not(loom))]
mod contain;
#[cfg(not(loom))]
mod context;
#[cfg(not(loom))]
mod home;
#[cfg(not(loom))]
mod live;
#[cfg(not(loom))]
pub mod observe;
#[cfg(not(loom))]
mod pace;
mod padded;
#[cfg(not(loom))]
mod root;
#[cfg(not(loom))]
mod running;
#[cfg(not(loom))]
mod runtime;
#[cfg(not(loom))]
mod sentry;
#[cfg(not(loom))]
mod shutdown;
#[cfg(not(loom))]
mod spawn;
#[cfg(not(loom))]
mod stopwatch;
#[cfg(not(loom))]
mod strangers;
#[cfg(not(loom))]
mod worker;
#[cfg(not(loom))]
mod worker_loop;

#[cfg(not(loom))]
pub use self::{
    blocking::{Unblock, set_max_blocking_threads, unblock},
    builder::Builder,
    executor::{Executor, LocalExecutor, StaticExecutor, StaticLocalExecutor},
    shutdown::shutdown,
    spawn::spawn,
};

#[cfg(not(loom))]
pub use async_task::{FallibleTask, Task};

/// How many workers the process-wide runtime has. Starts it if it does not run.
///
/// # Examples
///
/// ```
/// assert!(leno_executor::workers() >= 1);
/// ```
#[cfg(not(loom))]
pub fn workers() -> usize {
    runtime::Runtime::get().workers().len()
}

/// Whether the calling thread is one of the workers of the process-wide runtime, which run tasks of other threads too.
///
/// # Examples
///
/// ```
/// assert!(!leno_executor::is_worker());
/// let task = leno_executor::spawn(async { leno_executor::is_worker() });
/// // Without a single worker, which happens if the OS refuses threads, this thread runs it.
/// println!("on a worker: {}", leno_reactor::block_on(task));
/// ```
#[cfg(not(loom))]
pub fn is_worker() -> bool {
    context::current().is_some()
}

/// Runs the body of a program's `main`: the calling thread becomes worker 0 of the process-wide runtime, and `future`,
/// which need not be `Send`, is its first work. Returns when `future` is ready. If the runtime runs already, the thread
/// only waits for `future`, as `block_on` does.
///
/// Made for `#[leno::main]`. When this returns, a thread of its own goes on as worker 0, for a program need not end with
/// its first `main`.
///
/// # Panics
///
/// If the future panics.
#[cfg(not(loom))]
pub fn block_on_main<F: Future>(future: F) -> F::Output {
    runtime::Runtime::run_main(future)
}
