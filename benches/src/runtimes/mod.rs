//! What a runtime must offer to the workloads. There are two kinds: those that run futures, and those whose tasks are
//! stacks ([`stackful`]). Workloads are generic over the runtime, so nothing is `dyn` where it is measured.

pub mod channel;
pub mod leno;
#[cfg(feature = "may")]
pub mod may;
#[cfg(feature = "smol")]
pub mod smol;
pub mod stackful;
pub mod threads;
#[cfg(feature = "tokio")]
pub mod tokio;

use std::future::Future;
use std::time::Duration;

use anyhow::Result;

use channel::Channel;

/// A runtime that runs futures. It is started once in a process; `spawn` and the others are for use on its workers, or
/// inside `outside`.
pub trait Runtime: Sized + Sync + 'static {
    /// What `spawn` gives, to be awaited.
    type Task<T: Send + 'static>: Future<Output = T> + Send + Unpin + 'static;
    type Sleep: Future + Send + 'static;
    /// The channel that comes with the runtime.
    type Own: Channel;

    fn start(workers: usize) -> Result<Self>;

    /// Runs `body` as a task on the workers, and waits for it on this thread.
    fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static;

    /// Calls `f` on this thread, which is no worker, while the workers run; `spawn` works in it.
    fn outside<T>(&self, f: impl FnOnce() -> T) -> T;

    fn spawn<T, F>(future: F) -> Self::Task<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static;

    /// Lets a task go on by itself.
    fn detach<T: Send + 'static>(task: Self::Task<T>);

    fn yield_now() -> impl Future<Output = ()> + Send;

    fn sleep(duration: Duration) -> Self::Sleep;

    /// Runs `f` on a thread that may block.
    fn unblock<T, F>(f: F) -> impl Future<Output = T> + Send
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static;

    /// Blocks on a future inside a task, in the way that the runtime has for it, if it has one.
    fn block_on_inside<F: Future>(future: F) -> Result<F::Output, &'static str>;
}
