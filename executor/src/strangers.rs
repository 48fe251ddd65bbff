//! Where the OS gives the runtime no thread at all: then whoever sleeps in `block_on` runs the tasks meanwhile.

use std::sync::{Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::contain::contain;
use crate::context;
use crate::running;
use crate::runtime::Runtime;

/// How often to ask the OS for threads again.
const RETRY: Duration = Duration::from_millis(100);

/// How many tasks to run before the thread looks at its own future again.
const TASKS_AT_ONCE: usize = 16;

/// How many threads are listed before all are asked to list themselves anew: nobody tells when a `block_on` is over.
const MOST_SLEEPERS: usize = 64;

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
            // SAFETY: this thread is the worker.
            unsafe { runtime.hand_over(worker) };
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
                running::run_anywhere(runnable);
            });
            ran += 1;
        }
        if ran > 0 {
            return true;
        }
        // Announced first, then looked once more: whoever pushes looks here after the push.
        self.announce(waker);
        !runtime.orphanage().inbox.is_empty()
    }

    /// Lists the calling thread among those that would help.
    fn announce(&self, waker: &Waker) {
        let mut state = self.lock();
        if state.sleeping.iter().any(|other| other.will_wake(waker)) {
            return;
        }
        state.sleeping.push(waker.clone());
        if state.sleeping.len() < MOST_SLEEPERS {
            return;
        }
        // Most have left their `block_on` long ago. Those that have not come here again.
        let sleeping = std::mem::take(&mut state.sleeping);
        drop(state);
        for waker in sleeping {
            waker.wake();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_list_does_not_grow_without_bound() {
        let strangers = Strangers::default();
        let flags: Vec<_> = (0..1000).map(|_| Arc::new(Flag::default())).collect();
        for flag in &flags {
            let waker = Waker::from(flag.clone());
            strangers.announce(&waker);
            strangers.announce(&waker);
        }
        assert!(strangers.lock().sleeping.len() < MOST_SLEEPERS);
        // Nobody is forgotten: who is not listed any more was woken.
        strangers.call();
        assert!(flags.iter().all(|flag| flag.0.load(Ordering::SeqCst)));
    }
}
