#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// Under loom only the models use what is here, and not all of it.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(any(loom, target_family = "wasm")))]
mod blocking;
mod buffer;
mod channel;
mod closing;
mod errors;
mod futures;
mod receiver;
mod receiving;
mod sender;
mod sending;
mod sync;
mod waiters;
mod wake_list;
mod weak;

#[cfg(all(test, loom))]
mod models;

pub use self::{
    errors::{RecvError, SendError, TryRecvError, TrySendError},
    futures::{Closed, Recv, Send},
    receiver::Receiver,
    sender::Sender,
    weak::{WeakReceiver, WeakSender},
};

use self::{channel::Channel, sync::Arc};

/// Makes a channel that holds `cap` messages at most. Who sends more waits until some have been received.
///
/// Memory is taken as messages need it, not for the whole capacity at once.
///
/// # Panics
///
/// If `cap` is zero: there is always room for one message at least.
///
/// # Examples
///
/// ```
/// use leno_channel::{TrySendError, bounded};
///
/// let (sender, receiver) = bounded(1);
/// assert_eq!(sender.try_send("one"), Ok(()));
/// assert_eq!(sender.try_send("two"), Err(TrySendError::Full("two")));
/// assert_eq!(receiver.try_recv(), Ok("one"));
/// ```
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    assert!(cap > 0, "capacity cannot be zero");
    open(Some(cap))
}

/// Makes a channel that holds any number of messages. Sending never waits, so nothing slows down senders that are
/// faster than the receivers.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = leno_channel::unbounded();
/// for n in 0..1000 {
///     assert_eq!(sender.try_send(n), Ok(()));
/// }
/// assert_eq!(receiver.len(), 1000);
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    open(None)
}

fn open<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(capacity));
    let sender = Sender {
        channel: channel.clone(),
    };
    (sender, Receiver::new(channel))
}
