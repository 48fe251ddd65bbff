//! How many operations in a row may succeed at once before a task has to let others run.
//!
//! A socket that always has data never makes its task wait, so a loop over it would keep a worker for ever. Each
//! operation that is ready at once spends one unit; when none is left it wakes its task and says `Pending`, once.
//! The budget counts only on workers: on any other thread the task was not scheduled by leno, and has no budget.

use std::cell::Cell;
use std::task::Context;

/// What a task on a worker may spend each time it is polled.
pub const OPERATIONS: u32 = 128;

thread_local! {
    /// `None`: unlimited, this thread is no worker.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Gives the task that a worker is about to poll a fresh budget.
#[inline]
pub fn refill() {
    LEFT.set(Some(OPERATIONS));
}

/// Takes the limit away: what this thread polls next is nobody's task.
pub fn lift() -> Option<u32> {
    LEFT.replace(None)
}

/// Puts back what [`lift`] returned.
pub fn restore(left: Option<u32>) {
    LEFT.set(left);
}

/// Spends one unit. False: nothing is left, the task has been woken, return `Pending`.
#[inline]
pub(crate) fn spend(cx: &Context<'_>) -> bool {
    match LEFT.get() {
        None => true,
        Some(0) => {
            // Refused once. Who is polled again in the same turn, by an executor inside of the task, must get on.
            LEFT.set(Some(OPERATIONS));
            cx.waker().wake_by_ref();
            false
        }
        Some(left) => {
            LEFT.set(Some(left - 1));
            true
        }
    }
}
