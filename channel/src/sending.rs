//! What the sending side does with a [`Channel`].

use std::task::{Context, Poll, Waker};

use leno_waits::Wait;

use crate::channel::{Channel, State, waits};
use crate::errors::{SendError, TrySendError};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::waiters::Ticket;
use crate::wake_list::WakeList;

impl<T> Channel<T> {
    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if state.is_closed {
            Err(TrySendError::Closed(message))
        } else if state.buffer.is_full() && !state.awaits_message() {
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
        let displaced = if state.buffer.is_full() && !state.awaits_message() {
            match state.buffer.pop() {
                // In a rendezvous channel, where there is none to be displaced but this one.
                None => return Ok(Some(message)),
                oldest => oldest,
            }
        } else {
            None
        };
        self.put(state, message);
        Ok(displaced)
    }

    /// Puts in a message for which there is room, unlocks, and wakes those who wait for it.
    #[inline(always)]
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

    /// Sends `message`, for which there is room if the channel is not closed.
    #[inline(always)]
    fn send(&self, state: MutexGuard<'_, State<T>>, message: T) -> Result<(), SendError<T>> {
        if state.is_closed {
            return Err(SendError(message));
        }
        self.put(state, message);
        Ok(())
    }

    /// [`send`](Self::send) where that is not what usually happens, so that the code is not there twice.
    #[cold]
    fn send_after_all(
        &self,
        state: MutexGuard<'_, State<T>>,
        message: T,
    ) -> Result<(), SendError<T>> {
        self.send(state, message)
    }

    /// Sends `message`, which must be there, or waits for room.
    #[inline]
    pub(crate) fn poll_send(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        if let Some(waiting) = ticket.take() {
            self.go_on_to_send(message, waiting, ticket, cx)
        } else if self.seems_full() {
            self.begin_to_send(message, ticket, cx)
        } else {
            self.send_at_once(message, ticket, cx)
        }
    }

    /// Whether a send would probably have to wait. It clones its waker then before it takes the lock: under the lock
    /// it must not, and to let go and lock again costs more than a clone too many now and then.
    #[inline]
    fn seems_full(&self) -> bool {
        self.capacity
            .is_some_and(|most| self.hint.load(Ordering::Relaxed) >= most)
    }

    /// [`poll_send`](Self::poll_send) for one that probably need not wait.
    #[inline(never)]
    fn send_at_once(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let state = self.lock();
        if state.is_closed || !state.buffer.is_full() {
            return Poll::Ready(self.send(state, taken(message)));
        }
        drop(state);
        self.begin_to_send(message, ticket, cx)
    }

    /// [`poll_send`](Self::poll_send) for one that has not waited yet and probably must.
    #[inline(never)]
    fn begin_to_send(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        assert!(message.is_some(), "{POLLED_AFTER_END}");
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.buffer.is_full() && !state.is_closed {
            if state.offers.is_some() {
                self.offer(state, taken(message), waker, ticket);
                return waits(Wait::Receiver);
            }
            *ticket = Some(state.sends.enter(waker));
            return waits(Wait::Room);
        }
        let outcome = self.send_after_all(state, taken(message));
        drop(waker);
        Poll::Ready(outcome)
    }

    /// [`poll_send`](Self::poll_send) for one that has waited, with its ticket in `waiting`.
    #[inline(never)]
    fn go_on_to_send(
        &self,
        message: &mut Option<T>,
        waiting: Ticket,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let mut state = self.lock();
        if state.offers.is_some() {
            return self.go_on_to_offer(state, waiting, ticket, cx);
        }
        if state.is_closed || !state.buffer.is_full() {
            let left = state.sends.leave(waiting);
            let outcome = self.send(state, taken(message));
            drop(left);
            return Poll::Ready(outcome);
        }
        let waiting = ticket.insert(waiting);
        if state.sends.stay(waiting, cx.waker(), &mut None) {
            return waits(Wait::Room);
        }
        drop(state);
        self.send_or_stay(message, ticket, cx)
    }

    /// For one that has waited, and needs a new clone of its waker to wait on.
    #[cold]
    fn send_or_stay(
        &self,
        message: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let mut spare = Some(cx.waker().clone());
        let mut state = self.lock();
        let waiting = ticket.take().expect("it waited");
        if state.is_closed || !state.buffer.is_full() {
            let left = state.sends.leave(waiting);
            let outcome = self.send_after_all(state, taken(message));
            drop(left);
            return Poll::Ready(outcome);
        }
        let stays = state
            .sends
            .stay(ticket.insert(waiting), cx.waker(), &mut spare);
        drop(state);
        debug_assert!(stays, "it has got a clone");
        waits(Wait::Room)
    }

    /// A `Send` that waited is given up. If it was notified of room, somebody else gets to know of it.
    pub(crate) fn cancel_send(&self, ticket: Ticket) {
        let mut state = self.lock();
        if state.offers.is_some() {
            return self.withdraw(state, ticket);
        }
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
}

const POLLED_AFTER_END: &str = "a `Send` is not polled after its end";

/// The message of a `Send` that has not ended.
#[inline]
fn taken<T>(message: &mut Option<T>) -> T {
    message.take().expect(POLLED_AFTER_END)
}
