//! smol 2. Its own channel is `async-channel`.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;

use super::Runtime;
use super::channel::AsyncChannel;

pub struct Smol;

impl Runtime for Smol {
    type Task<T: Send + 'static> = smol::Task<T>;
    type Sleep = smol::Timer;
    type Own = AsyncChannel;

    fn start(workers: usize) -> Result<Self> {
        // SAFETY: no other thread reads the environment: the runtime is the first thing that a child starts.
        unsafe { std::env::set_var("SMOL_THREADS", workers.to_string()) };
        // Its threads start at the first spawn.
        smol::block_on(smol::spawn(async {}));
        Ok(Smol)
    }

    fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        smol::block_on(smol::spawn(body))
    }

    fn outside<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    fn spawn<T, F>(future: F) -> Self::Task<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        smol::spawn(future)
    }

    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        smol::Timer::after(duration)
    }

    fn unblock<T, F>(f: F) -> impl Future<Output = T> + Send
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        smol::unblock(f)
    }

    fn block_on_inside<F: Future>(future: F) -> Result<F::Output, &'static str> {
        Ok(smol::block_on(future))
    }
}
