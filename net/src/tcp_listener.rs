//! TCP servers.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_lite::stream;
use leno_reactor::Async;

use crate::accept::accept;
use crate::addr::{AsyncToSocketAddrs, addresses};
use crate::backoff::Backoff;
use crate::conversions::conversions;
use crate::each_address::first_success;
use crate::listen_options::ListenOptions;
use crate::sys;
use crate::tcp_stream::TcpStream;

/// A TCP socket that waits for connections.
///
/// A clone is another handle to the same socket, which is closed with the last of them. Several tasks can accept from
/// one listener; each connection goes to one of them.
///
/// # Examples
///
/// ```
/// use futures_lite::{future, prelude::*};
/// use leno_net::{TcpListener, TcpStream};
///
/// # future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let addr = listener.local_addr()?;
///
/// let (accepted, client) = future::try_zip(listener.accept(), TcpStream::connect(addr)).await?;
/// assert_eq!(accepted.1, client.local_addr()?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct TcpListener {
    io: Arc<Async<std::net::TcpListener>>,
    backoff: Arc<Backoff>,
    /// Set if accepted sockets must have `TCP_NODELAY` and don't inherit it.
    set_nodelay: bool,
}

impl TcpListener {
    fn new(io: Arc<Async<std::net::TcpListener>>) -> TcpListener {
        TcpListener {
            io,
            backoff: Arc::default(),
            set_nodelay: false,
        }
    }

    fn io(&self) -> &Async<std::net::TcpListener> {
        &self.io
    }

    fn into_arc(self) -> Arc<Async<std::net::TcpListener>> {
        self.io
    }

    /// Listens on an address, with the default [`ListenOptions`].
    ///
    /// With port 0 the system chooses a free port; [`local_addr`](TcpListener::local_addr) says which.
    ///
    /// # Errors
    ///
    /// If `addr` is several addresses, the first one that can be listened on is used. If none can, the error is that
    /// of the last one, with the address in its text. An `addr` without any address gives
    /// [`InvalidInput`](io::ErrorKind::InvalidInput); see [`resolve`](crate::resolve) for the errors of names.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::TcpListener;
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///
    /// // The port is taken now.
    /// let err = TcpListener::bind(listener.local_addr()?).await.unwrap_err();
    /// assert_eq!(err.kind(), std::io::ErrorKind::AddrInUse);
    /// assert!(err.to_string().starts_with("could not listen on 127.0.0.1:"));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn bind<A: AsyncToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        TcpListener::bind_with(addr, &ListenOptions::new()).await
    }

    /// Listens on an address, with options.
    ///
    /// # Errors
    ///
    /// As [`bind`](TcpListener::bind), and [`Unsupported`](io::ErrorKind::Unsupported) if the system can't do what an
    /// option asks for; each option says where that is so.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{ListenOptions, TcpListener};
    ///
    /// # futures_lite::future::block_on(async {
    /// let options = ListenOptions::new().nodelay(true);
    /// let listener = TcpListener::bind_with(("127.0.0.1", 0), &options).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn bind_with<A: AsyncToSocketAddrs>(
        addr: A,
        options: &ListenOptions,
    ) -> io::Result<TcpListener> {
        let addrs = addresses(&addr).await?;
        let io = first_success(addrs, "listen on", |addr| {
            ready(sys::listen(addr, options).and_then(Async::try_from))
        });
        let mut listener = TcpListener::new(Arc::new(io.await?));
        listener.set_nodelay = options.nodelay && !sys::NODELAY_IS_INHERITED;
        Ok(listener)
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
    /// use leno_net::TcpListener;
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Waits for a connection, and returns it with the address of the peer.
    ///
    /// # Errors
    ///
    /// Connections that were gone before they could be accepted are passed over. When there is no descriptor or memory
    /// for another connection, that error is returned, and the next call of `accept` on this listener or a clone of it
    /// first waits, 10 ms and then longer, up to 500 ms, until a connection is accepted again. So it is right to log
    /// the error and to go on; what waits in the backlog isn't lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (stream, addr) = listener.accept().await?;
    /// assert_eq!(addr, client.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        accept(&self.backoff, async || {
            let (stream, addr) = self.io.accept().await?;
            if self.set_nodelay && stream.get_ref().set_nodelay(true).is_err() {
                // It only fails on a connection that the peer has already broken off.
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Ok((stream.into(), addr))
        })
        .await
    }

    /// The connections as a stream that never ends. Each item is what [`accept`](TcpListener::accept) returns, without
    /// the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::prelude::*;
    /// use leno_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    ///
    /// let mut incoming = listener.incoming();
    /// let stream = incoming.next().await.expect("the stream never ends")?;
    /// assert_eq!(stream.peer_addr()?, client.local_addr()?);
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

    /// The time to live of packets sent (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system; none in normal use.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::TcpListener;
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// listener.set_ttl(100)?;
    /// assert_eq!(listener.ttl()?, 100);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live of packets sent (`IP_TTL`): the number of routers that may pass them on.
    ///
    /// # Errors
    ///
    /// Those of the system, if it doesn't like the number.
    ///
    /// # Examples
    ///
    /// See [`ttl`](TcpListener::ttl).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}

conversions!(TcpListener, std::net::TcpListener);

/// A stream of connections that never ends, made by [`TcpListener::incoming`].
pub struct Incoming<'a> {
    connections: Pin<Box<dyn Stream<Item = io::Result<TcpStream>> + Send + Sync + 'a>>,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}
