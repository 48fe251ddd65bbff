//! [`Channel`]: what the two sides share, and all that happens under its lock. The README tells how it works as a whole.

use std::task::{Context, Poll, Waker};

use crate::buffer::Buffer;
use crate::errors::{RecvError, SendError, TryRecvError, TrySendError};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::waiters::{Ticket, Waiters};
use crate::wake_list::WakeList;

pub(crate) struct Channel<T> {
    /// Foreign code never runs while it is held: no waker is cloned, called or dropped, and no message is dropped.
    state: Mutex<State<T>>,

    /// How many messages there were a moment ago. Written under the lock, and read without it by those who are about to take it, who
    /// only guess from it whether they will have to wait. Relaxed: a wrong guess costs time and nothing else.
    hint: AtomicUsize,

    capacity: Option<usize>,

    /// How many [`Sender`](crate::Sender)s there are. Who takes it to zero closes the channel. Decrements are `AcqRel` like those of any
    /// reference count: what the others did with their senders comes before the close.
    pub(crate) senders: AtomicUsize,

    /// How many [`Receiver`](crate::Receiver)s there are; as `senders`.
    pub(crate) receivers: AtomicUsize,
}

/// What the lock protects.
struct State<T> {
    buffer: Buffer<T>,
    is_closed: bool,
    /// `Recv` futures, while there is no message. One is notified for each message.
    recvs: Waiters,
    /// Receivers that were polled as streams, while there is no message. All are notified for each message: a stream that nobody polls
    /// any more keeps its place.
    streams: Waiters,
    /// `Send` futures, while the buffer is full. One is notified for each message that is taken.
    sends: Waiters,
    /// `Closed` futures.
    closeds: Waiters,
}

/// As what a receiver waits.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Recv,
    Stream,
}

impl<T> State<T> {
    fn receivers(&mut self, role: Role) -> &mut Waiters {
        match role {
            Role::Recv => &mut self.recvs,
            Role::Stream => &mut self.streams,
        }
    }

    /// Puts a message in, for which there is room. The lock must be gone before those who are returned are woken.
    #[inline]
    fn push(&mut self, message: T) -> WakeList {
        self.buffer.push(message);
        self.announce()
    }

    /// Notifies those who wait for the message that was just put in.
    #[inline]
    fn announce(&mut self) -> WakeList {
        let mut wakes = WakeList::of(self.recvs.notify_one());
        self.streams.notify_all(&mut wakes);
        wakes
    }
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
            }),
            hint: AtomicUsize::new(0),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No foreign code runs under the lock, so nothing can panic half-way.
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    #[inline]
    fn unlock(&self, state: MutexGuard<'_, State<T>>) {
        self.hint.store(state.buffer.len(), Ordering::Relaxed);
        drop(state);
    }

    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(TrySendError::Closed(message));
        }
        if state.buffer.is_full() {
            return Err(TrySendError::Full(message));
        }
        let wakes = state.push(message);
        self.unlock(state);
        wakes.wake();
        Ok(())
    }

    pub(crate) fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(SendError(message));
        }
        let displaced = if state.buffer.is_full() {
            state.buffer.pop()
        } else {
            None
        };
        let wakes = state.push(message);
        self.unlock(state);
        wakes.wake();
        Ok(displaced)
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.lock();
        let Some(message) = state.buffer.pop() else {
            return Err(if state.is_closed {
                TryRecvError::Closed
            } else {
                TryRecvError::Empty
            });
        };
        let wakes = WakeList::of(state.sends.notify_one());
        self.unlock(state);
        wakes.wake();
        Ok(message)
    }

    /// Sends `message`, which must be there, or waits for room.
    #[inline]
    pub(crate) fn poll_send(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        assert!(message.is_some(), "a `Send` is not polled after its end");
        let looks_full = || {
            self.capacity
                .is_some_and(|most| self.hint.load(Ordering::Relaxed) >= most)
        };
        let mut spare = clone_early(ticket, looks_full, cx);
        loop {
            let mut state = self.lock();
            if state.is_closed || !state.buffer.is_full() {
                let message = message.take().expect("it was there at the beginning");
                let left = ticket.take().and_then(|ticket| state.sends.leave(ticket));
                let outcome = if state.is_closed {
                    drop(state);
                    Err(SendError(message))
                } else {
                    let wakes = state.push(message);
                    self.unlock(state);
                    wakes.wake();
                    Ok(())
                };
                drop(left);
                return Poll::Ready(outcome);
            }
            if state.sends.wait(ticket, cx.waker(), &mut spare) {
                drop(state);
                return Poll::Pending;
            }
            drop(state);
            spare = Some(cx.waker().clone());
        }
    }

    /// Receives a message, or waits for one.
    #[inline]
    pub(crate) fn poll_recv(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let looks_empty = || self.hint.load(Ordering::Relaxed) == 0;
        let mut spare = clone_early(ticket, looks_empty, cx);
        loop {
            let mut state = self.lock();
            let message = state.buffer.pop();
            if message.is_some() || state.is_closed {
                let left = ticket
                    .take()
                    .and_then(|ticket| state.receivers(role).leave(ticket));
                // If it is closed nobody waits, because everybody was notified of that.
                let wakes = WakeList::of(state.sends.notify_one());
                self.unlock(state);
                wakes.wake();
                drop(left);
                return Poll::Ready(message.ok_or(RecvError));
            }
            if state.receivers(role).wait(ticket, cx.waker(), &mut spare) {
                drop(state);
                return Poll::Pending;
            }
            drop(state);
            spare = Some(cx.waker().clone());
        }
    }

    /// Waits until the channel is closed.
    pub(crate) fn poll_closed(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut spare = None;
        loop {
            let mut state = self.lock();
            if state.is_closed {
                let left = ticket.take().and_then(|ticket| state.closeds.leave(ticket));
                drop(state);
                drop(left);
                return Poll::Ready(());
            }
            if state.closeds.wait(ticket, cx.waker(), &mut spare) {
                drop(state);
                return Poll::Pending;
            }
            drop(state);
            spare = Some(cx.waker().clone());
        }
    }

    /// A `Send` that waited is given up. If it was notified of room, somebody else gets to know of it.
    pub(crate) fn cancel_send(&self, ticket: Ticket) {
        let mut state = self.lock();
        let left = state.sends.leave(ticket);
        let heir = if left.is_none() && !state.buffer.is_full() {
            state.sends.notify_one()
        } else {
            None
        };
        drop(state);
        WakeList::of(heir).wake();
        drop(left);
    }

    /// A `Recv` or a stream that waited is given up. If it was notified of a message, somebody else gets to know of it.
    pub(crate) fn cancel_recv(&self, role: Role, ticket: Ticket) {
        let mut state = self.lock();
        let left = state.receivers(role).leave(ticket);
        let heir = match role {
            Role::Recv if left.is_none() && !state.buffer.is_empty() => state.recvs.notify_one(),
            // What a stream is notified of all others are as well, and a `Recv` besides.
            _ => None,
        };
        drop(state);
        WakeList::of(heir).wake();
        drop(left);
    }

    /// A `Closed` that waited is given up.
    pub(crate) fn cancel_closed(&self, ticket: Ticket) {
        let left = self.lock().closeds.leave(ticket);
        drop(left);
    }

    /// Closes the channel and wakes all. Returns `false` if it was closed already.
    pub(crate) fn close(&self) -> bool {
        let mut wakes = WakeList::default();
        let mut state = self.lock();
        if state.is_closed {
            return false;
        }
        state.is_closed = true;
        state.sends.notify_all(&mut wakes);
        state.recvs.notify_all(&mut wakes);
        state.streams.notify_all(&mut wakes);
        state.closeds.notify_all(&mut wakes);
        drop(state);
        wakes.wake();
        true
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    pub(crate) fn is_closed_and_empty(&self) -> bool {
        let state = self.lock();
        state.is_closed && state.buffer.is_empty()
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

/// A clone of the waker for a future that has no place yet and will probably need one. It is made before the lock is taken, because it
/// must not be made under it, and to let go and lock again costs more than a clone too many now and then.
#[inline]
fn clone_early(
    ticket: &Option<Ticket>,
    will_wait: impl FnOnce() -> bool,
    cx: &mut Context<'_>,
) -> Option<Waker> {
    (ticket.is_none() && will_wait()).then(|| cx.waker().clone())
}
