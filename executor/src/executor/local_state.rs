//! What the tasks of a [`LocalExecutor`](super::LocalExecutor) share.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    ptr::NonNull,
    sync::Arc,
    task::{Poll, Waker, ready},
};

use async_task::{Builder, Runnable, Task};
use concurrent_queue::ConcurrentQueue;

use super::{
    close::{AbortOnUnwind, Payload, discard, drop_all, resume},
    run::TASKS_PER_POLL,
    slab::Slab,
    sleeper::{Sleeper, Work},
    sleepers::Sleepers,
    thread_bound::ThreadBound,
    tracked::{Registry, Tracked},
};
use crate::running::{self, Nested};

/// Every how many tasks the owner looks at what other threads have woken before its own queue.
const TASKS_PER_LOOK_ABROAD: u32 = 61;

/// The queues, the tasks and the sleepers of one local executor.
pub(super) struct LocalState {
    home: ThreadBound<Home>,
    /// Tasks that were woken on other threads. The owner takes them out, nobody else does. Unbounded
    /// and never closed.
    abroad: ConcurrentQueue<Runnable>,
    /// All of them are futures on the owner's thread.
    sleepers: Sleepers,
}

/// What only the owner's thread touches. Every borrow ends before code of users runs.
struct Home {
    queue: RefCell<VecDeque<Runnable>>,
    /// A waker for each unfinished task. Put in when it is spawned, taken out when its future is gone.
    tasks: RefCell<Slab<Waker>>,
    /// How often a task was looked for.
    looks: Cell<u32>,
    /// The executor is being dropped.
    closing: Cell<bool>,
    /// What the first future that panicked in its drop meanwhile left behind.
    first_panic: Cell<Option<Payload>>,
}

impl LocalState {
    /// The state of an executor that belongs to the calling thread.
    pub(super) fn new() -> Self {
        Self {
            home: ThreadBound::new(Home {
                queue: RefCell::new(VecDeque::new()),
                tasks: RefCell::new(Slab::new()),
                looks: Cell::new(0),
                closing: Cell::new(false),
                first_panic: Cell::new(None),
            }),
            abroad: ConcurrentQueue::unbounded(),
            sleepers: Sleepers::new(),
        }
    }

    /// # Panics
    ///
    /// On a thread that is not the owner's.
    fn home(&self) -> &Home {
        self.home
            .get()
            .expect("a local executor and its tasks stay on their thread")
    }

    /// Puts a task where the owner finds it, and makes sure that it looks.
    #[inline]
    fn schedule(&self, task: Runnable) {
        match self.home.get() {
            Some(home) => {
                home.queue.borrow_mut().push_back(task);
                self.sleepers.announce_here();
            }
            None => self.schedule_from_abroad(task),
        }
    }

    #[cold]
    fn schedule_from_abroad(&self, task: Runnable) {
        // The task must not be dropped here, whatever happens: its future belongs to the owner.
        if self.abroad.push(task).is_err() {
            unreachable!("the queue is unbounded and never closed");
        }
        self.sleepers.announce();
    }

    /// Takes a task out of either queue.
    pub(super) fn take(&self) -> Option<Runnable> {
        let home = self.home();
        let looks = home.looks.get().wrapping_add(1);
        home.looks.set(looks);
        if looks % TASKS_PER_LOOK_ABROAD == 0 {
            if let Ok(task) = self.abroad.pop() {
                return Some(task);
            }
        }
        let task = home.queue.borrow_mut().pop_front();
        task.or_else(|| self.abroad.pop().ok())
    }

    pub(super) async fn tick(&self) {
        let mut sleeper = Sleeper::new(self);
        let task = poll_fn(|cx| sleeper.poll_for(cx, || self.take())).await;
        running::run_anywhere(task);
    }

    pub(super) async fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut sleeper = Sleeper::new(self);
        let mut main = pin!(main);
        poll_fn(|cx| {
            // While this thread is awake, it need not be woken.
            sleeper.get_up();
            if let Poll::Ready(output) = main.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            let nested = Nested::enter(Some(cx));
            for _ in 0..TASKS_PER_POLL {
                nested.run(ready!(sleeper.poll_for(cx, || self.take())));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// Spawns a task, on the owner's thread.
    ///
    /// # Safety
    ///
    /// Before anything that the future borrows ends, [`close`](Self::close) is called.
    pub(super) unsafe fn spawn<F: Future>(self: &Arc<Self>, future: F) -> Task<F::Output> {
        let mut tasks = self.home().tasks.borrow_mut();
        let key = tasks.next_key();
        // SAFETY: the schedule function keeps the state, and a task's schedule function is dropped
        // after its future.
        let future = unsafe { Tracked::new(future, NonNull::from(&**self), key) };
        let schedule = {
            let state = self.clone();
            move |task| state.schedule(task)
        };
        // SAFETY: nothing but a `Runnable` polls or drops the future. Each of these is in a queue of
        // this state or on its way there, and only the owner's thread takes it out: so the future
        // need not be `Send`. The caller vouches for its borrows. The schedule function is `Send`,
        // `Sync` and `'static`, so wakers may be used anywhere at any time.
        let (task, handle) = unsafe {
            Builder::new()
                .propagate_panic(true)
                .spawn_unchecked(|()| future, schedule)
        };
        tasks.insert(task.waker());
        drop(tasks);
        self.schedule(task);
        handle
    }

    pub(super) fn is_empty(&self) -> bool {
        self.home().tasks.borrow().is_empty()
    }

    /// How many unfinished tasks there are, how many of them wait on this thread and on others, and
    /// how many `run`s and `tick`s sleep.
    pub(super) fn describe(&self, out: &mut fmt::DebugStruct<'_, '_>) {
        let home = self.home();
        out.field("tasks", &home.tasks.borrow().len())
            .field("queued", &home.queue.borrow().len())
            .field("woken_abroad", &self.abroad.len())
            .field("asleep", &self.sleepers.len());
    }

    /// Cancels and drops all tasks, each once, on the owner's thread. Returns when all their futures
    /// are gone, and then goes on with the panic of the first of these whose drop panicked.
    ///
    /// Nobody runs tasks or spawns any more; wake-ups on other threads may still arrive.
    pub(super) fn close(&self) {
        // What the futures borrow ends when this function does, whichever way.
        let guard = AbortOnUnwind;
        let home = self.home();
        home.closing.set(true);
        // Only forgotten futures are still registered: nobody is left who could look.
        let evicted = self.sleepers.evict();
        let wakers: Vec<Waker> = home.tasks.borrow().iter().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
        drop_all(&self.sleepers, || self.take(), || self.is_empty());
        let panic = home.first_panic.take();
        guard.disarm();
        // Code of users, so not before now.
        drop(evicted);
        resume(panic);
    }
}

impl Work for LocalState {
    fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    fn has_work(&self) -> bool {
        !self.home().queue.borrow().is_empty() || !self.abroad.is_empty()
    }
}

impl Registry for LocalState {
    fn remove(&self, key: u32) {
        // Bound, so that the waker is dropped after the borrow has ended.
        let _waker = self.home().tasks.borrow_mut().remove(key);
    }

    fn drop_panicked(&self, panic: Payload) {
        let home = self.home();
        match home.first_panic.take() {
            None if home.closing.get() => home.first_panic.set(Some(panic)),
            first => {
                home.first_panic.set(first);
                // The panic hook has reported it, and a task that is cancelled has no outcome to put
                // it in.
                discard(panic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_send_sync<T: Send + Sync>(_: &T) {}

    #[test]
    fn wakers_may_take_the_state_anywhere() {
        assert_send_sync(&LocalState::new());
    }
}
