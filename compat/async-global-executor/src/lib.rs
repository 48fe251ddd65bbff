//! The process-wide runtime of [`leno_executor`] under the name of `async-global-executor`, for use through
//! `[patch.crates-io]`.
//!
//! The number of leno's workers is fixed when it starts, so [`spawn_more_threads`] starts none and [`stop_thread`] stops
//! none, and [`GlobalExecutorConfig::with_max_threads`] has no effect.

mod config;
mod local;
mod threads;
#[cfg(feature = "tokio")]
mod tokio_context;

pub use config::{GlobalExecutorConfig, init, init_with_config};
pub use leno_executor::Task;
pub use local::{block_on, spawn_local};
pub use threads::{spawn_more_threads, stop_current_thread, stop_thread};

#[cfg(feature = "tokio")]
use tokio_context::in_context;

/// Gives a future what else it needs. Without the feature `tokio`, that is nothing.
#[cfg(not(feature = "tokio"))]
fn in_context<F>(future: F) -> F {
    future
}

/// Starts a task on leno's process-wide runtime: [`leno_executor::spawn`].
///
/// # Examples
///
/// ```
/// let task = async_global_executor::spawn(async { 1 + 2 });
/// assert_eq!(async_global_executor::block_on(task), 3);
/// ```
pub fn spawn<F: Future<Output = T> + Send + 'static, T: Send + 'static>(future: F) -> Task<T> {
    init();
    leno_executor::spawn(in_context(future))
}

/// Runs blocking code on leno's pool of threads: [`leno_executor::unblock`].
///
/// # Examples
///
/// ```
/// let task = async_global_executor::spawn_blocking(|| "done");
/// assert_eq!(async_global_executor::block_on(task), "done");
/// ```
pub fn spawn_blocking<F: FnOnce() -> T + Send + 'static, T: Send + 'static>(f: F) -> Task<T> {
    #[cfg(feature = "tokio")]
    let f = || tokio_context::with(f);
    leno_executor::unblock(f)
}
