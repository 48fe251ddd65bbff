//! [`Executor`].

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{Arc, OnceLock},
};

use async_task::Task;

use super::{
    run::run,
    state::{Shards, State},
};
use crate::running;

/// An executor without threads of its own: tasks run where somebody calls [`run`](Self::run) or
/// [`tick`](Self::tick).
///
/// Any number of threads may run it at once; a task may run on another thread each time that it is
/// woken. Tasks may borrow whatever lives longer than the executor, `'a`.
///
/// An executor that is not used takes no memory but its own few words, and making one costs nothing:
/// it can be a `static`.
///
/// # Dropping it
///
/// Dropping an executor cancels its tasks: when the drop returns, all their futures have been dropped,
/// on this thread, each once. A waker that is used later does nothing. If futures panic in their own
/// drop, the others are dropped all the same, and the first panic goes on from here.
///
/// # Panics in tasks
///
/// A panic in a task, or in the drop of its future when that is ready, goes to whoever awaits the
/// [`Task`], and if nobody does, it ends there: whoever runs the executor does not notice. So does a panic in the
/// drop of a cancelled future. (All are reported by the panic hook.) What a detached task returns must
/// not panic when it is dropped: that aborts the process.
///
/// # Forgetting a `run` or `tick`
///
/// A [`run`](Self::run) or [`tick`](Self::tick) that is no longer wanted should be dropped, not
/// forgotten ([`mem::forget`](std::mem::forget)). A forgotten one loses no task, but a few tasks may
/// wait until another one is woken.
///
/// # Examples
///
/// Two threads run it while a third one waits for a result:
///
/// ```
/// use leno_executor::Executor;
/// use leno_reactor::block_on;
/// use std::{future::pending, thread};
///
/// static EXECUTOR: Executor<'_> = Executor::new();
///
/// for _ in 0..2 {
///     thread::spawn(|| block_on(EXECUTOR.run(pending::<()>())));
/// }
/// let task = EXECUTOR.spawn(async { 1 + 2 });
/// assert_eq!(block_on(task), 3);
/// ```
///
/// Tasks may borrow:
///
/// ```
/// use leno_executor::Executor;
/// use leno_reactor::block_on;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let sum = AtomicU32::new(0);
/// let executor = Executor::new();
/// let tasks: Vec<_> = (1..=10)
///     .map(|n| {
///         let sum = &sum;
///         executor.spawn(async move { sum.fetch_add(n, Ordering::Relaxed) })
///     })
///     .collect();
/// block_on(executor.run(async {
///     for task in tasks {
///         task.await;
///     }
/// }));
/// assert_eq!(sum.load(Ordering::Relaxed), 55);
/// ```
pub struct Executor<'a> {
    /// Made when the first task is spawned or the executor is first run.
    shards: OnceLock<Shards>,
    /// Makes `'a` invariant: a longer one would let tasks in that borrow for too short a time when the
    /// executor is seen through a shorter one, and the other way round.
    borrows: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl UnwindSafe for Executor<'_> {}
impl RefUnwindSafe for Executor<'_> {}

impl<'a> Executor<'a> {
    /// Makes an executor without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::Executor;
    ///
    /// static SHARED: Executor<'_> = Executor::new();
    /// let own = Executor::new();
    /// assert!(SHARED.is_empty() && own.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self {
            shards: OnceLock::new(),
            borrows: PhantomData,
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
    /// use leno_executor::Executor;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async {});
    /// assert!(!executor.is_empty());
    ///
    /// executor.try_tick();
    /// assert!(executor.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.shards.get().is_none_or(Shards::is_empty)
    }

    /// Spawns a task, which runs when somebody runs the executor.
    ///
    /// Dropping the [`Task`] cancels the task; [`detach`](Task::detach) lets it go on alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::Executor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { "done" });
    /// assert_eq!(block_on(executor.run(task)), "done");
    /// ```
    pub fn spawn<T: Send + 'a>(&self, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        // SAFETY: both are `Send`. What lives for `'a` outlives the executor, for `'a` is invariant and
        // the executor has a drop; and the drop closes. After an executor was leaked, nobody can get
        // its tasks out of the queues any more, and the entries in the registry keep them allocated.
        unsafe { self.shards().spawn(future) }
    }

    /// Spawns a task for each future and gives the handles to `handles`.
    ///
    /// Each task can run as soon as its future has come out of the iterator. No lock is held while the
    /// iterator works.
    ///
    /// # Panics
    ///
    /// If the iterator or `handles` does. Tasks whose handles `handles` has kept by then go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::Executor;
    /// use leno_reactor::block_on;
    /// use std::future::ready;
    ///
    /// let executor = Executor::new();
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
    pub fn spawn_many<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
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
    /// use leno_executor::Executor;
    ///
    /// let executor = Executor::new();
    /// executor.spawn(async { println!("hello") }).detach();
    /// assert!(executor.try_tick());
    /// assert!(!executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        let task = self.shards.get().and_then(|shards| {
            shards.state().share();
            shards.state().take()
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
    /// use leno_executor::Executor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 7 });
    /// block_on(executor.tick());
    /// assert_eq!(block_on(task), 7);
    /// ```
    pub async fn tick(&self) {
        self.shards().state().tick().await;
    }

    /// Runs tasks until `future` is ready, and returns its output.
    ///
    /// `future` may borrow what the tasks may not, and it stays where it is polled. After some two
    /// hundred tasks in a row the thread is given back for a moment to whatever polls this future.
    ///
    /// It may be nested in a task, of this or another executor, run beside another one on the same
    /// thread, and move to another thread between polls.
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
    /// use leno_executor::Executor;
    /// use leno_reactor::block_on;
    ///
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(block_on(executor.run(async { task.await * 2 })), 6);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run(self.shards().state(), future).await
    }

    fn shards(&self) -> &Shards {
        self.shards.get_or_init(Shards::new)
    }

    /// What the tasks share, if there ever was one. The tasks are not cancelled.
    pub(super) fn into_state(mut self) -> Option<Arc<State>> {
        self.shards.take().map(Shards::into_state)
    }
}

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        if let Some(shards) = self.shards.take() {
            shards.close();
        }
    }
}

impl Default for Executor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Executor");
        if let Some(shards) = self.shards.get() {
            out.field("tasks", &shards.len());
            shards.state().describe(&mut out);
        }
        out.finish_non_exhaustive()
    }
}
