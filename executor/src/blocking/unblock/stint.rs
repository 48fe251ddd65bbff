//! Fairness between the jobs of the pool.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// Makes a job that could go on for ever give way to the others now and then.
pub(super) struct Stint(u32);

impl Stint {
    /// Long enough to make the cost of queueing vanish, short enough to be over in some milliseconds.
    const CALLS: u32 = 64;

    pub(super) fn new() -> Self {
        Stint(Self::CALLS)
    }

    /// To be awaited after each call to the handle.
    pub(super) async fn count(&mut self) {
        self.0 -= 1;
        if self.0 > 0 {
            return;
        }
        self.0 = Self::CALLS;
        let mut queued = false;
        poll_fn(|cx| {
            if mem::replace(&mut queued, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
