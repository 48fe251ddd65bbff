//! Tasks that belong together and end together.

mod bells;
mod ending;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_lite::future;
use futures_lite::stream::Stream;

use self::bells::{Bell, Bells};
use crate::Task;

/// Tasks that belong together: their outputs come as they finish, and none of them outlives the group.
///
/// A group holds the [`Task`]s that were spawned into it. [`next`](TaskGroup::next) gives the output of whichever finishes
/// first; [`join`](TaskGroup::join) and, for tasks that can fail, [`try_join`](TaskGroup::try_join) give all of them, in
/// the order in which the tasks were spawned. A group is also a [`Stream`], which ends when no task is left, and takes tasks
/// of other executors, and those of [`unblock`](crate::unblock()), with [`add`](TaskGroup::add).
///
/// The output of a task that has finished is kept until it is taken. In a loop that spawns for ever, such as one that accepts
/// connections, take them with `next` or [`try_next`](TaskGroup::try_next), or [`detach`](Task::detach) the tasks instead.
///
/// # Cancelling
///
/// Dropping the group cancels all of its tasks. A task that is just being run ends at its next `.await`, so it may still
/// run for a moment; [`cancel`](TaskGroup::cancel) waits until all are gone.
///
/// # Panics in tasks
///
/// A panic in a task goes on in whoever takes that task's output. When that drops the group, the others are cancelled.
///
/// # Examples
///
/// The first answer is as good as any other:
///
/// ```
/// use leno::{TaskGroup, Timer};
/// use std::time::Duration;
///
/// # leno::block_on(async {
/// let mut group = TaskGroup::new();
/// for (server, delay) in [("slow", 60_000), ("fast", 1)] {
///     group.spawn(async move {
///         Timer::after(Duration::from_millis(delay)).await;
///         server
///     });
/// }
/// assert_eq!(group.next().await, Some("fast"));
/// assert_eq!(group.len(), 1);
/// drop(group); // which ends the other
/// # });
/// ```
///
/// All or nothing:
///
/// ```
/// use leno::{TaskGroup, future};
///
/// # leno::block_on(async {
/// let mut group = TaskGroup::new();
/// for number in ["1", "2", "3"] {
///     group.spawn(async move { number.parse::<u32>() });
/// }
/// assert_eq!(group.try_join().await, Ok(vec![1, 2, 3]));
///
/// let mut group = TaskGroup::new();
/// group.spawn(future::pending());
/// group.spawn(async { "three".parse::<u32>() });
/// assert!(group.try_join().await.is_err()); // does not wait for the first
/// # });
/// ```
pub struct TaskGroup<T> {
    members: Vec<Member<T>>,
    /// Places in `members` without a task.
    free: Vec<usize>,
    /// Which of the tasks have something to tell.
    bells: Arc<Bells>,
    /// The number of the next task.
    spawned: u64,
}

/// A place for a task; used again by others when that has finished.
struct Member<T> {
    task: Option<Task<T>>,
    number: u64,
    bell: Arc<Bell>,
    /// The same bell, as the task knows it.
    waker: Waker,
}

/// With so many places or fewer, the memory is kept when no task is left.
const KEPT: usize = 64;

impl<T> TaskGroup<T> {
    /// A group without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = leno::TaskGroup::<()>::new();
    /// assert!(group.is_empty());
    /// ```
    pub fn new() -> TaskGroup<T> {
        TaskGroup {
            members: Vec::new(),
            free: Vec::new(),
            bells: Arc::default(),
            spawned: 0,
        }
    }

    /// Starts a task on the process-wide runtime, as [`leno::spawn`](crate::spawn()) does, and takes it in.
    ///
    /// # Examples
    ///
    /// ```
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// for n in 1..=100_u64 {
    ///     group.spawn(async move { n * n });
    /// }
    /// assert_eq!(group.join().await.iter().sum::<u64>(), 338_350);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn(&mut self, future: impl Future<Output = T> + Send + 'static)
    where
        T: Send + 'static,
    {
        self.add(crate::spawn(future));
    }

    /// Takes in a task that runs already, on whichever executor.
    ///
    /// # Examples
    ///
    /// ```
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// group.add(leno::spawn(async { "from a worker" }));
    /// group.add(leno::unblock(|| "from the blocking pool"));
    /// assert_eq!(group.join().await, ["from a worker", "from the blocking pool"]);
    /// # });
    /// ```
    pub fn add(&mut self, task: Task<T>) {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = self.members.len();
            let bell = Arc::new(Bell::new(self.bells.clone(), index));
            self.members.push(Member {
                task: None,
                number: 0,
                waker: Waker::from(bell.clone()),
                bell,
            });
            index
        });
        let member = &mut self.members[index];
        member.task = Some(task);
        member.number = self.spawned;
        self.spawned += 1;
        // The task does not know its bell yet. It gets to know it when it is polled.
        member.bell.ring();
    }

    /// How many tasks are in the group: those that run, and those whose output was not taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// group.spawn(async {});
    /// group.spawn(async {});
    /// group.next().await;
    /// assert_eq!(group.len(), 1);
    /// # });
    /// ```
    pub fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }

    /// Whether no task is in the group.
    ///
    /// # Examples
    ///
    /// ```
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// group.spawn(async {});
    /// assert!(!group.is_empty());
    /// group.next().await;
    /// assert!(group.is_empty());
    /// # });
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for a task to finish, and returns its output; `None` if no task is left. Of several that have finished, the one
    /// that did so first comes first.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses nothing: an output is taken only to be returned at once.
    ///
    /// # Panics
    ///
    /// If the task did, or was cancelled by [`shutdown`](crate::shutdown()). The group can be used further: that task is not in
    /// it any more, the others are.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno::future::FutureExt;
    ///
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// group.spawn(async { panic!("on purpose") });
    /// let outcome = std::panic::AssertUnwindSafe(group.next()).catch_unwind().await;
    /// assert!(outcome.is_err());
    ///
    /// group.spawn(async { 7 });
    /// assert_eq!(group.next().await, Some(7));
    /// assert_eq!(group.next().await, None);
    /// # });
    /// ```
    pub async fn next(&mut self) -> Option<T> {
        future::poll_fn(|cx| self.poll_output(cx))
            .await
            .map(|(_, output)| output)
    }

    /// The output of a task that has finished, if there is any, without waiting.
    ///
    /// # Panics
    ///
    /// As [`next`](TaskGroup::next).
    ///
    /// # Examples
    ///
    /// A loop that spawns for ever, and lets go of what has finished:
    ///
    /// ```
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// for request in 0..10_000 {
    ///     group.spawn(async move { request });
    ///     while let Some(_finished) = group.try_next() {}
    ///     # leno::future::yield_now().await;
    /// }
    /// # });
    /// ```
    pub fn try_next(&mut self) -> Option<T> {
        self.poll_ready().map(|(_, output)| output)
    }

    /// The number and the output of a task that has finished; `None` if there are no tasks.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Option<(u64, T)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        // Before the look, so that no bell is missed.
        self.bells.attend(cx.waker());
        match self.poll_ready() {
            Some(output) => Poll::Ready(Some(output)),
            None if self.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// The number and the output of a task that has rung its bell and is finished indeed.
    fn poll_ready(&mut self) -> Option<(u64, T)> {
        while let Some(index) = self.bells.rung() {
            // A bell may ring for the task that had the place before.
            let Some(member) = self.members.get_mut(index) else {
                continue;
            };
            member.bell.quiet();
            let Some(mut task) = member.task.take() else {
                continue;
            };
            // If the task panicked, so does the poll, and the task is gone.
            self.free.push(index);
            match Pin::new(&mut task).poll(&mut Context::from_waker(&member.waker)) {
                Poll::Ready(output) => {
                    let number = member.number;
                    if self.is_empty() && self.members.len() > KEPT {
                        // There was a rush, and it is over.
                        self.members = Vec::new();
                        self.free = Vec::new();
                    }
                    return Some((number, output));
                }
                Poll::Pending => {
                    member.task = Some(task);
                    self.free.pop();
                }
            }
        }
        None
    }
}

impl<T> Default for TaskGroup<T> {
    fn default() -> TaskGroup<T> {
        TaskGroup::new()
    }
}

impl<T> fmt::Debug for TaskGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The outputs as the tasks finish. Panics if a task did.
impl<T> Stream for TaskGroup<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let next = self.get_mut().poll_output(cx);
        next.map(|next| next.map(|(_, output)| output))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// Takes in tasks, such as those of [`Executor::spawn_many`](crate::Executor::spawn_many).
impl<T> Extend<Task<T>> for TaskGroup<T> {
    fn extend<I: IntoIterator<Item = Task<T>>>(&mut self, tasks: I) {
        tasks.into_iter().for_each(|task| self.add(task));
    }
}

impl<T> FromIterator<Task<T>> for TaskGroup<T> {
    fn from_iter<I: IntoIterator<Item = Task<T>>>(tasks: I) -> TaskGroup<T> {
        let mut group = TaskGroup::new();
        group.extend(tasks);
        group
    }
}
