//! TCP connections.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use leno_reactor::Async;

use crate::addr::{AsyncToSocketAddrs, addresses};
use crate::conversions::conversions;
use crate::each_address::first_success;
use crate::handle::{Connection, Handle, read_and_write_by_handle};

/// A TCP connection, to be read with `AsyncRead` and written with `AsyncWrite`.
///
/// A clone is another handle to the same connection: one task can read while another writes, and if several read, each
/// byte goes to one of them. The connection is closed with the last handle. Closing a handle as a writer, or
/// [`shutdown`](TcpStream::shutdown), ends one direction for all of them.
///
/// Reading and writing go straight to the system, without a buffer of their own; several buffers given at once cost one
/// system call. Dropping a pending read or write loses no byte.
///
/// # Examples
///
/// ```
/// use futures_lite::{future, prelude::*};
/// use leno_net::{TcpListener, TcpStream};
///
/// # future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut peer, _) = listener.accept().await?;
///
/// stream.write_all(b"hello").await?;
/// let mut buf = [0; 5];
/// peer.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct TcpStream {
    handle: Handle<std::net::TcpStream>,
}

// Nothing is left half done when a panic goes through a read or a write.
impl UnwindSafe for TcpStream {}
impl RefUnwindSafe for TcpStream {}

impl TcpStream {
    fn new(io: Arc<Async<std::net::TcpStream>>) -> TcpStream {
        TcpStream {
            handle: Handle::new(io),
        }
    }

    fn io(&self) -> &Async<std::net::TcpStream> {
        self.handle.io()
    }

    fn into_arc(self) -> Arc<Async<std::net::TcpStream>> {
        self.handle.into_arc()
    }

    /// Connects to an address.
    ///
    /// # Errors
    ///
    /// If `addr` is several addresses, they are tried in order until one answers. If none does, the error is that of
    /// the last one, with the address in its text. An `addr` without any address gives
    /// [`InvalidInput`](io::ErrorKind::InvalidInput); see [`resolve`](crate::resolve) for the errors of names.
    ///
    /// An address that doesn't answer at all keeps the future waiting until the system gives up, often for minutes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future breaks the attempt off.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    /// use std::io::ErrorKind;
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let addr = listener.local_addr()?;
    /// let stream = TcpStream::connect(addr).await?;
    /// assert_eq!(stream.peer_addr()?, addr);
    ///
    /// drop((listener, stream));
    /// let err = TcpStream::connect(addr).await.unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
    /// assert!(err.to_string().starts_with(&format!("could not connect to {addr}: ")));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect<A: AsyncToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        let addrs = addresses(&addr).await?;
        let io = first_success(addrs, "connect to", Async::<std::net::TcpStream>::connect);
        Ok(io.await?.into())
    }

    /// The address of this end of the connection.
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(stream.local_addr()?.ip().is_loopback());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io().get_ref().local_addr()
    }

    /// The address of the other end of the connection.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) on some systems if the connection has been broken off.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io().get_ref().peer_addr()
    }

    /// Ends one or both directions of the connection, for all handles to it. Pending reads and writes in that
    /// direction return.
    ///
    /// Ending the write direction makes the peer read an end of stream, after everything that was written.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the connection has been broken off.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::prelude::*;
    /// use leno_net::{Shutdown, TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut peer, _) = listener.accept().await?;
    ///
    /// stream.shutdown(Shutdown::Write)?;
    /// assert_eq!(peer.read(&mut [0]).await?, 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io().get_ref().shutdown(how)
    }

    /// Waits for data, and copies it without taking it: the next read gets it again. Returns how many bytes, 0 at the
    /// end of the stream.
    ///
    /// # Errors
    ///
    /// Those of a read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::prelude::*;
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut peer, _) = listener.accept().await?;
    /// stream.write_all(b"x").await?;
    ///
    /// let mut buf = [0; 8];
    /// assert_eq!(peer.peek(&mut buf).await?, 1);
    /// assert_eq!(peer.read(&mut buf).await?, 1);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io().peek(buf).await
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(!stream.nodelay()?);
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io().get_ref().nodelay()
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`), or gathered while the peer hasn't confirmed earlier
    /// ones. Whoever writes whole messages wants it set.
    ///
    /// A server sets it for all its connections with [`ListenOptions::nodelay`](crate::ListenOptions::nodelay).
    ///
    /// # Errors
    ///
    /// Those of the system, on some if the connection has been broken off.
    ///
    /// # Examples
    ///
    /// See [`nodelay`](TcpStream::nodelay).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io().get_ref().set_nodelay(nodelay)
    }

    /// The time to live of packets sent (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_ttl(100)?;
    /// assert_eq!(stream.ttl()?, 100);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.io().get_ref().ttl()
    }

    /// Sets the time to live of packets sent (`IP_TTL`): the number of routers that may pass them on.
    ///
    /// # Errors
    ///
    /// Those of the system, if it doesn't like the number.
    ///
    /// # Examples
    ///
    /// See [`ttl`](TcpStream::ttl).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io().get_ref().set_ttl(ttl)
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl Connection for std::net::TcpStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

conversions!(TcpStream, std::net::TcpStream);
read_and_write_by_handle!(TcpStream);
