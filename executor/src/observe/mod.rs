//! Looking at a program while it runs: who waits, on what, since when; what the workers do; and what is wrong if nothing goes on.
//!
//! # What is always there
//!
//! [`metrics`] and [`idle`] need no preparation and cost nothing before they are called. `LENO_TRACE=1000` in the environment
//! prints a line with what [`metrics`] returns on stderr, every 1000 milliseconds.
//!
//! # What observation adds
//!
//! With `LENO_OBSERVE=1` in the environment, or [`Builder::observe`](crate::Builder::observe), the runtime keeps a record of each
//! task: where it was spawned, how often it was polled, what it waits for. [`tasks`] lists them, and so does [`idle`]. That costs a
//! short lock at each spawn, wake-up and end of a task, and two looks at the clock at each poll. Without it `spawn` is not slower
//! than if there was no observation at all, so it can't be turned on later.
//!
//! Tasks of an [`Executor`](crate::Executor) or [`LocalExecutor`](crate::LocalExecutor) are not listed: what the runtime sees of
//! them is the task or thread that runs them.
//!
//! # Tasks that keep their worker
//!
//! A task that does not come back from its poll delays all that wait behind it. In debug builds, and where the runtime is observed,
//! a task that has kept its thread for 100 ms is told of on stderr, with the place at which it was spawned.
//! [`Builder::stuck_after`](crate::Builder::stuck_after) and `LENO_STUCK`, in milliseconds, set another limit; 0 turns it off.

mod clock;
mod metrics;
mod quiet;
mod record;
mod report;
mod stuck;
mod trace;

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use leno_reactor::Timer;

pub(crate) use self::metrics::Counts;
pub(crate) use self::quiet::Quiet;
pub(crate) use self::record::{Records, Seen};
pub(crate) use self::stuck::{AtWork, Origin, STUCK_AFTER, Told, warn};
pub(crate) use self::trace::start as start_trace;

pub use self::metrics::{Metrics, ReactorMetrics, WorkerMetrics};
pub use self::report::{TaskInfo, TaskState, Tasks};
pub use leno_waits::{Wait, note};

use self::quiet::{Caller, Look};
use crate::live;
use crate::runtime::Runtime;

/// How long `idle` waits between two looks, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// All live tasks of the process-wide runtime: who they are, what they do, and what they wait for.
///
/// Only how many there are is known unless the runtime is [observed](self). Tasks go on while the list is made, so it is exact
/// for those that don't move.
///
/// # Examples
///
/// ```
/// use leno_executor::{Builder, observe, spawn};
/// use leno_reactor::{Timer, block_on};
/// use std::time::Duration;
///
/// Builder::new().workers(2).observe(true).start()?;
/// let sleeper = spawn(async {
///     observe::name_task("sleeper");
///     Timer::after(Duration::from_secs(3600)).await;
/// });
/// # while observe::tasks().list()[0].state() != observe::TaskState::Parked { std::thread::yield_now() }
///
/// let tasks = observe::tasks();
/// let task = &tasks.list()[0];
/// assert_eq!(task.name(), Some("sleeper"));
/// assert_eq!(task.state(), observe::TaskState::Parked);
/// assert!(matches!(task.waits(), [observe::Wait::Timer(_)]));
/// println!("{tasks}");
/// // 1 task
/// //   task 1 "sleeper" parked on timer in 3600.0s for 1.2ms, polled once, spawned at src/main.rs:7:15
/// # drop(sleeper);
/// # std::io::Result::Ok(())
/// ```
pub fn tasks() -> Tasks {
    let Some(runtime) = Runtime::existing() else {
        return Tasks::default();
    };
    Tasks {
        alive: live::count(runtime),
        observed: runtime.records.is_some(),
        list: runtime
            .records
            .as_ref()
            .map(Records::infos)
            .unwrap_or_default(),
    }
}

/// Gives the task that calls a name, which [`tasks`] shows. Does nothing elsewhere, and unless the runtime is
/// [observed](self).
///
/// # Examples
///
/// ```
/// let task = leno_executor::spawn(async {
///     leno_executor::observe::name_task("accept loop");
///     // …
/// });
/// # leno_reactor::block_on(task);
/// ```
pub fn name_task(name: impl Into<Cow<'static, str>>) {
    record::name_current(name.into());
}

/// What the process-wide runtime has done so far. Starts nothing: if there is no runtime, all is zero.
///
/// The numbers are those that the workers count anyway, each for itself. They are read one after the other while the workers go
/// on, so their sums need not agree.
///
/// # Examples
///
/// ```
/// use leno_executor::{observe, spawn};
///
/// leno_reactor::block_on(spawn(async {}));
/// let metrics = observe::metrics();
/// assert!(metrics.spawned >= 1);
/// assert!(metrics.workers.iter().map(|worker| worker.polls).sum::<u64>() >= 1);
/// println!("{metrics}");
/// // 2 workers, 2 parked; 0 tasks; queues 0+0 0+0; spawned 1, polls 1, steals 0, parks 2, …
/// ```
pub fn metrics() -> Metrics {
    Metrics::read()
}

/// Waits until the process-wide runtime can't go on by itself, and returns the tasks that are parked then.
///
/// That is so when no task runs or is ready to, no closure of [`unblock`](crate::unblock()) is left, and nobody waits for a timer
/// or a socket, here or in a `block_on`. Whatever is still parked then waits for a message, a lock or another task, and nothing but
/// a thread of yours can ever wake it: a deadlock, most probably, or simply the end. The tasks are listed if the runtime is
/// [observed](self); [`alive`](Tasks::alive) is known in any case, and counts the caller too if that is a task.
///
/// What the caller waits for at the same time, and in the same task, does not count if it is a timer. So
/// [`timeout`](https://docs.rs/leno/latest/leno/fn.timeout.html) may be put around it.
///
/// What leno can't see: threads of your own that are about to wake a task, and code that brings threads along, such as
/// `leno::fs`. A task that waits for these counts as parked for ever.
///
/// It looks every 1 to 10 ms, at nothing that costs anybody else more than to be woken once.
///
/// # Cancel safety
///
/// Dropping the future has no effect on others.
///
/// # Examples
///
/// ```
/// use leno_executor::{Builder, observe, spawn};
/// use leno_reactor::block_on;
///
/// Builder::new().observe(true).start()?;
/// // The sender lives as long as the receiver, so this one waits for ever.
/// let (sender, receiver) = leno_channel::unbounded::<u8>();
/// let consumers: Vec<_> = (0..1000)
///     .map(|_| {
///         let receiver = receiver.clone();
///         spawn(async move { receiver.recv().await })
///     })
///     .collect();
///
/// let left = block_on(observe::idle());
/// assert_eq!(left.list().len(), 1000);
/// assert!(left.to_string().contains("1000 parked on recv"));
/// # drop((sender, consumers));
/// # std::io::Result::Ok(())
/// ```
pub async fn idle() -> Tasks {
    let Some(runtime) = Runtime::existing() else {
        return Tasks::default();
    };
    let caller = Caller::new(runtime);
    let mut pause = FIRST_PAUSE;
    let mut look: Option<Look> = None;
    let mut timer = Timer::after(Duration::ZERO);
    poll_fn(|cx| {
        caller.polled(cx.waker());
        while Pin::new(&mut timer).poll(cx).is_ready() {
            if runtime.is_stopping() || look.as_ref().is_some_and(|look| caller.holds(look)) {
                return Poll::Ready(());
            }
            look = caller.look();
            timer.set_after(pause);
            pause = LONGEST_PAUSE.min(2 * pause);
        }
        note(Wait::Idle);
        Poll::Pending
    })
    .await;
    let mut left = tasks();
    left.list.retain(|task| task.state() == TaskState::Parked);
    left
}
