//! Spawning on the process-wide runtime.

use std::future::Future;
use std::panic::Location;
use std::sync::atomic::Ordering;

use async_task::{Runnable, WithInfo};

use crate::Task;
use crate::contain::Contained;
use crate::context;
use crate::live::{self, Counted, Observed, Plain};
use crate::observe::Origin;
use crate::runtime::{Runtime, schedule, schedule_observed};

/// Starts a task on the process-wide runtime.
///
/// The task runs by itself from here on, on any worker; the returned [`Task`] is a future for its output. Dropping the
/// `Task` cancels it; [`Task::detach`] lets it run unattended. The first call starts the workers: one for each core, or
/// as many as `LENO_THREADS`, else `SMOL_THREADS`, says. If the OS refuses threads, the runtime goes on with fewer; with
/// none, tasks are run by threads that wait in `block_on`.
///
/// A new task goes to the end of the queue. A task that does not reach an `.await` that waits keeps its worker; when it
/// blocks the thread for milliseconds, the other workers take over what waits there. For blocking code there is
/// [`unblock`](crate::unblock()).
///
/// # Panics
///
/// A panic in the future is passed on to whoever awaits the `Task`. If nobody does, it ends here: no other task and no
/// worker is harmed. The same holds for a panic when the future is dropped. A panic in the drop of an *output* that nobody
/// took is beyond that: `async-task`, whose `Task` this is, aborts the process then.
///
/// After [`shutdown`](crate::shutdown()) new tasks are cancelled at once: the future is dropped, and awaiting the `Task`
/// panics as for any cancelled task.
///
/// # Examples
///
/// ```
/// let task = leno_executor::spawn(async { 1 + 2 });
/// assert_eq!(leno_reactor::block_on(task), 3);
/// ```
#[track_caller]
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    let runtime = Runtime::get();
    let future = Contained::new(future);
    let builder = async_task::Builder::new().propagate_panic(true);
    live::count_spawn(runtime);
    let spawned_at = Location::caller();
    if runtime.plain {
        let future = Plain {
            future,
            origin: Origin::new(spawned_at),
            counted: Counted,
        };
        let (runnable, task) = builder.spawn(|()| future, WithInfo(schedule));
        launch(runtime, runnable);
        return task;
    }
    let tracked = runtime.tracker.as_ref().map(|tracker| tracker.reserve());
    let place = tracked.as_ref().map(|tracked| tracked.place());
    let seen = (runtime.records.as_ref()).map(|records| records.open(spawned_at));
    let record = seen.as_ref().map(|seen| seen.record());
    let future = Observed {
        future,
        seen,
        origin: Origin::new(spawned_at),
        tracked,
        counted: Counted,
        hook: runtime.config.panic_hook.as_ref(),
    };
    let (runnable, task) = builder.spawn(|()| future, WithInfo(schedule_observed));
    if let (Some(records), Some(record)) = (&runtime.records, record) {
        records.list(record, &runnable);
    }
    if let (Some(tracker), Some(place)) = (&runtime.tracker, place) {
        tracker.fill(place, runnable.waker());
    }
    launch(runtime, runnable);
    task
}

/// The first scheduling of a task. Not generic, so that it exists once.
fn launch(runtime: &'static Runtime, runnable: Runnable) {
    // SeqCst, and after the count: either `shutdown` counts this task or this sees that it is closing.
    if runtime.closing.load(Ordering::SeqCst) {
        return drop(runnable);
    }
    if let Err(runnable) = context::keep_new(runnable) {
        runtime.receive(runnable);
    }
}
