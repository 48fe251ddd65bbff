//! The orderly end of the process-wide runtime.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::context;
use crate::live;
use crate::runtime::Runtime;

/// How long `shutdown` sleeps between two looks, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Ends the process-wide runtime: takes no new tasks, waits up to `timeout` for those that live, then ends the workers. A
/// worker whose task does not come back by then is given another 100 ms.
///
/// Returns how many tasks were left when the time was over; 0 means that all had ended. Those that were left run no
/// further. If the runtime was built with [`track_tasks`](crate::Builder::track_tasks), they are cancelled and dropped
/// before this returns, each once, but for one whose thread does not come back from it: that one is dropped when it does.
/// Without tracking, a task that is left is dropped when it is woken, or never.
///
/// Afterwards a [`spawn`](crate::spawn()) gives a task that is cancelled already. A second call returns how many are left
/// by then. Under `leno::main` the main thread goes on to run the body of `main`.
///
/// # Errors
///
/// `Deadlock` if it is called on a worker, by a task: it would wait for itself. Call it on another thread, such as through
/// [`unblock`](crate::unblock()).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let task = leno_executor::spawn(async { 7 });
/// assert_eq!(leno_reactor::block_on(task), 7);
/// assert_eq!(leno_executor::shutdown(Duration::from_secs(5))?, 0);
/// # std::io::Result::Ok(())
/// ```
pub fn shutdown(timeout: Duration) -> io::Result<usize> {
    if context::current().is_some() {
        return Err(io::Error::new(
            io::ErrorKind::Deadlock,
            "shutdown was called by a task, which it would wait for; call it on another thread, such as with `unblock`",
        ));
    }
    let Some(runtime) = Runtime::existing() else {
        return Ok(0);
    };
    // Tasks without a worker would wait for this very thread.
    if runtime.workers().is_empty() {
        runtime.run_orphans();
    }
    runtime.closing.store(true, Ordering::SeqCst);
    let deadline = Instant::now().checked_add(timeout);
    wait_until(deadline, || live::count(runtime) == 0);
    let left = live::count(runtime);

    runtime.stopping.store(true, Ordering::SeqCst);
    for worker in runtime.workers() {
        worker.unpark();
    }
    join(runtime);
    runtime.end();
    if let Some(tracker) = &runtime.tracker {
        // Woken, a task is scheduled, and what is scheduled now is dropped.
        for waker in tracker.take_all() {
            waker.wake();
        }
    }
    Ok(left)
}

/// Waits for the workers' threads, except for one that a task keeps for too long.
fn join(runtime: &'static Runtime) {
    const GRACE: Duration = Duration::from_millis(100);

    let threads = std::mem::take(
        &mut *runtime
            .threads
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()),
    );
    let deadline = Instant::now().checked_add(GRACE);
    for thread in threads {
        wait_until(deadline, || thread.is_finished());
        if thread.is_finished() {
            // A worker catches every panic of a task.
            let _ = thread.join();
        }
    }
    for worker in runtime.workers() {
        // What still waits here goes to a reactor that somebody turns.
        worker.reactor.retire();
    }
}

fn wait_until(deadline: Option<Instant>, done: impl Fn() -> bool) {
    let mut pause = FIRST_PAUSE;
    while !done() {
        let left = deadline.map_or(pause, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return;
        }
        std::thread::sleep(pause.min(left));
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
