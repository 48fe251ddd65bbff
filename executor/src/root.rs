//! The body of `main`: a future that need not be `Send`, run by worker 0 beside its tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use leno_reactor::{Signal, Unparker, budget};

/// A pinned future and its wake-up flag. Owned by worker 0's loop; ends with `main`.
pub(crate) struct Root<F: Future> {
    future: Pin<Box<F>>,
    signal: Signal,
}

impl<F: Future> Root<F> {
    /// Woken already: the first poll is due.
    pub(crate) fn new(future: F, unparker: Unparker) -> Root<F> {
        let signal = Signal::new(unparker);
        signal.waker().wake_by_ref();
        Root {
            future: Box::pin(future),
            signal,
        }
    }

    /// Whether it must be polled; takes the flag.
    pub(crate) fn is_woken(&mut self) -> bool {
        self.signal.take()
    }

    /// Whether it was woken. Leaves the flag.
    pub(crate) fn may_be_woken(&self) -> bool {
        self.signal.is_set()
    }

    /// The future, for somebody else to poll.
    pub(crate) fn into_future(self) -> Pin<Box<F>> {
        self.future
    }

    pub(crate) fn poll(&mut self) -> Option<F::Output> {
        budget::refill();
        leno_reactor::polls_with(self.signal.waker().data());
        match self
            .future
            .as_mut()
            .poll(&mut Context::from_waker(self.signal.waker()))
        {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}
