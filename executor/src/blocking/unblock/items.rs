//! A bounded buffer of items between one sender and one receiver.
//!
//! Not `async-channel`: that one wakes under a lock of its own, and a job that is woken may run right there when there
//! is no thread for it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

struct Shared<I> {
    state: Mutex<State<I>>,
    capacity: usize,
}

struct State<I> {
    items: VecDeque<I>,
    /// One of the two ends was dropped.
    closed: bool,
    /// Waits for room.
    sender: Option<Waker>,
    /// Waits for an item.
    receiver: Option<Waker>,
}

impl<I> Shared<I> {
    fn lock(&self) -> MutexGuard<'_, State<I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that puts items in. Dropping it ends the stream after the items that are in.
pub(super) struct Sender<I>(Arc<Shared<I>>);

/// The end that takes items out. Dropping it drops the items that are in, and makes sending fail.
pub(super) struct Receiver<I>(Arc<Shared<I>>);

/// A buffer for `capacity` items. Memory is taken as they come.
pub(super) fn bounded<I>(capacity: usize) -> (Sender<I>, Receiver<I>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::new(),
            closed: false,
            sender: None,
            receiver: None,
        }),
        capacity,
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<I> Sender<I> {
    /// Waits for room and puts `item` in; gives it back if nobody will take it.
    pub(super) async fn send(&mut self, item: I) -> Result<(), I> {
        let mut item = Some(item);
        poll_fn(|cx| self.poll_send(cx, &mut item)).await;
        item.map_or(Ok(()), Err)
    }

    /// Takes the item out of `item` if it can be sent, and leaves it there if it never can.
    fn poll_send(&self, cx: &mut Context<'_>, item: &mut Option<I>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.closed {
            return Poll::Ready(());
        }
        if state.items.len() >= self.0.capacity {
            let former = state.sender.replace(cx.waker().clone());
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        state.items.extend(item.take());
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Poll::Ready(())
    }
}

impl<I> Receiver<I> {
    /// Takes the next item, waiting for it; `None` after the last one.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<I>> {
        let mut state = self.0.lock();
        let Some(item) = state.items.pop_front() else {
            if state.closed {
                return Poll::Ready(None);
            }
            let former = state.receiver.replace(cx.waker().clone());
            drop(state);
            drop(former);
            return Poll::Pending;
        };
        // A sender that waits is woken when half of the buffer is free, so that one wake is good for many items.
        let sender = if state.items.len() <= self.0.capacity / 2 {
            state.sender.take()
        } else {
            None
        };
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        Poll::Ready(Some(item))
    }
}

impl<I> Drop for Sender<I> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

impl<I> Drop for Receiver<I> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let sender = state.sender.take();
        let unwanted = mem::take(&mut state.items);
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        drop(unwanted);
    }
}
