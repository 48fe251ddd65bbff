//! The futures [`Send`], [`Recv`] and [`Closed`].

use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::errors::{RecvError, SendError};
use crate::receiver::Receiver;
use crate::receiving::Role;
use crate::sender::Sender;
use crate::waiters::Ticket;

pin_project! {
    /// What [`Sender::send`] returns.
    ///
    /// If it is dropped before it is ready the message was not sent, and is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::poll_once;
    /// use leno_channel::bounded;
    ///
    /// let (sender, receiver) = bounded(1);
    /// sender.send(1).await?;
    /// // There is no room, and this one does not wait long enough.
    /// assert!(poll_once(sender.send(2)).await.is_none());
    /// assert_eq!(receiver.recv().await, Ok(1));
    /// assert!(receiver.is_empty());
    /// # Ok::<_, leno_channel::SendError<i32>>(())
    /// # }).unwrap();
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Send<'a, T> {
        sender: &'a Sender<T>,
        // `None` once it is sent or refused.
        message: Option<T>,
        // Its place among those who wait for room.
        ticket: Option<Ticket>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T> PinnedDrop for Send<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                this.sender.channel.cancel_send(ticket);
            }
        }
    }
}

impl<'a, T> Send<'a, T> {
    #[inline]
    pub(crate) fn new(sender: &'a Sender<T>, message: T) -> Send<'a, T> {
        Send {
            sender,
            message: Some(message),
            ticket: None,
            _pinned: PhantomPinned,
        }
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.sender.channel.poll_send(this.message, this.ticket, cx)
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").finish_non_exhaustive()
    }
}

pin_project! {
    /// What [`Receiver::recv`] returns.
    ///
    /// If it is dropped before it is ready no message was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::poll_once;
    /// use leno_channel::unbounded;
    ///
    /// let (sender, receiver) = unbounded();
    /// assert!(poll_once(receiver.recv()).await.is_none());
    /// sender.send("late").await?;
    /// assert_eq!(receiver.recv().await, Ok("late"));
    /// # Ok::<_, leno_channel::SendError<&str>>(())
    /// # }).unwrap();
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Recv<'a, T> {
        receiver: &'a Receiver<T>,
        // Its place among those who wait for a message.
        ticket: Option<Ticket>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T> PinnedDrop for Recv<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                this.receiver.channel.cancel_recv(Role::Recv, ticket);
            }
        }
    }
}

impl<'a, T> Recv<'a, T> {
    #[inline]
    pub(crate) fn new(receiver: &'a Receiver<T>) -> Recv<'a, T> {
        Recv {
            receiver,
            ticket: None,
            _pinned: PhantomPinned,
        }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.receiver.channel.poll_recv(Role::Recv, this.ticket, cx)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}

pin_project! {
    /// What [`Sender::closed`] returns.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::poll_once;
    /// use leno_channel::unbounded;
    ///
    /// let (sender, receiver) = unbounded::<u8>();
    /// assert!(poll_once(sender.closed()).await.is_none());
    /// receiver.close();
    /// sender.closed().await;
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Closed<'a, T> {
        sender: &'a Sender<T>,
        // Its place among those who wait for the end.
        ticket: Option<Ticket>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T> PinnedDrop for Closed<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                this.sender.channel.cancel_closed(ticket);
            }
        }
    }
}

impl<'a, T> Closed<'a, T> {
    pub(crate) fn new(sender: &'a Sender<T>) -> Closed<'a, T> {
        Closed {
            sender,
            ticket: None,
            _pinned: PhantomPinned,
        }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.sender.channel.poll_closed(this.ticket, cx)
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
