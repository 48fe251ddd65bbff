//! The body of `main`: a future that need not be `Send`, run by worker 0 beside its tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use leno_reactor::{Unparker, budget};

/// A pinned future and its wake-up flag. Owned by worker 0's loop; ends with `main`.
pub(crate) struct Root<F: Future> {
    future: Pin<Box<F>>,
    signal: Arc<Signal>,
    waker: Waker,
}

struct Signal {
    /// Set by wakers; cleared by the loop before it polls. SeqCst with the parker's token: a wake-up that the loop did
    /// not see before it parks ends the sleep.
    woken: AtomicBool,
    unparker: Unparker,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.unparker.unpark();
        }
    }
}

impl<F: Future> Root<F> {
    pub(crate) fn new(future: F, unparker: Unparker) -> Root<F> {
        let signal = Arc::new(Signal {
            woken: AtomicBool::new(true),
            unparker,
        });
        Root {
            future: Box::pin(future),
            waker: Waker::from(signal.clone()),
            signal,
        }
    }

    /// Whether it must be polled; takes the flag.
    pub(crate) fn is_woken(&mut self) -> bool {
        self.may_be_woken() && self.signal.woken.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn may_be_woken(&self) -> bool {
        self.signal.woken.load(Ordering::SeqCst)
    }

    pub(crate) fn poll(&mut self) -> Option<F::Output> {
        budget::refill();
        match self
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
        {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}
