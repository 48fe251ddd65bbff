//! Connections over Unix domain sockets.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;

use leno_reactor::Async;

use crate::context::with_context;
use crate::conversions::conversions;
use crate::handle::{Connection, Handle, read_and_write_by_handle};

/// A connection over a Unix domain socket, to be read with `AsyncRead` and written with `AsyncWrite`.
///
/// Handles, closing, several buffers at once and cancelling are as with [`TcpStream`](crate::TcpStream).
///
/// # Examples
///
/// ```
/// use futures_lite::prelude::*;
/// use leno_net::unix::UnixStream;
///
/// # futures_lite::future::block_on(async {
/// let (mut a, mut b) = UnixStream::pair()?;
/// a.write_all(b"hello").await?;
/// let mut buf = [0; 5];
/// b.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct UnixStream {
    handle: Handle<std::os::unix::net::UnixStream>,
}

// Nothing is left half done when a panic goes through a read or a write.
impl UnwindSafe for UnixStream {}
impl RefUnwindSafe for UnixStream {}

impl UnixStream {
    fn new(io: Arc<Async<std::os::unix::net::UnixStream>>) -> UnixStream {
        UnixStream {
            handle: Handle::new(io),
        }
    }

    fn io(&self) -> &Async<std::os::unix::net::UnixStream> {
        self.handle.io()
    }

    fn into_arc(self) -> Arc<Async<std::os::unix::net::UnixStream>> {
        self.handle.into_arc()
    }

    /// Connects to the listener whose socket file is at `path`.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if there is no such file,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if nobody listens on it; the path is in the error's
    /// text. [`WouldBlock`](io::ErrorKind::WouldBlock) on Linux if the listener's backlog is full.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixStream;
    ///
    /// # futures_lite::future::block_on(async {
    /// let err = UnixStream::connect("/no/such/socket").await.unwrap_err();
    /// assert_eq!(err.kind(), std::io::ErrorKind::NotFound);
    /// assert!(err.to_string().starts_with("could not connect to \"/no/such/socket\": "));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        let path = path.as_ref();
        match Async::<std::os::unix::net::UnixStream>::connect(path).await {
            Ok(io) => Ok(io.into()),
            Err(err) => Err(with_context(err, format!("could not connect to {path:?}"))),
        }
    }

    /// Makes two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// Those of the system, if there is no descriptor left.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixStream;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, b) = UnixStream::pair()?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = Async::<std::os::unix::net::UnixStream>::pair()?;
        Ok((a.into(), b.into()))
    }

    /// The address of this end of the connection, which mostly has no name.
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixStream;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, b) = UnixStream::pair()?;
    /// assert!(a.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io().get_ref().local_addr()
    }

    /// The address of the other end of the connection.
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixStream;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, b) = UnixStream::pair()?;
    /// assert!(a.peer_addr()?.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io().get_ref().peer_addr()
    }

    /// Ends one or both directions of the connection, for all handles to it. Pending reads and writes in that
    /// direction return.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the connection has been broken off.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::prelude::*;
    /// use leno_net::{Shutdown, unix::UnixStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (a, mut b) = UnixStream::pair()?;
    /// a.shutdown(Shutdown::Write)?;
    /// assert_eq!(b.read(&mut [0]).await?, 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io().get_ref().shutdown(how)
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl Connection for std::os::unix::net::UnixStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

conversions!(UnixStream, std::os::unix::net::UnixStream);
read_and_write_by_handle!(UnixStream);
