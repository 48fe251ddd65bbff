//! The pool of threads that blocking code runs on.
//!
//! All decisions are made under one lock, over four things: the *queue* of jobs, the number of *threads*, those of them
//! that are *coming* to the queue (being started, or called out of their sleep and not awake yet), and the stack of
//! those that are *idle* and not called.
//!
//! - **A job that nobody is coming for** (more jobs are queued than threads are coming) gets an idle thread, or else a
//!   new one, or else, with `max_threads` of them, the next that is done with its job. Counting the coming ones makes
//!   two jobs call two threads, never one thread twice, and makes none start for a job that is as good as taken.
//! - **An idle thread** is called off the top of the stack, so that those at the bottom stay asleep and end. When
//!   its time is over it takes the lock: if it is no longer on the stack it was called; if jobs are queued it takes one;
//!   only otherwise it leaves the count, and from then on whoever queues a job knows that it can't be relied upon. So no
//!   job is left to a thread that ends.
//! - **A thread that the OS refuses** leaves the count again. While others are counted the job waits for them: each will
//!   come to the queue, or, if it is refused too, find that it was the last one counted. Whoever finds that deals
//!   with the whole queue by the *last resort*: the runtime runs the jobs, or, without one, the finder does.
//! - **A lower limit** ends threads as they come back from their jobs: one that finds more threads than allowed leaves the
//!   count, and if it was called for a job, calls another. Those that sleep end by themselves.
//! - **A new thread** looks whether there are more jobs that nobody is coming for, left from when threads were refused,
//!   and gets them a thread. Otherwise they would only be served one after the other.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use async_task::{Runnable, ScheduleInfo};

use crate::contain::contain;

#[cfg(test)]
mod tests;

/// How long a thread waits for a job before it ends: longer than the pauses in a busy service, shorter than anybody
/// looks at a list of threads.
pub(super) const IDLE_LIMIT: Duration = Duration::from_millis(500);

/// What a thread of the pool does from its start to its end.
pub(super) type Body = Box<dyn FnOnce() + Send>;

/// Starts a thread of the given name.
pub(super) type Spawner = Box<dyn Fn(String, Body) -> io::Result<()> + Send + Sync>;

/// The spawner that asks the OS.
pub(super) fn os_threads() -> Spawner {
    Box::new(|name, body| thread::Builder::new().name(name).spawn(body).map(drop))
}

/// See the head of this file.
pub(super) struct Pool {
    state: Mutex<State>,
    idle_limit: Duration,
    spawner: Spawner,
    last_resort: OnceLock<fn(Runnable)>,
}

struct State {
    /// How many threads there may be. There can be more for a while after it was lowered.
    max_threads: usize,
    /// Jobs that no thread has taken.
    queue: VecDeque<Runnable>,
    /// All threads, from the decision to start one to its decision to end.
    threads: usize,
    /// How many of them are on their way to the queue.
    coming: usize,
    /// Those of them that sleep and haven't been called, the last to fall asleep on top.
    idle: Vec<Thread>,
    /// How many were ever asked for; names the next one.
    asked_for: u64,
    /// Whether the user has been told that the OS refuses threads.
    refusal_told: bool,
}

/// How busy a pool is.
pub(crate) struct Load {
    pub(crate) threads: usize,
    /// Those of them that run a job, or are on their way to one.
    pub(crate) busy: usize,
    pub(crate) queued: usize,
}

impl State {
    fn new(max_threads: usize) -> State {
        State {
            max_threads,
            queue: VecDeque::new(),
            threads: 0,
            coming: 0,
            idle: Vec::new(),
            asked_for: 0,
            refusal_told: false,
        }
    }

    fn job_without_thread(&self) -> bool {
        self.queue.len() > self.coming
    }

    /// The idle thread to be woken for a job that nobody is coming for.
    fn call_idle(&mut self) -> Option<Thread> {
        if !self.job_without_thread() {
            return None;
        }
        let called = self.idle.pop()?;
        self.coming += 1;
        Some(called)
    }
}

impl Pool {
    pub(super) fn new(max_threads: usize, idle_limit: Duration, spawner: Spawner) -> Pool {
        Pool {
            state: Mutex::new(State::new(max_threads)),
            idle_limit,
            spawner,
            last_resort: OnceLock::new(),
        }
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.lock();
        Load {
            threads: state.threads,
            busy: state.threads - state.idle.len(),
            queued: state.queue.len(),
        }
    }

    /// Sets who runs the jobs when there is no thread to be had. The first call counts.
    pub(super) fn set_last_resort(&self, f: fn(Runnable)) {
        self.last_resort.get_or_init(|| f);
    }

    /// Changes how many threads there may be.
    pub(super) fn set_max_threads(self: &Arc<Self>, max_threads: usize) {
        let mut state = self.lock();
        state.max_threads = max_threads;
        // A new thread gets the next one started, if there are more jobs and they are allowed for.
        self.supply(state);
    }

    /// Queues a job and sees to it that it is run.
    pub(super) fn schedule(self: &Arc<Self>, job: Runnable, info: ScheduleInfo) {
        let mut state = self.lock();
        state.queue.push_back(job);
        if info.woken_while_running && state.threads == 0 && self.last_resort.get().is_none() {
            // No thread and no runtime, so this call comes from within `run_without_threads`, which looks at the queue
            // again when the job returns. To run it from here would nest one level deeper each time a job yields.
            return;
        }
        self.supply(state);
    }

    /// Gets a thread for a job that nobody is coming for, if there is one of either.
    fn supply(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if let Some(called) = state.call_idle() {
            drop(state);
            called.unpark();
            return;
        }
        if !state.job_without_thread() || state.threads >= state.max_threads {
            return;
        }
        state.threads += 1;
        state.coming += 1;
        let name = format!("leno-blocking-{}", state.asked_for);
        state.asked_for += 1;
        drop(state);

        let pool = self.clone();
        if let Err(error) = (self.spawner)(name, Box::new(move || pool.work())) {
            self.refused(&error);
        }
    }

    /// Corrects the count for a thread that didn't come to be, and sees to the jobs it was to take.
    #[cold]
    fn refused(&self, error: &io::Error) {
        let mut state = self.lock();
        state.threads -= 1;
        state.coming -= 1;
        // One may have gone idle since this one was asked for.
        let called = state.call_idle();
        let first = !mem::replace(&mut state.refusal_told, true);
        drop(state);

        if let Some(called) = called {
            called.unpark();
        }
        if first {
            leno_reactor::notice(format_args!(
                "the OS refused a thread for blocking code: {error}. Such code now waits for the threads there are, or \
                 runs among the async tasks and delays them. Raise the limit on threads or memory (`ulimit -u`, the \
                 container's pids limit), or lower BLOCKING_MAX_THREADS."
            ));
        }
        self.run_without_threads();
    }

    /// Deals with the queue while there is no thread to do it.
    fn run_without_threads(&self) {
        loop {
            let mut state = self.lock();
            if state.threads > 0 {
                return;
            }
            let Some(job) = state.queue.pop_front() else {
                return;
            };
            drop(state);
            match self.last_resort.get() {
                Some(hand_over) => hand_over(job),
                None => run(job),
            }
        }
    }

    /// The life of a thread.
    fn work(self: Arc<Self>) {
        let mut state = self.lock();
        state.coming -= 1;
        let first = state.queue.pop_front();
        self.supply(state);
        if let Some(job) = first {
            run(job);
        }

        let mut state = self.lock();
        loop {
            if state.threads > state.max_threads {
                state.threads -= 1;
                // It may have been called for a job, which somebody else has to take now.
                return self.supply(state);
            }
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                run(job);
                state = self.lock();
            } else {
                match self.sleep(state) {
                    Some(awake) => state = awake,
                    None => return,
                }
            }
        }
    }

    /// Sleeps until called, or until a job is left at the end of its time; `None` when the thread has left the count.
    fn sleep<'a>(&'a self, mut state: MutexGuard<'a, State>) -> Option<MutexGuard<'a, State>> {
        let this = thread::current();
        let id = this.id();
        state.idle.push(this);
        let deadline = Instant::now() + self.idle_limit;
        loop {
            drop(state);
            // May return early: a job may have left an unused `unpark` behind.
            thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
            state = self.lock();
            let Some(place) = state.idle.iter().position(|thread| thread.id() == id) else {
                state.coming -= 1;
                return Some(state);
            };
            if Instant::now() < deadline {
                continue;
            }
            state.idle.remove(place);
            if !state.queue.is_empty() {
                return Some(state);
            }
            state.threads -= 1;
            if state.threads == 0 {
                // A burst may have made them big.
                state.queue = VecDeque::new();
                state.idle = Vec::new();
            }
            return None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a job once. What panics here was not for whoever awaits the job: the drop of something it owned.
fn run(job: Runnable) {
    contain(|| {
        job.run();
    });
}
