//! [`Sender`]: the side that messages come from.

use std::fmt;

use crate::channel::Channel;
use crate::errors::{SendError, TrySendError};
use crate::futures::{Closed, Send};
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::weak::{WeakSender, count_one};

/// The side of a channel that messages come from.
///
/// Clones send into the same channel, from any task or thread. When the last one is dropped the channel is closed,
/// and receivers get what is left.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// use leno_channel::{RecvError, bounded};
///
/// let (sender, receiver) = bounded(2);
/// let second = sender.clone();
/// sender.send("from the first").await?;
/// second.send("from the second").await?;
/// drop((sender, second));
///
/// assert_eq!(receiver.recv().await, Ok("from the first"));
/// assert_eq!(receiver.recv().await, Ok("from the second"));
/// assert_eq!(receiver.recv().await, Err(RecvError));
/// # Ok::<_, leno_channel::SendError<&str>>(())
/// # }).unwrap();
/// ```
pub struct Sender<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Sends a message if there is room, without waiting.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is no room, [`TrySendError::Closed`] if the channel is closed; both with the
    /// message.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_channel::{TrySendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(sender.try_send(3), Ok(()));
    /// ```
    #[inline]
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(msg)
    }

    /// Sends a message, and waits for room if there is none. Who waits longest is told first that there is room
    /// again.
    ///
    /// If the future is dropped before it is ready, the message was not sent and is dropped too.
    ///
    /// # Errors
    ///
    /// The message, if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use leno_channel::{SendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.send("one").await, Ok(()));
    /// drop(receiver);
    /// assert_eq!(sender.send("two").await, Err(SendError("two")));
    /// # });
    /// ```
    #[inline]
    pub fn send(&self, msg: T) -> Send<'_, T> {
        Send::new(self, msg)
    }

    /// Waits until the channel is closed: until nobody will receive what is sent from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::{or, pending};
    ///
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// drop(receiver);
    /// // Work that is for the receivers alone can be given up with them.
    /// let given_up = async { sender.closed().await };
    /// or(pending(), given_up).await;
    /// # });
    /// ```
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(self)
    }

    /// Sends a message, and blocks the thread until there is room.
    ///
    /// Not for tasks: if all threads of an executor are blocked so, there may be nobody left to receive.
    ///
    /// # Errors
    ///
    /// The message, if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// let (sender, receiver) = leno_channel::bounded(1);
    /// let producer = thread::spawn(move || (0..3).try_for_each(|n| sender.send_blocking(n)));
    /// for n in 0..3 {
    ///     assert_eq!(receiver.recv_blocking(), Ok(n));
    /// }
    /// assert_eq!(producer.join().unwrap(), Ok(()));
    /// ```
    #[cfg(not(any(loom, target_family = "wasm")))]
    pub fn send_blocking(&self, msg: T) -> Result<(), SendError<T>> {
        crate::blocking::wait(self.send(msg))
    }

    /// Sends a message without waiting: if there is no room, the oldest message is taken out for it and returned.
    ///
    /// # Errors
    ///
    /// The message, if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// // Only the latest reading is of interest.
    /// let (sender, receiver) = leno_channel::bounded(1);
    /// assert_eq!(sender.force_send(20.5), Ok(None));
    /// assert_eq!(sender.force_send(20.7), Ok(Some(20.5)));
    /// assert_eq!(receiver.try_recv(), Ok(20.7));
    /// ```
    pub fn force_send(&self, msg: T) -> Result<Option<T>, SendError<T>> {
        self.channel.force_send(msg)
    }

    /// Closes the channel: nothing more can be sent, what is in it can still be received. Returns whether this call
    /// did it.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded();
    /// sender.try_send(1)?;
    /// assert!(sender.close());
    /// assert!(!sender.close(), "it was closed before");
    /// assert_eq!(receiver.recv_blocking(), Ok(1));
    /// assert!(receiver.recv_blocking().is_err());
    /// # Ok::<_, leno_channel::TrySendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// Whether the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    /// Whether there is no message in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::unbounded();
    /// assert!(sender.is_empty());
    /// sender.try_send(())?;
    /// assert!(!sender.is_empty());
    /// # Ok::<_, leno_channel::TrySendError<()>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room. An unbounded channel always has room.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::bounded(1);
    /// assert!(!sender.is_full());
    /// sender.try_send(())?;
    /// assert!(sender.is_full());
    /// # Ok::<_, leno_channel::TrySendError<()>>(())
    /// ```
    pub fn is_full(&self) -> bool {
        self.channel.is_full()
    }

    /// How many messages are in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::unbounded();
    /// sender.try_send('a')?;
    /// sender.try_send('b')?;
    /// assert_eq!(sender.len(), 2);
    /// # Ok::<_, leno_channel::TrySendError<char>>(())
    /// ```
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// How many messages the channel can hold; `None` if it is unbounded.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::bounded::<u8>(5);
    /// assert_eq!(sender.capacity(), Some(5));
    /// let (sender, _receiver) = leno_channel::unbounded::<u8>();
    /// assert_eq!(sender.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.channel.capacity()
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// let _second = receiver.clone();
    /// assert_eq!(sender.receiver_count(), 2);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.receivers.load(Ordering::SeqCst)
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::unbounded::<u8>();
    /// let _second = sender.clone();
    /// assert_eq!(sender.sender_count(), 2);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.senders.load(Ordering::SeqCst)
    }

    /// A sender that does not keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// let _weak = sender.downgrade();
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            channel: self.channel.clone(),
        }
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = leno_channel::unbounded::<u8>();
    /// let (other, _receiver) = leno_channel::unbounded::<u8>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.channel.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.channel.close();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        count_one(&self.channel.senders);
        Sender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}
