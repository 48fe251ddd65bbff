//! Running one task: every executor of this crate does it here.

use async_task::Runnable;

/// Runs `task` once, on a thread that polls nothing else meanwhile. True if it was woken while it ran.
///
/// The reactor is told with which waker the task is polled: a socket that waits with another one may be awaited in a loop
/// from which this thread does not come back.
#[inline]
pub(crate) fn run(task: Runnable) -> bool {
    let raw = task.into_raw();
    leno_reactor::polls_with(raw.as_ptr());
    // SAFETY: it was made above and is used once.
    let task: Runnable = unsafe { Runnable::from_raw(raw) };
    task.run()
}

/// Runs `task` inside of something else that this thread polls.
pub(crate) fn run_nested(task: Runnable) -> bool {
    let _nested = Nested::enter();
    run(task)
}

/// While this exists, tasks are run inside of something else that is polled, whose waker it puts back in the end.
pub(crate) struct Nested(*const ());

impl Nested {
    pub(crate) fn enter() -> Nested {
        Nested(leno_reactor::polls_with(std::ptr::null()))
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        leno_reactor::polls_with(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    #[test]
    fn the_waker_of_a_task_has_the_address_of_the_task() {
        let (task, handle) = async_task::spawn(
            std::future::poll_fn(|cx| Poll::Ready(cx.waker().data() as usize)),
            |_| {},
        );
        let raw = task.into_raw();
        // SAFETY: it was made one line above and is used once.
        run_nested(unsafe { Runnable::<()>::from_raw(raw) });
        let waker = futures_lite::future::block_on(handle);
        assert_eq!(waker, raw.as_ptr() as usize);
    }
}
