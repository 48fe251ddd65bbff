//! Panics that must not go further.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// Calls `f`; if it panics, the panic ends here. The panic hook has reported it by then.
pub(crate) fn contain(f: impl FnOnce()) {
    // Nothing that `f` may have left half done is looked at afterwards.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // A payload is any type, so its drop may panic too. The payload of that one is leaked to end the chain.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(another);
        }
    }
}

pin_project! {
    /// A task's future whose drop never panics where nobody can catch it: `async-task` would abort the process.
    ///
    /// When the future is ready it is dropped before its output is handed on, so that a panic of that drop is the
    /// outcome of the task. When the task is cancelled there is nobody to tell, and the panic ends here.
    pub(crate) struct Contained<F> {
        // `None` once it is dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Contained<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            contain(|| future.set(None));
        }
    }
}

impl<F> Contained<F> {
    pub(crate) fn new(future: F) -> Contained<F> {
        Contained {
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut future = self.project().future;
        let polled = future
            .as_mut()
            .as_pin_mut()
            .expect("a task is not polled after its end");
        let output = ready!(polled.poll(cx));
        if mem::needs_drop::<F>() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| future.set(None))) {
                // A second panic while the first one unwinds would be the end of the process.
                contain(|| drop(output));
                resume_unwind(panic);
            }
        }
        Poll::Ready(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Panics when it is dropped, with another one like it as long as `left` isn't zero.
    struct Chain {
        left: u32,
        dropped: Arc<AtomicU32>,
    }

    impl Drop for Chain {
        fn drop(&mut self) {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            if self.left > 0 {
                panic_any(Chain {
                    left: self.left - 1,
                    dropped: self.dropped.clone(),
                });
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_goes_no_further() {
        let dropped = Arc::new(AtomicU32::new(0));
        let chain = Chain {
            left: 5,
            dropped: dropped.clone(),
        };
        contain(move || panic_any(chain));
        // The first one was dropped here; the one that its drop threw was leaked.
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}
