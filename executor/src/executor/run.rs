//! The future of [`Executor::run`](super::Executor::run).

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_task::Runnable;

use super::{
    current,
    queues::First,
    sleeper::{Sleeper, Work},
    state::State,
};
use crate::{context, queue::Ring, running::Nested};

/// How many tasks a `run` runs in a row before it returns to whoever polls it, so that this one can
/// look after its timers and sockets.
pub(super) const TASKS_PER_POLL: u32 = 200;

/// Every how many tasks a `run` looks into other queues before its own.
const TASKS_PER_LOOK_AROUND: u32 = 61;

/// Runs `main`, and tasks meanwhile.
pub(super) async fn run<T>(state: &State, main: impl Future<Output = T>) -> T {
    let mut runner = Runner::new(state);
    let mut main = pin!(main);
    poll_fn(|cx| runner.poll(cx, main.as_mut())).await
}

/// One `run` of an executor. It owns a ring, and is polled by one thread at a time.
struct Runner<'s> {
    state: &'s State,
    ring: Arc<Ring<Runnable>>,
    sleeper: Sleeper<'s, State>,
    /// How often it has looked for a task.
    looks: u32,
}

impl<'s> Runner<'s> {
    fn new(state: &'s State) -> Self {
        if state.queues.has_rings() {
            state.share();
        }
        Self {
            state,
            ring: state.queues.open_ring(),
            sleeper: Sleeper::new(state),
            looks: 0,
        }
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        main: Pin<&mut impl Future<Output = T>>,
    ) -> Poll<T> {
        // Before `main`, which may give out tasks and then block: others have to be woken for them.
        self.sleeper.get_up();
        let Self {
            state,
            ring,
            sleeper,
            looks,
        } = self;
        // SAFETY: `&mut self` makes this the ring's only user, but for `current::push` in what `main`
        // and the tasks do, and neither is called by `look`. The guard ends with this function.
        let _current = unsafe { current::enter(state, ring) };
        if let Poll::Ready(output) = main.poll(cx) {
            return Poll::Ready(output);
        }
        // A task that is woken may be taken by another `run`, while this thread is busy.
        let alone = !state.is_shared() && context::current().is_none();
        let nested = Nested::enter(alone.then_some(&*cx));
        for _ in 0..TASKS_PER_POLL {
            // SAFETY: as above.
            let task = ready!(sleeper.poll_for(cx, || unsafe { look(state, ring, looks) }));
            nested.run(task);
        }
        if !ring.is_empty() {
            // A lone task that yielded was not announced, and nobody knows when we are polled again.
            state.sleepers.announce();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Takes a task from the ring, else from the injector, else from others.
///
/// # Safety
///
/// The caller is the owner of `ring`, as for [`Ring::push`].
unsafe fn look(state: &State, ring: &Arc<Ring<Runnable>>, looks: &mut u32) -> Option<Runnable> {
    *looks = looks.wrapping_add(1);
    if *looks % TASKS_PER_LOOK_AROUND == 0 {
        let first = if *looks % 2 == 0 {
            First::Injector
        } else {
            First::Rings
        };
        if let Some(task) = state.queues.take(first, fastrand::usize(..)) {
            return Some(task);
        }
    }
    // SAFETY: passed on.
    if let Some(task) = unsafe { ring.pop() } {
        return Some(task);
    }
    if let Some(task) = state.queues.take_injected() {
        return Some(task);
    }
    // SAFETY: passed on.
    let task = unsafe { state.queues.steal_into(ring, fastrand::usize(..)) };
    if !ring.is_empty() {
        // Nobody saw these while they moved.
        state.sleepers.announce();
    }
    task
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.sleeper.get_up();
        self.state.queues.close_ring(&self.ring);
        if self.state.has_work() {
            self.state.sleepers.announce();
        }
    }
}
