//! A task's future, held so that a panic in its drop does no harm: `async-task` would abort the process.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::blocking::contain;

pin_project! {
    /// Drops its future as soon as that is ready: if this panics, the panic is the outcome of the task, and whoever
    /// awaits that gets it. A future that is cancelled has no outcome, so its panic ends here.
    pub(crate) struct Held<F> {
        // `None` once it has been dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Held<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if mem::needs_drop::<F>() && future.is_some() {
                contain(|| future.set(None));
            }
        }
    }
}

impl<F> Held<F> {
    pub(crate) fn new(future: F) -> Held<F> {
        Held {
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Held<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut held = self.project().future;
        let future = held.as_mut().as_pin_mut();
        let output = ready!(future.expect("a task is not polled after its end").poll(cx));
        if mem::needs_drop::<F>() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| held.set(None))) {
                // A second panic while the first one unwinds would be the end of the process.
                contain(|| drop(output));
                resume_unwind(panic);
            }
        }
        Poll::Ready(output)
    }
}
