//! Servers on Unix domain sockets.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_lite::stream;
use leno_reactor::Async;

use crate::accept::accept;
use crate::backoff::Backoff;
use crate::context::with_context;
use crate::conversions::conversions;
use crate::unix::UnixStream;

/// A Unix domain socket that waits for connections.
///
/// A clone is another handle to the same socket, which is closed with the last of them. Several tasks can accept from
/// one listener; each connection goes to one of them. Closing it leaves its file behind.
///
/// # Examples
///
/// ```
/// use leno_net::unix::{UnixListener, UnixStream};
///
/// # futures_lite::future::block_on(async {
/// let path = std::env::temp_dir().join(format!("leno-doc-listener-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (server, _) = listener.accept().await?;
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UnixListener {
    io: Arc<Async<std::os::unix::net::UnixListener>>,
    backoff: Arc<Backoff>,
}

impl UnixListener {
    fn new(io: Arc<Async<std::os::unix::net::UnixListener>>) -> UnixListener {
        UnixListener {
            io,
            backoff: Arc::default(),
        }
    }

    fn io(&self) -> &Async<std::os::unix::net::UnixListener> {
        &self.io
    }

    fn into_arc(self) -> Arc<Async<std::os::unix::net::UnixListener>> {
        self.io
    }

    /// Makes a socket file at `path` and listens on it.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if there is a file already, also one that an earlier listener left
    /// behind; the path is in the error's text.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixListener;
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-bind-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let err = UnixListener::bind(&path).unwrap_err();
    /// assert_eq!(err.kind(), std::io::ErrorKind::AddrInUse);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        let path = path.as_ref();
        match Async::<std::os::unix::net::UnixListener>::bind(path) {
            Ok(io) => Ok(io.into()),
            Err(err) => Err(with_context(err, format!("could not listen on {path:?}"))),
        }
    }

    /// Waits for a connection, and returns it with the address of the peer, which mostly has no name.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::accept`](crate::TcpListener::accept): when there is no descriptor or memory for another
    /// connection, the error is returned, and the next call on this listener or a clone of it first waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::{UnixListener, UnixStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-accept-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let client = UnixStream::connect(&path).await?;
    /// let (_, addr) = listener.accept().await?;
    /// assert!(addr.is_unnamed());
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, addr) = accept(&self.backoff, || self.io.accept()).await?;
        Ok((stream.into(), addr))
    }

    /// The connections as a stream that never ends. Each item is what [`accept`](UnixListener::accept) returns,
    /// without the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::prelude::*;
    /// use leno_net::unix::{UnixListener, UnixStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-incoming-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let client = UnixStream::connect(&path).await?;
    /// let stream = listener.incoming().next().await.expect("the stream never ends")?;
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming {
            connections: Box::pin(stream::unfold(self, async |listener| {
                let accepted = listener.accept().await;
                Some((accepted.map(|(stream, _)| stream), listener))
            })),
        }
    }

    /// The address on which this socket listens.
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::unix::UnixListener;
    ///
    /// # futures_lite::future::block_on(async {
    /// let path = std::env::temp_dir().join(format!("leno-doc-local-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }
}

conversions!(UnixListener, std::os::unix::net::UnixListener);

/// A stream of connections that never ends, made by [`UnixListener::incoming`].
pub struct Incoming<'a> {
    connections: Pin<Box<dyn Stream<Item = io::Result<UnixStream>> + Send + Sync + 'a>>,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}
