//! What the receiving side does with a [`Channel`].

use std::task::{Context, Poll};

use leno_waits::Wait;

use crate::channel::{Channel, State, waits};
use crate::errors::{RecvError, TryRecvError};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::waiters::{Ticket, Waiters};
use crate::wake_list::WakeList;

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
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.lock();
        match state.buffer.pop() {
            Some(message) => {
                self.made_room(state);
                Ok(message)
            }
            None if state.is_closed => Err(TryRecvError::Closed),
            None => match state.take_offer() {
                Some(offer) => Ok(self.accept(state, offer)),
                None => Err(TryRecvError::Empty),
            },
        }
    }

    /// Takes a message, which is there if the channel is not closed.
    #[inline(always)]
    fn receive(&self, mut state: MutexGuard<'_, State<T>>) -> Result<T, RecvError> {
        let message = state.buffer.pop().ok_or(RecvError)?;
        self.made_room(state);
        Ok(message)
    }

    /// A message was taken: unlocks, and wakes who waits for room.
    #[inline(always)]
    fn made_room(&self, mut state: MutexGuard<'_, State<T>>) {
        // If the channel is closed nobody waits any more.
        let sender = state.sends.notify_one();
        self.unlock(state);
        if let Some(sender) = sender {
            sender.wake();
        }
    }

    /// [`receive`](Self::receive) where that is not what usually happens, so that the code is not there twice.
    #[cold]
    fn receive_after_all(&self, state: MutexGuard<'_, State<T>>) -> Result<T, RecvError> {
        self.receive(state)
    }

    /// Receives a message, or waits for one.
    #[inline]
    pub(crate) fn poll_recv(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        if let Some(waiting) = ticket.take() {
            self.go_on_to_recv(role, waiting, ticket, cx)
        } else if self.seems_empty() {
            self.begin_to_recv(role, ticket, cx)
        } else {
            self.recv_at_once(role, ticket, cx)
        }
    }

    /// Whether a receiver would probably have to wait. It clones its waker then before it takes the lock: under the
    /// lock it must not, and to let go and lock again costs more than a clone too many now and then.
    #[inline]
    fn seems_empty(&self) -> bool {
        self.hint.load(Ordering::Relaxed) == 0
    }

    /// [`poll_recv`](Self::poll_recv) for one that probably need not wait.
    #[inline(never)]
    fn recv_at_once(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let state = self.lock();
        if state.is_closed || !state.buffer.is_empty() {
            return Poll::Ready(self.receive(state));
        }
        drop(state);
        self.begin_to_recv(role, ticket, cx)
    }

    /// [`poll_recv`](Self::poll_recv) for one that has not waited yet and probably must.
    #[inline(never)]
    fn begin_to_recv(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.buffer.is_empty() && !state.is_closed {
            if let Some(offer) = state.take_offer() {
                let message = self.accept(state, offer);
                drop(waker);
                return Poll::Ready(Ok(message));
            }
            *ticket = Some(state.receivers(role).enter(waker));
            return waits(Wait::Message);
        }
        let outcome = self.receive_after_all(state);
        drop(waker);
        Poll::Ready(outcome)
    }

    /// [`poll_recv`](Self::poll_recv) for one that has waited, with its ticket in `waiting`.
    #[inline(never)]
    fn go_on_to_recv(
        &self,
        role: Role,
        waiting: Ticket,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let mut state = self.lock();
        if state.is_closed || !state.buffer.is_empty() {
            let left = state.receivers(role).leave(waiting);
            let outcome = self.receive(state);
            drop(left);
            return Poll::Ready(outcome);
        }
        if let Some(offer) = state.take_offer() {
            let left = state.receivers(role).leave(waiting);
            let message = self.accept(state, offer);
            drop(left);
            return Poll::Ready(Ok(message));
        }
        let waiting = ticket.insert(waiting);
        let waiters = state.receivers(role);
        if waiters.stay(waiting, cx.waker(), &mut None) {
            return waits(Wait::Message);
        }
        drop(state);
        self.recv_or_stay(role, ticket, cx)
    }

    /// For one that has waited, and needs a new clone of its waker to wait on.
    #[cold]
    fn recv_or_stay(
        &self,
        role: Role,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        let mut spare = Some(cx.waker().clone());
        let mut state = self.lock();
        let waiting = ticket.take().expect("it waited");
        if state.is_closed || !state.buffer.is_empty() {
            let left = state.receivers(role).leave(waiting);
            let outcome = self.receive_after_all(state);
            drop(left);
            return Poll::Ready(outcome);
        }
        if let Some(offer) = state.take_offer() {
            let left = state.receivers(role).leave(waiting);
            let message = self.accept(state, offer);
            drop(left);
            return Poll::Ready(Ok(message));
        }
        let waiting = ticket.insert(waiting);
        let stays = state.receivers(role).stay(waiting, cx.waker(), &mut spare);
        drop(state);
        debug_assert!(stays, "it has got a clone");
        waits(Wait::Message)
    }

    /// A `Recv` or a stream that waited is given up. If it was notified of a message, somebody else gets to know of
    /// it.
    pub(crate) fn cancel_recv(&self, role: Role, ticket: Ticket) {
        let mut state = self.lock();
        let left = state.receivers(role).leave(ticket);
        let heir = match role {
            Role::Recv if left.is_none() && state.has_message() => state.recvs.notify_one(),
            // What a stream is notified of all others are as well, and a `Recv` besides.
            _ => None,
        };
        drop(state);
        WakeList::of(heir).wake();
        drop(left);
    }
}
