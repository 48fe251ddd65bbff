//! How a [`TaskGroup`] ends: with all outputs, with the first error, or because it is no longer wanted.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::task::Poll;

use futures_lite::future::{self, FutureExt};

use super::TaskGroup;

/// What a task panicked with.
type Payload = Box<dyn Any + Send>;

impl<T> TaskGroup<T> {
    /// Waits until all tasks have finished, and returns their outputs in the order in which the tasks were spawned.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future cancels all tasks, and drops the outputs of those that have finished.
    ///
    /// # Panics
    ///
    /// If one of the tasks does. The others are cancelled, and gone before the panic goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno::Timer;
    /// use std::time::Duration;
    ///
    /// # leno::block_on(async {
    /// let mut group = leno::TaskGroup::new();
    /// for delay in [20, 10, 0] {
    ///     group.spawn(async move {
    ///         Timer::after(Duration::from_millis(delay)).await;
    ///         delay
    ///     });
    /// }
    /// assert_eq!(group.join().await, [20, 10, 0]);
    /// # });
    /// ```
    pub async fn join(self) -> Vec<T> {
        let joined = self.gather(Ok::<T, Infallible>).await;
        joined.unwrap_or_else(|never| match never {})
    }

    /// Cancels all tasks and waits until they are gone: their futures are dropped when this returns. What they had put out by
    /// then is dropped too. The group is empty afterwards and can be used further.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future cancels the tasks all the same, and does not wait for them.
    ///
    /// # Panics
    ///
    /// If one of the tasks had panicked; not before all are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno::{TaskGroup, future};
    /// use std::sync::Arc;
    ///
    /// # leno::block_on(async {
    /// let resource = Arc::new("a file that nobody may hold any more");
    /// let mut group = TaskGroup::new();
    /// for _ in 0..10 {
    ///     let resource = resource.clone();
    ///     group.spawn(async move {
    ///         future::pending::<()>().await;
    ///         drop(resource);
    ///     });
    /// }
    /// group.cancel().await;
    /// assert_eq!(Arc::strong_count(&resource), 1);
    /// # });
    /// ```
    pub async fn cancel(&mut self) {
        if let Some(payload) = self.cancel_all().await {
            resume_unwind(payload);
        }
    }

    /// Cancels all tasks and waits for them. Returns the first panic that comes to light.
    async fn cancel_all(&mut self) -> Option<Payload> {
        let members = std::mem::take(&mut self.members);
        self.free.clear();
        self.bells = Arc::default();
        let mut left: Vec<_> = members
            .into_iter()
            .filter_map(|member| member.task)
            .map(|task| Box::pin(AssertUnwindSafe(task.cancel()).catch_unwind()))
            .collect();
        let mut panic = None;
        let mut note = |outcome: Result<Option<T>, Payload>| {
            if let Err(payload) = outcome {
                match panic {
                    None => panic = Some(payload),
                    // One can be passed on. The drop of another one may panic in its turn.
                    Some(_) => std::mem::forget(payload),
                }
            }
        };
        // Polled once, each knows that it is cancelled. So they end side by side, while they are awaited one by one.
        future::poll_fn(|cx| {
            left.retain_mut(|cancelled| match cancelled.as_mut().poll(cx) {
                Poll::Ready(outcome) => {
                    note(outcome);
                    false
                }
                Poll::Pending => true,
            });
            Poll::Ready(())
        })
        .await;
        for cancelled in left {
            note(cancelled.await);
        }
        panic
    }

    /// All outputs in the order of the tasks, or the first error. Whatever ends it early, no task is left then.
    async fn gather<U, E>(mut self, judge: impl Fn(T) -> Result<U, E>) -> Result<Vec<U>, E> {
        let mut outputs = Vec::with_capacity(self.len());
        loop {
            let next = future::poll_fn(|cx| self.poll_output(cx));
            match AssertUnwindSafe(next).catch_unwind().await {
                Ok(None) => break,
                Ok(Some((number, output))) => match judge(output) {
                    Ok(output) => outputs.push((number, output)),
                    Err(error) => {
                        self.cancel().await;
                        return Err(error);
                    }
                },
                Err(payload) => {
                    // The first panic is the one to be told of.
                    if let Some(another) = self.cancel_all().await {
                        std::mem::forget(another);
                    }
                    resume_unwind(payload);
                }
            }
        }
        outputs.sort_unstable_by_key(|&(number, _)| number);
        Ok(outputs.into_iter().map(|(_, output)| output).collect())
    }
}

impl<T, E> TaskGroup<Result<T, E>> {
    /// Waits until all tasks have finished, and returns their outputs in the order in which the tasks were spawned; or, as soon
    /// as one of them fails, cancels the others and returns its error.
    ///
    /// When this returns no task of the group is left: those that were cancelled are waited for, which takes until the next
    /// `.await` of those that are just being run.
    ///
    /// # Errors
    ///
    /// The error of the task that failed first.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future cancels all tasks, and drops the outputs of those that have finished.
    ///
    /// # Panics
    ///
    /// If one of the tasks does, even if another one has failed before it: an error that hides a bug helps nobody. The others
    /// are cancelled, and gone before the panic goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno::{TaskGroup, future, io};
    ///
    /// # leno::block_on(async {
    /// let mut group = TaskGroup::new();
    /// group.spawn(async {
    ///     future::pending::<()>().await; // a server that serves for ever …
    ///     Ok(())
    /// });
    /// group.spawn(async { Err(io::Error::other("no more disk")) }); // … until something breaks
    /// assert_eq!(group.try_join().await.unwrap_err().to_string(), "no more disk");
    /// # });
    /// ```
    pub async fn try_join(self) -> Result<Vec<T>, E> {
        self.gather(|outcome| outcome).await
    }
}
