//! UDP sockets.

mod options;

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use leno_reactor::Async;

use crate::addr::{AsyncToSocketAddrs, addresses};
use crate::context::with_context;
use crate::conversions::conversions;
use crate::each_address::{first_success, no_addresses};

/// A UDP socket: it sends and receives messages that may get lost, arrive twice or in another order.
///
/// A clone is another handle to the same socket, which is closed with the last of them. All methods take `&self`, so
/// several tasks can send and receive at a time; each message goes to one of them.
///
/// Dropping a pending send or receive loses no message. A message longer than the buffer it is received into is cut
/// off, or is an error on Windows.
///
/// # Examples
///
/// ```
/// use leno_net::UdpSocket;
///
/// # futures_lite::future::block_on(async {
/// let receiver = UdpSocket::bind("127.0.0.1:0").await?;
/// let sender = UdpSocket::bind("127.0.0.1:0").await?;
/// sender.send_to(b"hello", receiver.local_addr()?).await?;
///
/// let mut buf = [0; 16];
/// let (n, from) = receiver.recv_from(&mut buf).await?;
/// assert_eq!((&buf[..n], from), (&b"hello"[..], sender.local_addr()?));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UdpSocket {
    io: Arc<Async<std::net::UdpSocket>>,
}

impl UdpSocket {
    fn new(io: Arc<Async<std::net::UdpSocket>>) -> UdpSocket {
        UdpSocket { io }
    }

    fn io(&self) -> &Async<std::net::UdpSocket> {
        &self.io
    }

    fn into_arc(self) -> Arc<Async<std::net::UdpSocket>> {
        self.io
    }

    /// Makes a socket with an address.
    ///
    /// With port 0 the system chooses a free port; [`local_addr`](UdpSocket::local_addr) says which.
    ///
    /// # Errors
    ///
    /// If `addr` is several addresses, the first one that is free is used. If none is, the error is that of the last
    /// one, with the address in its text. An `addr` without any address gives
    /// [`InvalidInput`](io::ErrorKind::InvalidInput); see [`resolve`](crate::resolve) for the errors of names.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let err = UdpSocket::bind(socket.local_addr()?).await.unwrap_err();
    /// assert_eq!(err.kind(), std::io::ErrorKind::AddrInUse);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn bind<A: AsyncToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        let addrs = addresses(&addr).await?;
        let io = first_success(addrs, "bind to", |addr| {
            ready(Async::<std::net::UdpSocket>::bind(addr))
        });
        Ok(io.await?.into())
    }

    /// The address of this socket.
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The address this socket is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if there is none.
    ///
    /// # Examples
    ///
    /// See [`connect`](UdpSocket::connect).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Makes [`send`](UdpSocket::send) go to an address, and [`recv`](UdpSocket::recv) take messages from there only.
    /// Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If `addr` is several addresses, the first one that the system accepts is used; otherwise as
    /// [`bind`](UdpSocket::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let a = UdpSocket::bind("127.0.0.1:0").await?;
    /// let b = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(a.peer_addr().is_err());
    /// a.connect(b.local_addr()?).await?;
    /// assert_eq!(a.peer_addr()?, b.local_addr()?);
    ///
    /// a.send(b"hello").await?;
    /// assert_eq!(b.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect<A: AsyncToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        let addrs = addresses(&addr).await?;
        first_success(addrs, "connect to", |addr| {
            ready(self.io.get_ref().connect(addr))
        })
        .await
    }

    /// Waits for a message; returns its length and who sent it.
    ///
    /// # Errors
    ///
    /// Those of the system. On some systems an earlier message that couldn't be delivered shows here.
    ///
    /// # Examples
    ///
    /// See [`UdpSocket`].
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.recv_from(buf).await
    }

    /// Waits for a message, and copies it without taking it: the next receive gets it again.
    ///
    /// # Errors
    ///
    /// Those of [`recv_from`](UdpSocket::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hello", socket.local_addr()?).await?;
    /// assert_eq!(socket.peek_from(&mut [0; 16]).await?, (5, socket.local_addr()?));
    /// assert_eq!(socket.recv_from(&mut [0; 16]).await?, (5, socket.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.peek_from(buf).await
    }

    /// Sends a message to an address, the first one if `addr` is several; returns its length.
    ///
    /// # Errors
    ///
    /// An error with the address in its text if the system refuses, for example because the message is too long;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if `addr` has no address; see [`resolve`](crate::resolve) for the
    /// errors of names.
    ///
    /// # Examples
    ///
    /// See [`UdpSocket`].
    pub async fn send_to<A: AsyncToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let addr = addresses(&addr).await?.next().ok_or_else(no_addresses)?;
        let sent = self.io.send_to(buf, addr).await;
        sent.map_err(|err| with_context(err, format!("could not send to {addr}")))
    }

    /// Waits for a message; returns its length. If the socket is connected, only messages of its peer are taken.
    ///
    /// # Errors
    ///
    /// Those of the system, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if the peer of a connected
    /// socket said that nobody is there.
    ///
    /// # Examples
    ///
    /// See [`connect`](UdpSocket::connect).
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.recv(buf).await
    }

    /// Waits for a message, and copies it without taking it; returns its length.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](UdpSocket::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.connect(socket.local_addr()?).await?;
    /// socket.send(b"hello").await?;
    /// assert_eq!(socket.peek(&mut [0; 16]).await?, 5);
    /// assert_eq!(socket.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.peek(buf).await
    }

    /// Sends a message to the address this socket is connected to; returns its length.
    ///
    /// # Errors
    ///
    /// An error if the socket isn't connected, or the message is too long for the system.
    ///
    /// # Examples
    ///
    /// See [`connect`](UdpSocket::connect).
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.send(buf).await
    }
}

conversions!(UdpSocket, std::net::UdpSocket);
