//! [`Channel`]: what the two sides share. What they do with it is in `sending.rs`, `receiving.rs` and `closing.rs`;
//! the README tells how it works as a whole.

use std::task::Poll;

use leno_waits::Wait;

use crate::buffer::Buffer;
use crate::meeting::Offers;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::waiters::Waiters;

pub(crate) struct Channel<T> {
    /// Foreign code never runs while it is held: no waker is cloned, called or dropped, and no message is dropped.
    state: Mutex<State<T>>,

    /// How many messages there were a moment ago. Written under the lock, and read without it by those who are about
    /// to take it, who only guess from it whether they will have to wait. Relaxed: a wrong guess costs time and
    /// nothing else.
    pub(crate) hint: AtomicUsize,

    pub(crate) capacity: Option<usize>,

    /// How many [`Sender`](crate::Sender)s there are. Who takes it to zero closes the channel. Decrements are
    /// `AcqRel` like those of any reference count: what the others did with their senders comes before the close.
    pub(crate) senders: AtomicUsize,

    /// How many [`Receiver`](crate::Receiver)s there are; as `senders`.
    pub(crate) receivers: AtomicUsize,
}

/// The answer of a future that waits from here on, which says for what, if anybody observes.
#[inline]
pub(crate) fn waits<R>(wait: Wait) -> Poll<R> {
    leno_waits::note(wait);
    Poll::Pending
}

/// What the lock protects.
pub(crate) struct State<T> {
    pub(crate) buffer: Buffer<T>,
    pub(crate) is_closed: bool,
    /// `Recv` futures, while there is no message. One is notified for each message.
    pub(crate) recvs: Waiters,
    /// Receivers that were polled as streams, while there is no message. All are notified for each message: a stream
    /// that nobody polls any more keeps its place.
    pub(crate) streams: Waiters,
    /// `Send` futures, while the buffer is full. One is notified for each message that is taken.
    pub(crate) sends: Waiters,
    /// `Closed` futures.
    pub(crate) closeds: Waiters,
    /// `Send` futures of a rendezvous channel, each with its message, until somebody takes it.
    pub(crate) offers: Option<Box<Offers<T>>>,
}

impl<T> Channel<T> {
    pub(crate) fn new(capacity: Option<usize>) -> Channel<T> {
        Channel {
            state: Mutex::new(State {
                buffer: Buffer::new(capacity),
                is_closed: false,
                recvs: Waiters::new(),
                streams: Waiters::new(),
                sends: Waiters::new(),
                closeds: Waiters::new(),
                offers: (capacity == Some(0)).then(|| Box::new(Offers::new())),
            }),
            hint: AtomicUsize::new(0),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No foreign code runs under the lock, so nothing can panic half-way.
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// To be used where the number of messages has changed.
    #[inline]
    pub(crate) fn unlock(&self, state: MutexGuard<'_, State<T>>) {
        self.hint.store(state.buffer.len(), Ordering::Relaxed);
        drop(state);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.lock().buffer.is_full()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().buffer.len()
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.capacity
    }
}
