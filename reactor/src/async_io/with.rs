//! Any operation at all, tried again and again while it says `WouldBlock`.

use std::io;

use super::Async;
use crate::readiness::Direction;
use crate::waiters::{Listener, Waiter};

impl<T> Async<T> {
    /// Tries `op` until it says something else than [`WouldBlock`](io::ErrorKind::WouldBlock), waiting for readability
    /// in between. An interrupted operation is tried again at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: `op` runs while it is polled, never in between, and its result is returned by
    /// that very poll.
    ///
    /// # Errors
    ///
    /// Whatever `op` returns but `WouldBlock` and `Interrupted`, or that the handle can't be registered.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// socket.get_ref().send_to(b"hello", socket.get_ref().local_addr()?)?;
    /// let mut buffer = [0; 64];
    /// let length = block_on(socket.read_with(|socket| socket.recv(&mut buffer)))?;
    /// assert_eq!(&buffer[..length], b"hello");
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Read, op).await
    }

    /// Like [`read_with`](Async::read_with), with a mutable reference.
    ///
    /// # Safety
    ///
    /// `op` must not close the handle nor replace it by another.
    ///
    /// # Errors
    ///
    /// As [`read_with`](Async::read_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let mut socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// socket.get_ref().send_to(b"hello", socket.get_ref().local_addr()?)?;
    /// let mut buffer = [0; 64];
    /// // SAFETY: the socket stays the one it is.
    /// let length = block_on(unsafe { socket.read_with_mut(|socket| socket.recv(&mut buffer)) })?;
    /// assert_eq!(length, 5);
    /// # std::io::Result::Ok(())
    /// ```
    pub async unsafe fn read_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.with_mut(Direction::Read, op).await
    }

    /// Tries `op` until it says something else than [`WouldBlock`](io::ErrorKind::WouldBlock), waiting for writability
    /// in between. See [`read_with`](Async::read_with), also for cancelling.
    ///
    /// # Errors
    ///
    /// Whatever `op` returns but `WouldBlock` and `Interrupted`, or that the handle can't be registered.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// let address = socket.get_ref().local_addr()?;
    /// block_on(socket.write_with(|socket| socket.send_to(b"hello", address)))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Write, op).await
    }

    /// Like [`write_with`](Async::write_with), with a mutable reference.
    ///
    /// # Safety
    ///
    /// `op` must not close the handle nor replace it by another.
    ///
    /// # Errors
    ///
    /// As [`write_with`](Async::write_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let mut socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// let address = socket.get_ref().local_addr()?;
    /// // SAFETY: the socket stays the one it is.
    /// block_on(unsafe { socket.write_with_mut(|socket| socket.send_to(b"hello", address)) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub async unsafe fn write_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.with_mut(Direction::Write, op).await
    }

    async fn with<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut listener = Listener::default();
        std::future::poll_fn(|cx| {
            let waiter = Waiter::Listener(&mut listener);
            self.source
                .poll_op(direction, cx, waiter, || op(self.get_ref()), |_| true)
        })
        .await
    }

    /// Waits for a connection in progress. It is not asked about before the first event: it has just been started.
    pub(super) async fn connected(&self, outcome: impl Fn(&T) -> io::Result<()>) -> io::Result<()> {
        let mut started = false;
        self.write_with(|io| {
            if std::mem::replace(&mut started, true) {
                outcome(io)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            }
        })
        .await
    }

    async fn with_mut<R>(
        &mut self,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut listener = Listener::default();
        let (source, io) = (
            &self.source,
            self.io
                .as_mut()
                .expect("the handle is there until `into_inner`"),
        );
        std::future::poll_fn(|cx| {
            source.poll_op(
                direction,
                cx,
                Waiter::Listener(&mut listener),
                || op(io),
                |_| true,
            )
        })
        .await
    }
}
