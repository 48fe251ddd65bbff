//! [`Receiver`]: the side that messages go to.

use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::channel::Channel;
use crate::errors::{RecvError, TryRecvError};
use crate::futures::Recv;
use crate::receiving::Role;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::waiters::Ticket;
use crate::weak::{WeakReceiver, count_one};

pin_project! {
    /// The side of a channel that messages go to.
    ///
    /// Clones receive from the same channel, in any task or thread; each message goes to one of them. When the last
    /// one is dropped the channel is closed.
    ///
    /// It is a [`Stream`] too, which ends when the channel is closed and empty. A message wakes *all* receivers that
    /// wait as streams, but only one that waits in [`recv`](Receiver::recv): where many receivers share a channel,
    /// prefer that.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use std::pin::pin;
    /// use futures_lite::StreamExt;
    ///
    /// let (sender, receiver) = leno_channel::unbounded();
    /// for n in 1..=4 {
    ///     sender.send(n).await?;
    /// }
    /// drop(sender);
    ///
    /// let receiver = pin!(receiver);
    /// assert_eq!(receiver.fold(0, |sum, n| sum + n).await, 10);
    /// # Ok::<_, leno_channel::SendError<i32>>(())
    /// # }).unwrap();
    /// ```
    pub struct Receiver<T> {
        pub(crate) channel: Arc<Channel<T>>,
        // Its place among the streams that wait for a message.
        ticket: Option<Ticket>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T> PinnedDrop for Receiver<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                this.channel.cancel_recv(Role::Stream, ticket);
            }
            if this.channel.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
                this.channel.close();
            }
        }
    }
}

impl<T> Receiver<T> {
    /// Has been counted by the caller.
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Receiver<T> {
        Receiver {
            channel,
            ticket: None,
            _pinned: PhantomPinned,
        }
    }

    /// Receives a message if there is one, without waiting.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none, [`TryRecvError::Closed`] if the channel is closed besides.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_channel::{TryRecvError, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.try_send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// # Ok::<_, leno_channel::TrySendError<i32>>(())
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv()
    }

    /// Receives a message, and waits for one if there is none. Who waits longest is told first of a new one.
    ///
    /// If the future is dropped before it is ready, no message was taken.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::zip;
    ///
    /// let (sender, receiver) = leno_channel::bounded(1);
    /// let (received, sent) = zip(receiver.recv(), sender.send("hello")).await;
    /// assert_eq!(received, Ok("hello"));
    /// assert_eq!(sent, Ok(()));
    /// # });
    /// ```
    #[inline]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv::new(self)
    }

    /// Receives a message, and blocks the thread until there is one.
    ///
    /// Not for tasks: if all threads of an executor are blocked so, there may be nobody left to send.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// let (sender, receiver) = leno_channel::unbounded();
    /// let consumer = thread::spawn(move || receiver.recv_blocking());
    /// sender.send_blocking("hello")?;
    /// assert_eq!(consumer.join().unwrap(), Ok("hello"));
    /// # Ok::<_, leno_channel::SendError<&str>>(())
    /// ```
    #[cfg(not(any(loom, target_family = "wasm")))]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        crate::blocking::wait(self.recv())
    }

    /// Closes the channel: nothing more can be sent, what is in it can still be received. Returns whether this call
    /// did it.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded();
    /// sender.try_send(1)?;
    /// assert!(receiver.close());
    /// assert!(sender.try_send(2).is_err());
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// # Ok::<_, leno_channel::TrySendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// Whether the channel is closed. There may be messages left.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    /// Whether there is no message in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded();
    /// assert!(receiver.is_empty());
    /// sender.try_send(())?;
    /// assert!(!receiver.is_empty());
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
    /// let (sender, receiver) = leno_channel::bounded(1);
    /// assert!(!receiver.is_full());
    /// sender.try_send(())?;
    /// assert!(receiver.is_full());
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
    /// let (sender, receiver) = leno_channel::unbounded();
    /// sender.try_send('a')?;
    /// sender.try_send('b')?;
    /// assert_eq!(receiver.len(), 2);
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
    /// let (_sender, receiver) = leno_channel::bounded::<u8>(5);
    /// assert_eq!(receiver.capacity(), Some(5));
    /// let (_sender, receiver) = leno_channel::unbounded::<u8>();
    /// assert_eq!(receiver.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.channel.capacity()
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_sender, receiver) = leno_channel::unbounded::<u8>();
    /// let _second = receiver.clone();
    /// assert_eq!(receiver.receiver_count(), 2);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.receivers.load(Ordering::SeqCst)
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// let _second = sender.clone();
    /// assert_eq!(receiver.sender_count(), 2);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.senders.load(Ordering::SeqCst)
    }

    /// A receiver that does not keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::unbounded::<u8>();
    /// let _weak = receiver.downgrade();
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver {
            channel: self.channel.clone(),
        }
    }

    /// Whether both receive from the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_sender, receiver) = leno_channel::unbounded::<u8>();
    /// let (_sender, other) = leno_channel::unbounded::<u8>();
    /// assert!(receiver.same_channel(&receiver.clone()));
    /// assert!(!receiver.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        count_one(&self.channel.receivers);
        Receiver::new(self.channel.clone())
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.project();
        let received = this.channel.poll_recv(Role::Stream, this.ticket, cx);
        received.map(Result::ok)
    }
}

impl<T> FusedStream for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.channel.is_closed_and_empty()
    }
}
