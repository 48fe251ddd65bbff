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
    #[inline]
    fn receivers(&mut self, role: Role) -> &mut Waiters {
        match role {
            Role::Recv => &mut self.recvs,
            Role::Stream => &mut self.streams,
        }
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

    /// Whether a send would probably have to wait.
    #[inline]
    fn seems_full(&self) -> bool {
        self.capacity
            .is_some_and(|most| self.hint.load(Ordering::Relaxed) >= most)
    }

    /// Whether a receiver would probably have to wait. It clones its waker then before it takes the lock: under the lock it must not,
    /// and to let go and lock again costs more than a clone too many now and then.
    #[inline]
    fn seems_empty(&self) -> bool {
        self.hint.load(Ordering::Relaxed) == 0
    }

    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if state.is_closed {
            Err(TrySendError::Closed(message))
        } else if state.buffer.is_full() {
            Err(TrySendError::Full(message))
        } else {
            self.put(state, message);
            Ok(())
        }
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
        self.put(state, message);
        Ok(displaced)
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.lock();
        match state.buffer.pop() {
            Some(message) => {
                self.made_room(state);
                Ok(message)
            }
            None if state.is_closed => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Puts in a message for which there is room, unlocks, and wakes those who wait for it.
    #[inline]
    fn put(&self, mut state: MutexGuard<'_, State<T>>, message: T) {
        state.buffer.push(message);
        let receiver = state.recvs.notify_one();
        if state.streams.anyone_waits() {
            return self.wake_streams(state, receiver);
        }
        self.unlock(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    #[cold]
    fn wake_streams(&self, mut state: MutexGuard<'_, State<T>>, receiver: Option<Waker>) {
        let mut wakes = WakeList::of(receiver);
        state.streams.notify_all(&mut wakes);
        self.unlock(state);
        wakes.wake();
    }

    /// A message was taken: unlocks, and wakes who waits for room.
    #[inline]
    fn made_room(&self, mut state: MutexGuard<'_, State<T>>) {
        // If the channel is closed nobody waits any more.
        let sender = state.sends.notify_one();
        self.unlock(state);
        if let Some(sender) = sender {
            sender.wake();
        }
    }

    /// Sends `message`, which must be there, or waits for room.
    #[inline]
    pub(crate) fn poll_send(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        if ticket.is_none() && !self.seems_full() {
            let state = self.lock();
            if !state.is_closed && !state.buffer.is_full() {
                self.put(state, taken(message));
                return Poll::Ready(Ok(()));
            }
        }
        self.wait_to_send(message, ticket, cx)
    }

    /// [`poll_send`](Self::poll_send) for those who will probably wait, or have waited.
    #[inline(never)]
    fn wait_to_send(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        assert!(message.is_some(), "{POLLED_AFTER_END}");
        let mut spare = ticket.is_none().then(|| cx.waker().clone());
        loop {
            let mut state = self.lock();
            if state.is_closed || !state.buffer.is_full() {
                let left = ticket.take().and_then(|ticket| state.sends.leave(ticket));
                let message = taken(message);
                let outcome = if state.is_closed {
                    drop(state);
                    Err(SendError(message))
                } else {
                    self.put(state, message);
                    Ok(())
                };
                drop(left);
                return Poll::Ready(outcome);
            }
            if wait(&mut state.sends, ticket, cx.waker(), &mut spare) {
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
        if ticket.is_none() && !self.seems_empty() {
            let mut state = self.lock();
            if let Some(message) = state.buffer.pop() {
                self.made_room(state);
                return Poll::Ready(Ok(message));
            }
        }
        self.wait_to_recv(role, ticket, cx)
    }

    /// [`poll_recv`](Self::poll_recv) for those who will probably wait, or have waited.
    #[inline(never)]
    fn wait_to_recv(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let mut spare = ticket.is_none().then(|| cx.waker().clone());
        loop {
            let mut state = self.lock();
            let message = state.buffer.pop();
            if message.is_some() || state.is_closed {
                let left = ticket
                    .take()
                    .and_then(|ticket| state.receivers(role).leave(ticket));
                self.made_room(state);
                drop(left);
                return Poll::Ready(message.ok_or(RecvError));
            }
            if wait(state.receivers(role), ticket, cx.waker(), &mut spare) {
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
            if wait(&mut state.closeds, ticket, cx.waker(), &mut spare) {
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

const POLLED_AFTER_END: &str = "a `Send` is not polled after its end";

/// The message of a `Send` that has not ended.
#[inline]
fn taken<T>(message: &mut Option<T>) -> T {
    message.take().expect(POLLED_AFTER_END)
}

/// Lets the future that has `ticket`, or gets it, wait. Returns `false` if there has to be a clone of its waker in `spare` for that.
#[inline]
fn wait(
    waiters: &mut Waiters,
    ticket: &mut Option<Ticket>,
    current: &Waker,
    spare: &mut Option<Waker>,
) -> bool {
    if let Some(ticket) = ticket {
        return waiters.stay(ticket, current, spare);
    }
    let Some(waker) = spare.take() else {
        return false;
    };
    *ticket = Some(waiters.enter(waker));
    true
}
