//! [`StaticExecutor`], and how an [`Executor`] becomes one.

use std::{
    fmt,
    future::Future,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{Arc, OnceLock},
};

use async_task::{Builder, ScheduleInfo, Task, WithInfo};

use super::{executor::Executor, run::run, state::State};
use crate::{contain::Contained, running};

/// An [`Executor`] that lives as long as the program.
///
/// It is made for a `static`, or by [`Executor::leak`]. Since it is never dropped it need not know its tasks: spawning
/// takes no lock, and the end of a task none either.
///
/// Tasks run where somebody calls [`run`](Self::run) or [`tick`](Self::tick). Those that nobody runs any more are
/// neither cancelled nor freed. All else is as for [`Executor`].
///
/// # Examples
///
/// ```
/// use leno_executor::StaticExecutor;
/// use leno_reactor::block_on;
///
/// static EXECUTOR: StaticExecutor = StaticExecutor::new();
///
/// let task = EXECUTOR.spawn(async { 1 + 2 });
/// assert_eq!(block_on(EXECUTOR.run(task)), 3);
/// ```
pub struct StaticExecutor {
    /// Made when the first task is spawned or the executor is first run. Counted, because tasks that were spawned
    /// before [`Executor::leak`] keep it in their way.
    state: OnceLock<Arc<State>>,
}

impl UnwindSafe for StaticExecutor {}
impl RefUnwindSafe for StaticExecutor {}

impl Executor<'static> {
    /// Gives up dropping this executor, so that its new tasks cost less. This can't be undone.
    ///
    /// Tasks that were spawned before stay what they are, and run when somebody runs the result.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::{Executor, StaticExecutor};
    /// use leno_reactor::block_on;
    ///
    /// let executor = Executor::new();
    /// let before = executor.spawn(async { 1 });
    ///
    /// let executor: &'static StaticExecutor = executor.leak();
    /// let after = executor.spawn(async { 2 });
    /// assert_eq!(block_on(executor.run(async { before.await + after.await })), 3);
    /// ```
    pub fn leak(self) -> &'static StaticExecutor {
        let state = match self.into_state() {
            Some(state) => OnceLock::from(state),
            None => OnceLock::new(),
        };
        Box::leak(Box::new(StaticExecutor { state }))
    }
}

impl StaticExecutor {
    /// Makes an executor without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    /// assert!(!EXECUTOR.try_tick());
    /// ```
    pub const fn new() -> Self {
        Self {
            state: OnceLock::new(),
        }
    }

    /// Spawns a task, which runs when somebody runs the executor.
    ///
    /// Dropping the [`Task`] cancels the task; [`detach`](Task::detach) lets it go on alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    /// use leno_reactor::block_on;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    ///
    /// let task = EXECUTOR.spawn(async { "done" });
    /// assert_eq!(block_on(EXECUTOR.run(task)), "done");
    /// ```
    pub fn spawn<T: Send + 'static>(
        &'static self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        // SAFETY: both are `Send`, and borrow nothing.
        unsafe { self.spawn_unchecked(future) }
    }

    /// Spawns a task that may borrow what ends.
    ///
    /// # Safety
    ///
    /// Before `'a` ends, the task has ended: it was awaited, or it was cancelled *and that was awaited*. An executor
    /// that nobody runs does not end its tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    /// use leno_reactor::block_on;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    ///
    /// let text = String::from("here to stay");
    /// // SAFETY: `run` returns when the task has ended, and nothing in between can panic.
    /// let task = unsafe { EXECUTOR.spawn_scoped(async { text.len() }) };
    /// assert_eq!(block_on(EXECUTOR.run(task)), 12);
    /// ```
    pub unsafe fn spawn_scoped<'a, T: Send + 'a>(
        &'static self,
        future: impl Future<Output = T> + Send + 'a,
    ) -> Task<T> {
        // SAFETY: both are `Send`, and the caller vouches for what they borrow.
        unsafe { self.spawn_unchecked(future) }
    }

    /// Polls one task that is ready to run, if there is any, and says whether there was.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    ///
    /// EXECUTOR.spawn(async { println!("hello") }).detach();
    /// assert!(EXECUTOR.try_tick());
    /// assert!(!EXECUTOR.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        let task = self.state.get().and_then(|state| {
            state.share();
            state.take()
        });
        task.map(running::run_anywhere).is_some()
    }

    /// Waits until a task is ready to run, and polls it.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses no task: it takes one only to poll it at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    /// use leno_reactor::block_on;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    ///
    /// let task = EXECUTOR.spawn(async { 7 });
    /// block_on(EXECUTOR.tick());
    /// assert_eq!(block_on(task), 7);
    /// ```
    pub async fn tick(&self) {
        self.state().tick().await;
    }

    /// Runs tasks until `future` is ready, and returns its output. See [`Executor::run`].
    ///
    /// # Cancel safety
    ///
    /// Dropping this future drops `future`. No task is lost: others can run them.
    ///
    /// # Panics
    ///
    /// If `future` does. A panic in a task does not get here, unless `future` awaits that task.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticExecutor;
    /// use leno_reactor::block_on;
    ///
    /// static EXECUTOR: StaticExecutor = StaticExecutor::new();
    ///
    /// let task = EXECUTOR.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(EXECUTOR.run(async { task.await * 2 })), 6);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run(self.state(), future).await
    }

    /// # Safety
    ///
    /// The future and its output may be sent to other threads, and the task ends before anything that it borrows.
    unsafe fn spawn_unchecked<F: Future>(&'static self, future: F) -> Task<F::Output> {
        let state: &'static State = self.state();
        let schedule =
            move |task, info: ScheduleInfo| state.schedule(task, info.woken_while_running);
        let future = Contained::new(future);
        // SAFETY: passed on. The schedule function is `Send`, `Sync` and `'static`, so wakers may be used anywhere at
        // any time.
        let (task, handle) = unsafe {
            Builder::new()
                .propagate_panic(true)
                .spawn_unchecked(|()| future, WithInfo(schedule))
        };
        state.schedule(task, false);
        handle
    }

    fn state(&self) -> &Arc<State> {
        self.state.get_or_init(|| Arc::new(State::new()))
    }
}

impl Default for StaticExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StaticExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("StaticExecutor");
        if let Some(state) = self.state.get() {
            state.describe(&mut out);
        }
        out.finish_non_exhaustive()
    }
}
