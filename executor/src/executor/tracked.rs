//! A task's future, together with the entry that its executor keeps for it.

use std::{
    future::Future,
    mem::{self, ManuallyDrop},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, ready},
};

use super::close::{Payload, discard};

/// Where an executor keeps its unfinished tasks.
pub(super) trait Registry {
    /// The future of the task under `key` is gone.
    fn remove(&self, key: u32);

    /// A future's drop panicked where nobody awaits the task.
    fn drop_panicked(&self, panic: Payload);
}

/// A future that tells its executor's registry when it is gone.
///
/// Its own drop never panics, as `async-task` would abort the process. If the drop of a future that
/// is *ready* panics, the panic is the outcome of the task, and whoever awaits that gets it.
pub(super) struct Tracked<F, R: Registry> {
    future: ManuallyDrop<F>,
    registry: NonNull<R>,
    key: u32,
    /// The future is dropped already.
    dropped: bool,
}

impl<F, R: Registry> Tracked<F, R> {
    /// # Safety
    ///
    /// `registry` is valid until the result is dropped.
    pub(super) unsafe fn new(future: F, registry: NonNull<R>, key: u32) -> Self {
        Self {
            future: ManuallyDrop::new(future),
            registry,
            key,
            dropped: false,
        }
    }

    /// Drops the future, in its place.
    ///
    /// # Panics
    ///
    /// If the future's drop does. It counts as dropped nevertheless.
    fn drop_future(&mut self) {
        if !mem::replace(&mut self.dropped, true) {
            // SAFETY: `dropped` says that it is done once, and that nobody polls it any more. It is
            // dropped where it is pinned.
            unsafe { ManuallyDrop::drop(&mut self.future) }
        }
    }
}

impl<F: Future, R: Registry> Future for Tracked<F, R> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is never moved out of `self`, and the other fields are not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(!this.dropped, "a task's future was polled after its end");
        // SAFETY: it is pinned with `self`.
        let future = unsafe { Pin::new_unchecked(&mut *this.future) };
        let output = ready!(future.poll(cx));
        if mem::needs_drop::<F>() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| this.drop_future())) {
                // A second panic while the first one unwinds would be the end of the process.
                if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(output))) {
                    discard(second);
                }
                resume_unwind(panic);
            }
        }
        Poll::Ready(output)
    }
}

impl<F, R: Registry> Drop for Tracked<F, R> {
    fn drop(&mut self) {
        let dropped = catch_unwind(AssertUnwindSafe(|| self.drop_future()));
        // SAFETY: valid by the contract of `new`.
        let registry = unsafe { self.registry.as_ref() };
        if let Err(panic) = dropped {
            registry.drop_panicked(panic);
        }
        // Last: from here on the executor may be gone, and what the future borrowed with it.
        registry.remove(self.key);
    }
}
