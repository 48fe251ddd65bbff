//! Running one task: every executor of this crate does it here.
//!
//! The reactor is told with which waker a task is polled, if this thread alone will go on with it: a wait with another waker may
//! be that of somebody who does not come back, and is watched.

use std::ptr;
use std::task::Context;

use async_task::Runnable;

/// Runs `task` once, on a worker's thread. True if it was woken while it ran.
#[inline]
pub(crate) fn run(task: Runnable) -> bool {
    let raw = task.into_raw();
    leno_reactor::polls_with(raw.as_ptr());
    // SAFETY: it was made above and is used once.
    let task: Runnable = unsafe { Runnable::from_raw(raw) };
    let woken = task.run();
    // Its memory may be somebody else's by now.
    leno_reactor::polls_with(ptr::null());
    woken
}

/// Runs `task` inside of something that may be polled by anybody.
pub(crate) fn run_anywhere(task: Runnable) -> bool {
    Nested::enter(None).run(task)
}

/// While this exists, tasks are run inside of something else that is polled, whose waker it puts back in the end.
pub(crate) struct Nested {
    before: *const (),
    /// Whether the thread comes back, as far as can be known.
    trusted: bool,
}

impl Nested {
    /// `cx` is that of a future in which nobody else will run these tasks, or `None`. It is trusted if it comes from an
    /// executor of ours: the thread may also be in the `block_on` of another one.
    pub(crate) fn enter(cx: Option<&Context<'_>>) -> Nested {
        let before = leno_reactor::polls_with(ptr::null());
        Nested {
            before,
            trusted: cx.is_some_and(|cx| ptr::eq(cx.waker().data(), before)),
        }
    }

    pub(crate) fn run(&self, task: Runnable) -> bool {
        if self.trusted { run(task) } else { task.run() }
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        leno_reactor::polls_with(self.before);
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
        run(unsafe { Runnable::<()>::from_raw(raw) });
        let waker = futures_lite::future::block_on(handle);
        assert_eq!(waker, raw.as_ptr() as usize);
    }
}
