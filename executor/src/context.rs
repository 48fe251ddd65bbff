//! What the calling thread is to the runtime: one of its workers, or a stranger.

use std::cell::Cell;

use async_task::Runnable;

use crate::runtime::Runtime;
use crate::worker::Worker;

thread_local! {
    static HERE: Here = const { Here { worker: Cell::new(None), in_task: Cell::new(false), nested: Cell::new(false) } };
}

/// The calling thread's place. Only workers have one.
struct Here {
    worker: Cell<Option<(&'static Runtime, &'static Worker)>>,
    /// Whether a task is being run: what it wakes may run right after it.
    in_task: Cell<bool>,
    /// Whether the running task is in a `block_on` of its own: until it returns, its worker runs nothing else.
    nested: Cell<bool>,
}

/// The runtime and the worker of this thread, if it is a worker.
pub(crate) fn current() -> Option<(&'static Runtime, &'static Worker)> {
    HERE.try_with(|here| here.worker.get()).ok().flatten()
}

/// Makes the calling thread `worker`. Only one thread may ever be the same worker; the caller sees to it.
pub(crate) fn become_worker(runtime: &'static Runtime, worker: &'static Worker) {
    HERE.with(|here| here.worker.set(Some((runtime, worker))));
}

/// The calling thread is no worker any more.
pub(crate) fn resign() {
    HERE.with(|here| here.worker.set(None));
}

/// In a forked child: the thread may be the copy of a worker, whose runtime has stayed with the parent.
pub(crate) fn forked() {
    // Nothing in it has a destructor, so it is there as long as the thread.
    HERE.with(|here| {
        here.worker.set(None);
        here.in_task.set(false);
        here.nested.set(false);
    });
}

/// Marks what `run` does as the doing of a task.
pub(crate) fn in_task<R>(run: impl FnOnce() -> R) -> R {
    HERE.with(|here| {
        here.in_task.set(true);
        let result = run();
        here.in_task.set(false);
        here.nested.set(false);
        result
    })
}

/// The running task is about to sleep in a `block_on`.
pub(crate) fn nest() {
    HERE.with(|here| here.nested.set(true));
}

/// Where a task that became runnable on this thread goes; gives it back if it must go to another thread.
pub(crate) fn keep(runnable: Runnable, yielded: bool) -> Result<(), Runnable> {
    let place = HERE.try_with(|here| match here.worker.get() {
        Some(place) if !here.nested.get() => Some((place, here.in_task.get())),
        _ => None,
    });
    let Ok(Some(((runtime, worker), in_task))) = place else {
        return Err(runnable);
    };
    // SAFETY: this thread is the worker, and so the owner of its ring and slot.
    unsafe {
        // What a task wakes runs next, while what they share is in the cache. Yielding means the opposite.
        let pushed = if in_task && !yielded {
            worker.own.next.put(runnable)
        } else {
            Some(runnable)
        };
        if let Some(runnable) = pushed {
            worker.push(runnable);
        }
    }
    runtime.hint_of(worker);
    Ok(())
}

/// Puts a new task at the end of this worker's queue, so that a loop of spawns stays fair; gives it back on any other
/// thread.
pub(crate) fn keep_new(runnable: Runnable) -> Result<(), Runnable> {
    keep(runnable, true)
}
