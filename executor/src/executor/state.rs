//! What the tasks of an [`Executor`](super::Executor) share.

use std::{
    array, fmt,
    future::{Future, poll_fn},
    ptr::NonNull,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use async_task::{Builder, Runnable, ScheduleInfo, Task, WithInfo};

use super::{
    close::{AbortOnUnwind, Payload, discard, drop_all, resume},
    current::{self, Pushed},
    lock::lock,
    queues::{First, Queues},
    slab::Slab,
    sleeper::{Sleeper, Work},
    sleepers::Sleepers,
    thread_bound::thread_number,
    tracked::{Registry, Tracked},
};
use crate::running;

/// How many parts the list of unfinished tasks has, so that threads that spawn seldom meet.
const SHARDS: usize = 8;

/// Of how many `tick`s one looks at the rings of the `run`s first, on average.
const RINGS_FIRST: u8 = 32;

/// The queues and the sleepers of one executor.
pub(super) struct State {
    pub(super) queues: Queues<Runnable>,
    pub(super) sleepers: Sleepers,
    /// Whether tasks that one thread has polled may be run by another. Set once, when a second `run` begins beside another one,
    /// or a `tick`; read by each `run`. Relaxed: a `run` that is too early is made up for by who sets it.
    shared: AtomicBool,
    /// Set by the executor's drop, on the thread that drops all futures. Read on that thread when a
    /// future's drop panicked; what another thread reads before does not matter.
    closing: AtomicBool,
    /// What the first future that panicked in its drop, while the executor was dropped, left behind.
    first_panic: Mutex<Option<Payload>>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            queues: Queues::new(),
            sleepers: Sleepers::new(),
            shared: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            first_panic: Mutex::new(None),
        }
    }

    /// Puts a task where it is found, and makes sure that somebody looks. `yielded` says that it was
    /// woken while it ran.
    #[inline]
    pub(super) fn schedule(&self, task: Runnable, yielded: bool) {
        match current::push(self, task) {
            // The `run` that the task yielded to takes it next, and announces it when it returns
            // before that: so a lone task that yields wakes nobody.
            Pushed::Alone if yielded => return,
            Pushed::Alone | Pushed::Behind => {}
            Pushed::Refused(task) => self.queues.inject(task),
        }
        self.sleepers.announce();
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// The calling thread is not the only one to run tasks here: what waits already must be served while the others are busy.
    pub(super) fn share(&self) {
        if !self.shared.swap(true, Ordering::Relaxed) {
            leno_reactor::shares_tasks();
        }
    }

    /// Takes a task out of any queue.
    pub(super) fn take(&self) -> Option<Runnable> {
        let first = if fastrand::u8(..RINGS_FIRST) == 0 {
            First::Rings
        } else {
            First::Injector
        };
        self.queues.take(first, fastrand::usize(..))
    }

    pub(super) async fn tick(&self) {
        self.share();
        let mut sleeper = Sleeper::new(self);
        let task = poll_fn(|cx| sleeper.poll_for(cx, || self.take())).await;
        running::run_anywhere(task);
    }

    /// How many tasks wait where, and for how many `run`s and `tick`s.
    pub(super) fn describe(&self, out: &mut fmt::DebugStruct<'_, '_>) {
        let (injected, rings) = self.queues.lengths();
        out.field("injected", &injected)
            .field("runs", &rings)
            .field("asleep", &self.sleepers.len());
    }
}

impl Work for State {
    fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    fn has_work(&self) -> bool {
        self.queues.has_work()
    }
}

/// A part of the unfinished tasks of an executor: those that some threads spawned.
///
/// Each task has one reference to its shard, which is how wake-ups get at the state. A thousand tasks
/// count references here and not in one place that all threads write to.
#[repr(align(128))]
pub(super) struct Shard {
    state: Arc<State>,
    /// A waker for each unfinished task. Put in when it is spawned, taken out when its future is gone.
    tasks: Mutex<Slab<Waker>>,
}

impl Registry for Shard {
    fn remove(&self, key: u32) {
        // Bound, so that the waker is dropped after the lock is released.
        let _waker = lock(&self.tasks).remove(key);
    }

    fn drop_panicked(&self, panic: Payload) {
        if self.state.closing.load(Ordering::Relaxed) {
            let mut first = lock(&self.state.first_panic);
            if first.is_none() {
                *first = Some(panic);
                return;
            }
        }
        // The panic hook has reported it, and a task that is cancelled has no outcome to put it in.
        discard(panic);
    }
}

/// The unfinished tasks of an executor, and its state.
pub(super) struct Shards([Arc<Shard>; SHARDS]);

impl Shards {
    pub(super) fn new() -> Self {
        let state = Arc::new(State::new());
        Self(array::from_fn(|_| {
            Arc::new(Shard {
                state: state.clone(),
                tasks: Mutex::new(Slab::new()),
            })
        }))
    }

    pub(super) fn state(&self) -> &State {
        &self.0[0].state
    }

    /// The state. Unfinished tasks go on, and each keeps the shard that it is in.
    pub(super) fn into_state(self) -> Arc<State> {
        self.0[0].state.clone()
    }

    /// All shards at once: one after the other would miss a task that is spawned in an earlier one
    /// by a task that then ends in a later one.
    fn lock_all(&self) -> [MutexGuard<'_, Slab<Waker>>; SHARDS] {
        array::from_fn(|shard| lock(&self.0[shard].tasks))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock_all().iter().all(|tasks| tasks.is_empty())
    }

    /// How many unfinished tasks there are.
    pub(super) fn len(&self) -> usize {
        self.lock_all().iter().map(|tasks| tasks.len()).sum()
    }

    /// Spawns a task.
    ///
    /// # Safety
    ///
    /// The future and its output may be sent to other threads. Before anything that the future
    /// borrows ends, [`close`](Self::close) is called.
    pub(super) unsafe fn spawn<F: Future>(&self, future: F) -> Task<F::Output> {
        let shard = &self.0[thread_number() as usize % SHARDS];
        let (task, handle) = {
            let mut tasks = lock(&shard.tasks);
            let key = tasks.next_key();
            // SAFETY: the schedule function keeps the shard, and a task's schedule function is
            // dropped after its future.
            let future = unsafe { Tracked::new(future, NonNull::from(&**shard), key) };
            let schedule = {
                let shard = shard.clone();
                move |task, info: ScheduleInfo| shard.state.schedule(task, info.woken_while_running)
            };
            // SAFETY: the caller vouches for `Send` and for the future's borrows: nothing but a
            // `Runnable` polls or drops the future, and `close` outlasts all of these. The schedule
            // function is `Send`, `Sync` and `'static`, so wakers may be used anywhere at any time.
            let (task, handle) = unsafe {
                Builder::new()
                    .propagate_panic(true)
                    .spawn_unchecked(|()| future, WithInfo(schedule))
            };
            tasks.insert(task.waker());
            (task, handle)
        };
        shard.state.schedule(task, false);
        handle
    }

    /// Cancels and drops all tasks, each once. Returns when all their futures are gone, and then goes
    /// on with the panic of the first of these whose drop panicked.
    ///
    /// Nobody runs tasks or spawns any more; wake-ups on other threads may still arrive.
    pub(super) fn close(self) {
        // What the futures borrow ends when this function does, whichever way.
        let guard = AbortOnUnwind;
        let state = self.state();
        state.closing.store(true, Ordering::Relaxed);
        // Only forgotten futures are still registered: nobody is left who could look.
        let evicted = state.sleepers.evict();
        for shard in &self.0 {
            let wakers: Vec<Waker> = lock(&shard.tasks).iter().cloned().collect();
            wakers.into_iter().for_each(Waker::wake);
        }
        drop_all(&state.sleepers, || state.take(), || self.is_empty());
        let panic = lock(&state.first_panic).take();
        guard.disarm();
        // Code of users, so not before now.
        drop(evicted);
        resume(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_send_sync<T: Send + Sync>(_: &T) {}

    #[test]
    fn shards_are_shared_between_threads() {
        assert_send_sync(&Shards::new());
    }
}
