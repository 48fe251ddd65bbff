//! Unix domain sockets.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use futures_core::Stream;

use super::Async;
use super::incoming::Incoming;
use crate::source::Kind;
use crate::sys::{self, Connecting};
use crate::timer::Timer;

/// How long to wait for a full backlog, first and at most. A Unix socket does not say when there is room again.
const BACKLOG_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Async<UnixListener> {
    /// Binds a listener to a path, which must not exist yet and stays when the listener is dropped.
    ///
    /// # Errors
    ///
    /// What the OS says: the path exists (`AddrInUse`), is too long, or can't be made.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::os::unix::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("leno-doc-{}", std::process::id()));
    /// let listener = Async::<UnixListener>::bind(&path)?;
    /// let client = block_on(Async::<UnixStream>::connect(&path))?;
    /// let (stream, _) = block_on(listener.accept())?;
    /// # let _ = (client, stream);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixListener>> {
        Async::try_from(UnixListener::bind(path)?)
    }

    /// Accepts a connection: the stream and the peer's address. Cancel safe: what is not returned stays in the backlog.
    ///
    /// # Errors
    ///
    /// What the OS says. See the TCP listener's `accept` for the descriptor limit.
    pub async fn accept(&self) -> io::Result<(Async<UnixStream>, SocketAddr)> {
        let (stream, address) = self.read_with(sys::accept_unix).await?;
        Ok((Async::known(stream, Kind::Local), address))
    }

    /// The connections as a stream that never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::os::unix::net::{UnixListener, UnixStream};
    /// use futures_lite::StreamExt;
    /// let path = std::env::temp_dir().join(format!("leno-doc-incoming-{}", std::process::id()));
    /// let listener = Async::<UnixListener>::bind(&path)?;
    /// let client = UnixStream::connect(&path)?;
    /// let mut incoming = std::pin::pin!(listener.incoming());
    /// let stream = block_on(incoming.next()).unwrap()?;
    /// # let _ = (client, stream);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<UnixStream>>> + Send + '_ {
        Incoming::new(self, |listener| {
            sys::accept_unix(listener).map(|(stream, _)| Async::known(stream, Kind::Local))
        })
    }
}

impl TryFrom<UnixListener> for Async<UnixListener> {
    type Error = io::Error;

    /// Puts the listener into non-blocking mode.
    fn try_from(listener: UnixListener) -> io::Result<Async<UnixListener>> {
        sys::set_nonblocking(&listener)?;
        Ok(Async::known(listener, Kind::Other))
    }
}

impl Async<UnixStream> {
    /// Connects to the listener at `path`. If its backlog is full, tries again until there is room.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the half-open connection.
    ///
    /// # Errors
    ///
    /// What the OS says: nobody listens there, the path does not exist, no more descriptors.
    ///
    /// # Examples
    ///
    /// See [`Async::<UnixListener>::bind`](Async::bind).
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixStream>> {
        let mut pause = BACKLOG_PAUSE;
        loop {
            match sys::connect_unix(path.as_ref()) {
                Ok(Connecting::Done(stream)) => return Ok(Async::known(stream, Kind::Local)),
                Ok(Connecting::InProgress(stream)) => {
                    let stream = Async::known(stream, Kind::Local);
                    stream
                        .connected(|stream| stream.take_error()?.map_or(Ok(()), Err))
                        .await?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    Timer::after(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// What the OS says: no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::os::unix::net::UnixStream;
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// let (mut one, mut other) = Async::<UnixStream>::pair()?;
    /// block_on(async {
    ///     one.write_all(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     other.read_exact(&mut buffer).await
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn pair() -> io::Result<(Async<UnixStream>, Async<UnixStream>)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Async::try_from(one)?, Async::try_from(other)?))
    }
}

impl TryFrom<UnixStream> for Async<UnixStream> {
    type Error = io::Error;

    /// Puts the stream into non-blocking mode.
    fn try_from(stream: UnixStream) -> io::Result<Async<UnixStream>> {
        sys::set_nonblocking(&stream)?;
        Ok(Async::known(stream, Kind::Local))
    }
}

impl Async<UnixDatagram> {
    /// Binds a socket to a path, which must not exist yet and stays when the socket is dropped.
    ///
    /// # Errors
    ///
    /// What the OS says: the path exists (`AddrInUse`), is too long, or can't be made.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixDatagram>> {
        Async::try_from(UnixDatagram::bind(path)?)
    }

    /// A socket without a path: it can send, and receive what is sent back through a connection.
    ///
    /// # Errors
    ///
    /// What the OS says: no more descriptors.
    pub fn unbound() -> io::Result<Async<UnixDatagram>> {
        Async::try_from(UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// What the OS says: no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::os::unix::net::UnixDatagram;
    /// let (one, other) = Async::<UnixDatagram>::pair()?;
    /// block_on(async {
    ///     one.send(b"ping").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(other.recv(&mut buffer).await?, 4);
    ///     std::io::Result::Ok(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn pair() -> io::Result<(Async<UnixDatagram>, Async<UnixDatagram>)> {
        let (one, other) = UnixDatagram::pair()?;
        Ok((Async::try_from(one)?, Async::try_from(other)?))
    }

    /// Receives a datagram: its length and its sender. Cancel safe: a datagram not returned stays in the socket.
    ///
    /// # Errors
    ///
    /// What the OS says.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// Sends a datagram to the socket at `path`. Waits while the receiver's queue is full. Cancel safe.
    ///
    /// # Errors
    ///
    /// What the OS says: nobody is bound there, the path does not exist.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.write_with(|socket| socket.send_to(buf, path.as_ref()))
            .await
    }

    /// Receives a datagram from the connected socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// What the OS says.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// Sends a datagram to the connected socket. Waits while the receiver's queue is full. Cancel safe.
    ///
    /// # Errors
    ///
    /// What the OS says.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(buf)).await
    }
}

impl TryFrom<UnixDatagram> for Async<UnixDatagram> {
    type Error = io::Error;

    /// Puts the socket into non-blocking mode.
    fn try_from(socket: UnixDatagram) -> io::Result<Async<UnixDatagram>> {
        sys::set_nonblocking(&socket)?;
        Ok(Async::known(socket, Kind::Other))
    }
}
