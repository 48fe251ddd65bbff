//! Tasks that stay on their thread.

use std::cell::Cell;

use leno_executor::{LocalExecutor, Task};

use crate::in_context;

thread_local! {
    static LOCAL: LocalExecutor<'static> = const { LocalExecutor::new() };
    /// How many `block_on`s this thread is in, one inside of the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Waits for a future, and runs the tasks of [`spawn_local`] meanwhile.
///
/// # Examples
///
/// ```
/// assert_eq!(async_global_executor::block_on(async { 1 + 2 }), 3);
/// ```
pub fn block_on<F: Future<Output = T>, T>(future: F) -> T {
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }

    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    LOCAL.with(|local| leno_reactor::block_on(in_context(local.run(future))))
}

/// Starts a task on this thread, which runs during [`block_on`].
///
/// # Panics
///
/// In a task of [`spawn`](crate::spawn): leno's workers run no tasks that are bound to a thread. This differs from the
/// original.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// let text = Rc::new("not Send");
/// let task = async_global_executor::spawn_local(async move { text.len() });
/// assert_eq!(async_global_executor::block_on(task), 8);
/// ```
pub fn spawn_local<F: Future<Output = T> + 'static, T: 'static>(future: F) -> Task<T> {
    assert!(
        DEPTH.get() > 0 || !leno_executor::is_worker(),
        "spawn_local in a task of leno's workers, which run no tasks that are bound to a thread; call it on a thread \
         that is in async_global_executor::block_on"
    );
    LOCAL.with(|local| local.spawn(future))
}
