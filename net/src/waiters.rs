//! One waker for several tasks.

use std::mem;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// The tasks that wait for one direction of a connection that has several handles.
///
/// The reactor keeps one waker a direction for those who poll. When two handles of a connection wait for the same
/// direction, both give it the waker made of their common `Waiters`, which wakes both tasks. The first one that comes
/// takes the data; the others wait again.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// The number of a handle, and the task that waits on it.
    tasks: Mutex<Vec<(u64, Waker)>>,
}

impl Waiters {
    /// Makes the task of `waker` the one that waits on handle `number`.
    pub(crate) fn join(&self, number: u64, waker: &Waker) {
        let mut tasks = self.tasks.lock().unwrap();
        let known = tasks.iter_mut().find(|(n, _)| *n == number);
        let old = match known {
            Some((_, known)) if known.will_wake(waker) => None,
            Some((_, known)) => Some(mem::replace(known, waker.clone())),
            None => {
                tasks.push((number, waker.clone()));
                None
            }
        };
        drop(tasks);
        // Dropped after the lock: with a waker a whole task may go.
        drop(old);
    }

    /// Forgets the task that waits on handle `number`, if any.
    pub(crate) fn leave(&self, number: u64) {
        let mut tasks = self.tasks.lock().unwrap();
        let at = tasks.iter().position(|(n, _)| *n == number);
        let old = at.map(|at| tasks.swap_remove(at));
        drop(tasks);
        drop(old);
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut tasks = self.tasks.lock().unwrap();
        // Nearly always one task reads and one writes: then the vector keeps its memory.
        if let [_] = tasks[..] {
            let only = tasks.pop();
            drop(tasks);
            if let Some((_, task)) = only {
                task.wake();
            }
            return;
        }
        let all = mem::take(&mut *tasks);
        drop(tasks);
        for (_, task) in all {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Written by `wake`, read by the test on the same thread.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakes_each_waiting_task_once() {
        let counts: [Arc<Count>; 3] = Default::default();
        let wakers = counts.clone().map(Waker::from);
        let seen = || counts.clone().map(|count| count.0.load(Ordering::Relaxed));
        let waiters = Arc::new(Waiters::default());
        let waker = Waker::from(waiters.clone());

        waker.wake_by_ref();
        assert_eq!(seen(), [0, 0, 0]);

        waiters.join(0, &wakers[0]);
        waiters.join(0, &wakers[0]);
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(seen(), [1, 0, 0]);

        // Handle 0 moves to another task, handle 2 gives up.
        waiters.join(0, &wakers[0]);
        waiters.join(1, &wakers[1]);
        waiters.join(0, &wakers[1]);
        waiters.join(2, &wakers[2]);
        waiters.leave(2);
        waker.wake_by_ref();
        assert_eq!(seen(), [1, 2, 0]);
    }
}
