//! Messages over Unix domain sockets.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use leno_reactor::Async;

use crate::context::with_context;
use crate::conversions::conversions;

/// A Unix domain socket for messages: each arrives whole, once and in order.
///
/// A clone is another handle to the same socket, which is closed with the last of them. All methods take `&self`, so
/// several tasks can send and receive at a time; each message goes to one of them.
///
/// Dropping a pending send or receive loses no message. A message longer than the buffer it is received into is cut
/// off.
///
/// # Examples
///
/// ```
/// use leno_net::unix::UnixDatagram;
///
/// # futures_lite::future::block_on(async {
/// let (a, b) = UnixDatagram::pair()?;
/// a.send(b"hello").await?;
/// let mut buf = [0; 16];
/// let n = b.recv(&mut buf).await?;
/// assert_eq!(&buf[..n], b"hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UnixDatagram {
    io: Arc<Async<std::os::unix::net::UnixDatagram>>,
}

impl UnixDatagram {
    fn new(io: Arc<Async<std::os::unix::net::UnixDatagram>>) -> UnixDatagram {
        UnixDatagram { io }
    }

    fn io(&self) -> &Async<std::os::unix::net::UnixDatagram> {
        &self.io
    }

    fn into_arc(self) -> Arc<Async<std::os::unix::net::UnixDatagram>> {
        self.io
    }

    /// Makes a socket file at `path`, to which others can send.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if there is a file already; the path is in the error's text.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixDatagram;
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-datagram-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.send_to(b"hello", &path).await?;
    /// let (n, from) = receiver.recv_from(&mut [0; 16]).await?;
    /// assert!(n == 5 && from.is_unnamed());
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        let path = path.as_ref();
        match Async::<std::os::unix::net::UnixDatagram>::bind(path) {
            Ok(io) => Ok(io.into()),
            Err(err) => Err(with_context(err, format!("could not bind to {path:?}"))),
        }
    }

    /// Makes a socket without an address. It can send, but nobody can answer.
    ///
    /// # Errors
    ///
    /// Those of the system, if there is no descriptor left.
    ///
    /// # Examples
    ///
    /// See [`bind`](UnixDatagram::bind).
    pub fn unbound() -> io::Result<UnixDatagram> {
        Ok(Async::<std::os::unix::net::UnixDatagram>::unbound()?.into())
    }

    /// Makes two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// Those of the system, if there is no descriptor left.
    ///
    /// # Examples
    ///
    /// See [`UnixDatagram`].
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = Async::<std::os::unix::net::UnixDatagram>::pair()?;
        Ok((a.into(), b.into()))
    }

    /// Makes [`send`](UnixDatagram::send) go to `path`, and [`recv`](UnixDatagram::recv) take messages from there only.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if there is no such file,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if its socket is closed; the path is in the error's text.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixDatagram;
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-connect-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// sender.send(b"hello").await?;
    /// assert_eq!(receiver.recv(&mut [0; 16]).await?, 5);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        let path = path.as_ref();
        let connected = self.io.get_ref().connect(path);
        connected.map_err(|err| with_context(err, format!("could not connect to {path:?}")))
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
    /// use leno_net::unix::UnixDatagram;
    ///
    /// # futures_lite::future::block_on(async {
    /// assert!(UnixDatagram::unbound()?.local_addr()?.is_unnamed());
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
    /// ```
    /// use leno_net::unix::UnixDatagram;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, b) = UnixDatagram::pair()?;
    /// assert!(a.peer_addr()?.is_unnamed());
    /// assert!(UnixDatagram::unbound()?.peer_addr().is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Waits for a message; returns its length and who sent it.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`bind`](UnixDatagram::bind).
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.recv_from(buf).await
    }

    /// Sends a message to the socket at `path`; returns its length. Waits while that socket's queue is full.
    ///
    /// # Errors
    ///
    /// As [`connect`](UnixDatagram::connect), and an error if the message is too long for the system.
    ///
    /// # Examples
    ///
    /// See [`bind`](UnixDatagram::bind).
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.io.send_to(buf, path.as_ref()).await
    }

    /// Waits for a message; returns its length. If the socket is connected, only messages of its peer are taken.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`connect`](UnixDatagram::connect).
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.recv(buf).await
    }

    /// Sends a message to the socket this one is connected to; returns its length. Waits while that socket's queue is
    /// full.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it isn't connected, and an error if the message is too long for
    /// the system or the peer is closed.
    ///
    /// # Examples
    ///
    /// See [`connect`](UnixDatagram::connect).
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.send(buf).await
    }

    /// Ends sending, receiving or both, for all handles to the socket. Pending calls return.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the socket isn't connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{Shutdown, unix::UnixDatagram};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, b) = UnixDatagram::pair()?;
    /// a.shutdown(Shutdown::Both)?;
    /// assert!(a.send(b"hello").await.is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }
}

conversions!(UnixDatagram, std::os::unix::net::UnixDatagram);
