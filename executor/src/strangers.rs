//! Where the OS gives the runtime no thread at all: then whoever sleeps in `block_on` runs the tasks meanwhile.

use std::sync::{Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::contain::contain;
use crate::context;
use crate::runtime::Runtime;

/// How often to ask the OS for threads again.
const RETRY: Duration = Duration::from_millis(100);

/// How many tasks to run before the thread looks at its own future again.
const TASKS_AT_ONCE: usize = 16;

/// The threads that would help. Owned by the runtime.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sleeping: Vec<Waker>,
    last_try: Option<Instant>,
}

impl Strangers {
    /// There is work: calls every helper that sleeps.
    pub(crate) fn call(&self) {
        let sleeping = std::mem::take(&mut self.lock().sleeping);
        for waker in sleeping {
            waker.wake();
        }
    }

    /// The hook of `block_on`. On a worker it gives the worker's queue into other hands, since the task that blocks may
    /// do so for long. On any other thread it runs tasks if nobody else can. True if it did, or if there is work.
    pub(crate) fn before_sleep(waker: &Waker) -> bool {
        if let Some((runtime, worker)) = context::current() {
            context::nest();
            runtime.hand_over(worker);
            return false;
        }
        match Runtime::existing() {
            Some(runtime) if runtime.workers().is_empty() => runtime.strangers.help(runtime, waker),
            _ => false,
        }
    }

    fn help(&self, runtime: &'static Runtime, waker: &Waker) -> bool {
        if self.may_retry() && runtime.start_late() {
            return false;
        }
        let mut ran = 0;
        while ran < TASKS_AT_ONCE {
            let Some(runnable) = runtime.orphanage().inbox.pop() else {
                break;
            };
            contain(|| {
                runnable.run();
            });
            ran += 1;
        }
        if ran > 0 {
            return true;
        }
        // Announced first, then looked once more: whoever pushes looks here after the push.
        self.lock().sleeping.push(waker.clone());
        !runtime.orphanage().inbox.is_empty()
    }

    fn may_retry(&self) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let due = state
            .last_try
            .is_none_or(|last| now.saturating_duration_since(last) >= RETRY);
        if due {
            state.last_try = Some(now);
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
