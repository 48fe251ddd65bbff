//! [`LocalExecutor`].

use std::{
    cell::OnceCell,
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
    rc::Rc,
    sync::Arc,
};

use async_task::Task;

use super::local_state::LocalState;
use crate::running;

/// An executor whose tasks stay on its thread, and so need not be [`Send`].
///
/// Tasks run where somebody calls [`run`](Self::run) or [`tick`](Self::tick), which is the thread that
/// made the executor. Their futures are dropped there too, also when the last [`Task`] or waker is
/// dropped elsewhere. Wakers may be used on any thread. Tasks may borrow whatever lives longer than
/// the executor, `'a`.
///
/// A task that is spawned, or woken on this very thread, goes through a plain queue, with neither
/// locks nor atomic read-modify-writes, but for the ones that a task itself has.
///
/// An executor that is not used takes no memory but its own few words.
///
/// # Dropping it
///
/// Dropping an executor cancels its tasks: when the drop returns, all their futures have been dropped,
/// each once. A waker that is used later does nothing. If futures panic in their own drop, the
/// others are dropped all the same, and the first panic goes on from here.
///
/// # Panics in tasks
///
/// As with [`Executor`](super::Executor): a panic goes to whoever awaits the task.
///
/// # Examples
///
/// ```
/// use leno_executor::LocalExecutor;
/// use leno_reactor::block_on;
/// use std::{cell::Cell, rc::Rc};
///
/// let count = Rc::new(Cell::new(0));
/// let executor = LocalExecutor::new();
/// let tasks = [1, 2, 3].map(|n| {
///     let count = count.clone();
///     executor.spawn(async move { count.set(count.get() + n) })
/// });
/// block_on(executor.run(async {
///     for task in tasks {
///         task.await;
///     }
/// }));
/// assert_eq!(count.get(), 6);
/// ```
pub struct LocalExecutor<'a> {
    /// Made when the first task is spawned or the executor is first run.
    state: OnceCell<Arc<LocalState>>,
    /// Makes `'a` invariant: a longer one would let tasks in that borrow for too short a time when the
    /// executor is seen through a shorter one, and the other way round.
    borrows: PhantomData<fn(&'a ()) -> &'a ()>,
    /// Neither `Send` nor `Sync`: the first use makes the executor belong to a thread.
    stays: PhantomData<Rc<()>>,
}

impl UnwindSafe for LocalExecutor<'_> {}
impl RefUnwindSafe for LocalExecutor<'_> {}

impl<'a> LocalExecutor<'a> {
    /// Makes an executor without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    ///
    /// thread_local! {
    ///     static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    /// }
    /// assert!(EXECUTOR.with(|executor| executor.is_empty()));
    /// ```
    pub const fn new() -> Self {
        Self {
            state: OnceCell::new(),
            borrows: PhantomData,
            stays: PhantomData,
        }
    }

    /// Whether there are no unfinished tasks.
    ///
    /// A task is unfinished until its future is gone: because it is ready, or because the task was
    /// cancelled and that was noticed.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// assert!(!executor.is_empty());
    ///
    /// executor.try_tick();
    /// assert!(executor.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.state.get().is_none_or(|state| state.is_empty())
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
    /// use std::rc::Rc;
    ///
    /// let executor = LocalExecutor::new();
    /// let text = Rc::new("not Send");
    /// let task = executor.spawn({
    ///     let text = text.clone();
    ///     async move { text.len() }
    /// });
    /// assert_eq!(block_on(executor.run(task)), 8);
    /// ```
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        // SAFETY: what lives for `'a` outlives the executor, for `'a` is invariant and the executor
        // has a drop; and the drop closes. After an executor was leaked, nobody can get its tasks out
        // of the queues any more, and the entries in the registry keep them allocated.
        unsafe { self.state().spawn(future) }
    }

    /// Spawns a task for each future and gives the handles to `handles`.
    ///
    /// # Panics
    ///
    /// If the iterator or `handles` does. Tasks whose handles `handles` has kept by then go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    /// use leno_reactor::block_on;
    /// use std::future::ready;
    ///
    /// let executor = LocalExecutor::new();
    /// let mut tasks = Vec::new();
    /// executor.spawn_many((1..=3).map(ready), &mut tasks);
    /// let sum = block_on(executor.run(async {
    ///     let mut sum = 0;
    ///     for task in tasks {
    ///         sum += task.await;
    ///     }
    ///     sum
    /// }));
    /// assert_eq!(sum, 6);
    /// ```
    pub fn spawn_many<T: 'a, F: Future<Output = T> + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<F::Output>>,
    ) {
        handles.extend(futures.into_iter().map(|future| self.spawn(future)));
    }

    /// Polls one task that is ready to run, if there is any, and says whether there was.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
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
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 7 });
    /// block_on(executor.tick());
    /// assert_eq!(block_on(task), 7);
    /// ```
    pub async fn tick(&self) {
        self.state().tick().await;
    }

    /// Runs tasks until `future` is ready, and returns its output.
    ///
    /// After some two hundred tasks in a row the thread is given back for a moment to whatever polls
    /// this future. It may be nested in a task, of this or another executor, and run beside another
    /// one.
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
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(executor.run(async { task.await * 2 })), 6);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.state().run(future).await
    }

    fn state(&self) -> &Arc<LocalState> {
        self.state.get_or_init(|| Arc::new(LocalState::new()))
    }

    /// What the tasks share, if there ever was one. The tasks are not cancelled.
    pub(super) fn into_state(mut self) -> Option<Arc<LocalState>> {
        self.state.take()
    }
}

impl Drop for LocalExecutor<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            state.close();
        }
    }
}

impl Default for LocalExecutor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("LocalExecutor");
        if let Some(state) = self.state.get() {
            state.describe(&mut out);
        }
        out.finish_non_exhaustive()
    }
}
