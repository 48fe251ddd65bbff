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
mod meeting;
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
/// If `cap` is zero: there is always room for one message at least. For a channel that holds none there is
/// [`rendezvous`].
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

/// Makes a channel that holds no messages: each goes from a sender's hands into a receiver's, and who comes first waits
/// for the other. When [`send`](Sender::send) has returned, a receiver has taken the message.
///
/// What is different from a [`bounded`] channel:
///
/// - A [`Send`] that is dropped before it is ready takes its message back, unless a receiver has taken it just before;
///   the receiver keeps it then.
/// - [`try_send`](Sender::try_send) hands the message over if a receiver waits, in [`recv`](Receiver::recv) or as a
///   stream, and fails otherwise. A receiver that gives up before it comes to take the message leaves it to the next one;
///   until then it is in the channel, and [`len`](Sender::len) counts it.
/// - [`force_send`](Sender::force_send) hands the message over if a receiver waits. Otherwise it displaces one that has been
///   handed over and is still in the channel, and if there is none it returns `Ok(Some(msg))`: the message for which there
///   is no room is `msg` itself.
/// - Closing gives the messages of all who wait back to them.
/// - [`capacity`](Sender::capacity) is `Some(0)`, and [`is_full`](Sender::is_full) always true.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::future::{poll_once, zip};
/// use leno_channel::{TrySendError, rendezvous};
///
/// let (sender, receiver) = rendezvous();
/// assert_eq!(sender.try_send("too early"), Err(TrySendError::Full("too early")));
/// assert_eq!(poll_once(sender.send("nobody comes")).await, None);
///
/// let (sent, received) = zip(sender.send("hello"), receiver.recv()).await;
/// assert_eq!(sent, Ok(()));
/// assert_eq!(received, Ok("hello"));
/// # });
/// ```
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    open(Some(0))
}

fn open<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(capacity));
    let sender = Sender {
        channel: channel.clone(),
    };
    (sender, Receiver::new(channel))
}
