//! A listener's connections as a stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Async;
use crate::readiness::Direction;
use crate::waiters::{Listener, Waiter};

/// Accepts for ever. Borrows the listener; dropping it leaves what was not accepted in the backlog.
pub(super) struct Incoming<'a, L, S> {
    listener: &'a Async<L>,
    accept: fn(&L) -> io::Result<S>,
    wait: Listener,
}

impl<'a, L, S> Incoming<'a, L, S> {
    pub(super) fn new(
        listener: &'a Async<L>,
        accept: fn(&L) -> io::Result<S>,
    ) -> Incoming<'a, L, S> {
        Incoming {
            listener,
            accept,
            wait: Listener::default(),
        }
    }
}

impl<L, S> Stream for Incoming<'_, L, S> {
    type Item = io::Result<S>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<S>>> {
        let Incoming {
            listener,
            accept,
            wait,
        } = &mut *self;
        let waiter = Waiter::Listener(wait);
        listener
            .source
            .poll_op(
                Direction::Read,
                cx,
                waiter,
                || accept(listener.get_ref()),
                |_| true,
            )
            .map(Some)
    }
}
