//! What other threads give a worker, and what its own ring has no room for: unbounded, many producers, emptied by its owner
//! and by whoever looks for work.

use concurrent_queue::ConcurrentQueue;

/// One such queue of a worker.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    queue: ConcurrentQueue<T>,
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Inbox<T> {
        Inbox {
            queue: ConcurrentQueue::unbounded(),
        }
    }

    pub(crate) fn push(&self, value: T) {
        if self.queue.push(value).is_err() {
            unreachable!("an unbounded queue that nobody closes takes everything");
        }
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.queue.pop().ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
