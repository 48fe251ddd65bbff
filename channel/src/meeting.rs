//! What is different in a rendezvous channel, which holds no messages: a `Send` waits with its message in its hands, and
//! the receiver that takes it wakes it.

use std::task::{Context, Poll, Waker};

use leno_waits::Wait;

use crate::channel::{Channel, State, waits};
use crate::errors::SendError;
use crate::sync::MutexGuard;
use crate::waiters::{Ticket, Waiters};
use crate::wake_list::WakeList;

/// `Send` futures with their messages, in the order in which they came.
///
/// One that *waits* has its message here. One that is *notified* has either lost it to a receiver, and then it was sent; or
/// it is still here, and then the channel was closed.
pub(crate) type Offers<T> = Waiters<Option<T>>;

/// What a receiver has taken: the message, and the waker of its `Send`.
pub(crate) type Offer<T> = (Waker, Option<T>);

impl<T> State<T> {
    /// Whether this is a rendezvous channel and a receiver waits to whom nothing has been handed over yet.
    #[cold]
    pub(crate) fn awaits_message(&self) -> bool {
        self.offers.is_some() && (self.recvs.anyone_waits() || self.streams.anyone_waits())
    }

    /// Whether there is anything to receive.
    pub(crate) fn has_message(&self) -> bool {
        let offers = self.offers.as_ref();
        !self.buffer.is_empty() || offers.is_some_and(|offers| offers.anyone_waits())
    }

    /// The oldest message that is offered, for [`accept`](Channel::accept). Those that have been handed over come first.
    #[inline]
    pub(crate) fn take_offer(&mut self) -> Option<Offer<T>> {
        self.offers.as_mut()?.relieve_one()
    }
}

impl<T> Channel<T> {
    /// Ends a successful look for an offer: unlocks, and tells the `Send` that its message was taken.
    #[cold]
    pub(crate) fn accept(&self, state: MutexGuard<'_, State<T>>, (waker, message): Offer<T>) -> T {
        drop(state);
        waker.wake();
        message.expect("who waits has its message")
    }

    /// A `Send` comes with its message, and waits for a receiver.
    #[cold]
    pub(crate) fn offer(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        message: T,
        waker: Waker,
        ticket: &mut Option<Ticket>,
    ) {
        *ticket = Some(offers_of(&mut state).enter_with(waker, Some(message)));
        let mut wakes = WakeList::of(state.recvs.notify_one());
        state.streams.notify_all(&mut wakes);
        drop(state);
        wakes.wake();
    }

    /// A `Send` that waits with its message was polled again.
    #[cold]
    pub(crate) fn go_on_to_offer(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        waiting: Ticket,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let offers = offers_of(&mut state);
        if offers.is_notified(&waiting) {
            return Poll::Ready(outcome(offers, waiting));
        }
        let waiting = ticket.insert(waiting);
        if offers.stay(waiting, cx.waker(), &mut None) {
            return waits(Wait::Receiver);
        }
        drop(state);
        let mut spare = Some(cx.waker().clone());
        let mut state = self.lock();
        let waiting = ticket.take().expect("it waited");
        let offers = offers_of(&mut state);
        if offers.is_notified(&waiting) {
            return Poll::Ready(outcome(offers, waiting));
        }
        let stays = offers.stay(ticket.insert(waiting), cx.waker(), &mut spare);
        drop(state);
        debug_assert!(stays, "it has got a clone");
        waits(Wait::Receiver)
    }

    /// A `Send` that waited is given up, and takes its message back if it has not been taken.
    #[cold]
    pub(crate) fn withdraw(&self, mut state: MutexGuard<'_, State<T>>, ticket: Ticket) {
        // Who was notified of this message finds nothing, and waits again.
        let left = offers_of(&mut state).leave_with(ticket);
        drop(state);
        drop(left);
    }
}

/// What has become of a message whose `Send` was notified.
fn outcome<T>(offers: &mut Offers<T>, ticket: Ticket) -> Result<(), SendError<T>> {
    match offers.leave_with(ticket).1 {
        None => Ok(()),
        Some(message) => Err(SendError(message)),
    }
}

/// Only a rendezvous channel comes here.
fn offers_of<T>(state: &mut State<T>) -> &mut Offers<T> {
    state.offers.as_mut().expect("a rendezvous channel")
}
