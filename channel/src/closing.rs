//! What closing a [`Channel`] does, and waiting for that.

use std::task::{Context, Poll};

use leno_waits::Wait;

use crate::channel::{Channel, waits};
use crate::waiters::Ticket;
use crate::wake_list::WakeList;

impl<T> Channel<T> {
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
        if let Some(offers) = &mut state.offers {
            offers.notify_all(&mut wakes);
        }
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

    /// Waits until the channel is closed.
    pub(crate) fn poll_closed(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        // Under the lock none can be made. One that is not needed does not matter, for this is not polled often.
        let mut spare = Some(cx.waker().clone());
        let mut state = self.lock();
        if state.is_closed {
            let left = ticket.take().and_then(|ticket| state.closeds.leave(ticket));
            drop(state);
            drop(left);
            return Poll::Ready(());
        }
        match ticket {
            Some(waiting) => {
                let stays = state.closeds.stay(waiting, cx.waker(), &mut spare);
                debug_assert!(stays, "it has got a clone");
            }
            None => *ticket = spare.take().map(|waker| state.closeds.enter(waker)),
        }
        drop(state);
        waits(Wait::Close)
    }

    /// A `Closed` that waited is given up.
    pub(crate) fn cancel_closed(&self, ticket: Ticket) {
        let left = self.lock().closeds.leave(ticket);
        drop(left);
    }
}
