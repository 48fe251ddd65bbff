//! Blocking code beside async code: a pool of threads, and the two ways to use it.
//!
//! - [`unblock`] runs one closure on the pool.
//! - [`Unblock`] wraps a blocking reader, writer or iterator and makes it async.
//!
//! What both give to the [`Pool`] are `async-task` jobs. A job of `unblock` runs once and is done. A job of `Unblock`
//! moves bytes or items in or out of a buffer, and gives its thread back while that buffer is full or empty; so an
//! open file that nobody reads from costs no thread.

mod contained;
mod limit;
mod pool;
mod unblock;

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_task::{Runnable, ScheduleInfo, Task, WithInfo};
use leno_reactor::PerProcess;

use self::contained::Contained;
use self::pool::{IDLE_LIMIT, Load, Pool};
pub use self::unblock::Unblock;

/// Runs blocking code on a pool of threads, so that it delays no task.
///
/// Use it for what has no async form: files, name look-ups, `std::process`, a long computation. The closure is started
/// as soon as a thread of the pool is free; a new one is started if none is idle.
///
/// # The pool
///
/// The threads are named `leno-blocking-0`, `leno-blocking-1` and so on. There are at most 500 of them, or as many as
/// the environment variable `BLOCKING_MAX_THREADS` (1 to 10000) said when the pool was first used; further closures
/// wait in line. A thread that has had nothing to do for half a second ends, so an idle program has none.
///
/// When the OS refuses a thread, closures wait for the threads that there are. If there are none, the closure runs as
/// an ordinary task of the runtime. It then delays the other tasks, but it does run. Every later call tries to get a
/// thread again.
///
/// The pool doesn't keep a program alive: when `main` returns, closures that still run are cut off.
///
/// # Cancel safety
///
/// Dropping the [`Task`] cancels a closure that hasn't started yet: it is dropped without being run. One that has
/// started runs to its end and its result is dropped. [`Task::detach`] lets it run without being awaited.
///
/// # Panics
///
/// A panic in the closure goes on in whoever awaits the task; the thread of the pool lives on. But if nobody
/// takes the result, or the payload of the panic, and its drop panics in turn, `async-task` aborts the process.
///
/// # Examples
///
/// ```
/// use leno_executor::unblock;
///
/// # futures_lite::future::block_on(async {
/// let manifest = unblock(|| std::fs::read_to_string("Cargo.toml")).await?;
/// assert!(manifest.contains("[package]"));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// Two closures at once:
///
/// ```
/// use leno_executor::unblock;
///
/// # futures_lite::future::block_on(async {
/// let even = unblock(|| (0..1_000u64).step_by(2).sum::<u64>());
/// let odd = unblock(|| (1..1_000u64).step_by(2).sum::<u64>());
/// assert_eq!(even.await + odd.await, 499_500);
/// # });
/// ```
pub fn unblock<T, F>(f: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn(Call(Some(f)))
}

/// Sets how many threads [`unblock`] and [`Unblock`] may use at once, whatever `BLOCKING_MAX_THREADS` says.
///
/// It can be called at any time. After a lower limit, threads that are above it end when they are done with what they
/// run. The names that [`resolve`](https://docs.rs/leno/latest/leno/net/fn.resolve.html) looks up and the files in
/// `leno::fs` have their own limits.
///
/// # Examples
///
/// ```
/// use leno_executor::{set_max_blocking_threads, unblock};
/// use std::num::NonZeroUsize;
///
/// set_max_blocking_threads(NonZeroUsize::new(8).unwrap());
/// let task = unblock(|| 1 + 2);
/// assert_eq!(futures_lite::future::block_on(task), 3);
/// ```
pub fn set_max_blocking_threads(threads: NonZeroUsize) {
    limit::set(threads);
    pool().set_max_threads(threads.get());
}

/// Says who runs a job for which there is no thread, instead of the thread that asked for it.
///
/// `f` is called by whoever calls `unblock`, or wakes a job of an [`Unblock`]; it must put the job into a run queue and
/// return. Only the first call counts.
pub(crate) fn set_last_resort(f: fn(Runnable)) {
    pool().set_last_resort(f);
}

/// How busy the pool is.
pub(crate) fn load() -> Load {
    pool().load()
}

/// The process-wide pool. Everything gets at it through here.
fn pool() -> &'static Arc<Pool> {
    static POOL: PerProcess<Arc<Pool>> = PerProcess::new();
    POOL.get_or_init(|| Arc::new(Pool::new(limit::current(), IDLE_LIMIT, pool::os_threads())))
}

/// Runs `future` on the process-wide pool.
fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Unpin + Send + 'static,
    F::Output: Send + 'static,
{
    // Captures nothing, so that a wake doesn't have to count a reference to it.
    launch(future, |job, info| pool().schedule(job, info))
}

/// Makes a job of `future` and hands it to `schedule`.
fn launch<F, S>(future: F, schedule: S) -> Task<F::Output>
where
    F: Future + Unpin + Send + 'static,
    F::Output: Send + 'static,
    S: Fn(Runnable, ScheduleInfo) + Send + Sync + 'static,
{
    // `async-task` aborts when the drop of a future panics, hence `Contained`.
    let future = Contained::new(future);
    let (job, task) = async_task::Builder::new()
        .propagate_panic(true)
        .spawn(move |()| future, WithInfo(schedule));
    job.schedule();
    task
}

/// A closure as a future that is ready at its first poll.
struct Call<F>(Option<F>);

// The closure is moved out before it is called, never pinned.
impl<F> Unpin for Call<F> {}

impl<T, F: FnOnce() -> T> Future for Call<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        let f = self.0.take().expect("a job is not polled after its end");
        Poll::Ready(f())
    }
}
