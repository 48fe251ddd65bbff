//! [`StaticLocalExecutor`], and how a [`LocalExecutor`] becomes one.

use std::{
    cell::OnceCell,
    fmt,
    future::Future,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use async_task::Task;

use super::{local::LocalExecutor, local_state::LocalState};
use crate::running;

/// A [`LocalExecutor`] that lives as long as the program, made by [`LocalExecutor::leak`].
///
/// Tasks run where somebody calls [`run`](Self::run) or [`tick`](Self::tick), which is the thread that first used the
/// executor. Those that nobody runs any more are neither cancelled nor freed. All else, and what a task costs, is as
/// for [`LocalExecutor`].
///
/// # Examples
///
/// ```
/// use leno_executor::{LocalExecutor, StaticLocalExecutor};
/// use leno_reactor::block_on;
/// use std::rc::Rc;
///
/// let executor: &'static StaticLocalExecutor = LocalExecutor::new().leak();
/// let text = Rc::new("not Send");
/// let task = executor.spawn(async move { text.len() });
/// assert_eq!(block_on(executor.run(task)), 8);
/// ```
pub struct StaticLocalExecutor {
    /// Made when the first task is spawned or the executor is first run. The cell keeps the executor from being
    /// shared between threads.
    state: OnceCell<Arc<LocalState>>,
}

impl UnwindSafe for StaticLocalExecutor {}
impl RefUnwindSafe for StaticLocalExecutor {}

impl LocalExecutor<'static> {
    /// Gives up dropping this executor. This can't be undone.
    ///
    /// Tasks that were spawned before run when somebody runs the result.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = LocalExecutor::new();
    /// let before = executor.spawn(async { 1 });
    ///
    /// let executor = executor.leak();
    /// let after = executor.spawn(async { 2 });
    /// assert_eq!(block_on(executor.run(async { before.await + after.await })), 3);
    /// ```
    pub fn leak(self) -> &'static StaticLocalExecutor {
        let state = match self.into_state() {
            Some(state) => OnceCell::from(state),
            None => OnceCell::new(),
        };
        Box::leak(Box::new(StaticLocalExecutor { state }))
    }
}

impl StaticLocalExecutor {
    /// Makes an executor without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::StaticLocalExecutor;
    ///
    /// let executor: &'static StaticLocalExecutor = Box::leak(Box::new(StaticLocalExecutor::new()));
    /// assert!(!executor.try_tick());
    /// ```
    pub const fn new() -> Self {
        Self {
            state: OnceCell::new(),
        }
    }

    /// Spawns a task, which runs when somebody runs the executor.
    ///
    /// Dropping the [`Task`] cancels the task; [`detach`](Task::detach) lets it go on alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// let task = executor.spawn(async { "done" });
    /// assert_eq!(block_on(executor.run(task)), "done");
    /// ```
    pub fn spawn<T: 'static>(&'static self, future: impl Future<Output = T> + 'static) -> Task<T> {
        // SAFETY: the future borrows nothing that ends.
        unsafe { self.state().spawn(future) }
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
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// let text = String::from("here to stay");
    /// // SAFETY: `run` returns when the task has ended, and nothing in between can panic.
    /// let task = unsafe { executor.spawn_scoped(async { text.len() }) };
    /// assert_eq!(block_on(executor.run(task)), 12);
    /// ```
    pub unsafe fn spawn_scoped<'a, T: 'a>(
        &'static self,
        future: impl Future<Output = T> + 'a,
    ) -> Task<T> {
        // SAFETY: the caller vouches for what the future borrows.
        unsafe { self.state().spawn(future) }
    }

    /// Polls one task that is ready to run, if there is any, and says whether there was.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// executor.spawn(async { println!("hello") }).detach();
    /// assert!(executor.try_tick());
    /// assert!(!executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        let task = self.state.get().and_then(|state| state.take());
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
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// let task = executor.spawn(async { 7 });
    /// block_on(executor.tick());
    /// assert_eq!(block_on(task), 7);
    /// ```
    pub async fn tick(&self) {
        self.state().tick().await;
    }

    /// Runs tasks until `future` is ready, and returns its output. See [`LocalExecutor::run`].
    ///
    /// # Cancel safety
    ///
    /// Dropping this future drops `future`. No task is lost.
    ///
    /// # Panics
    ///
    /// If `future` does. A panic in a task does not get here, unless `future` awaits that task.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(executor.run(async { task.await * 2 })), 6);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.state().run(future).await
    }

    fn state(&self) -> &Arc<LocalState> {
        self.state.get_or_init(|| Arc::new(LocalState::new()))
    }
}

impl Default for StaticLocalExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StaticLocalExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("StaticLocalExecutor");
        if let Some(state) = self.state.get() {
            state.describe(&mut out);
        }
        out.finish_non_exhaustive()
    }
}
