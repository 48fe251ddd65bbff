//! TCP sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use futures_core::Stream;

use super::Async;
use super::incoming::Incoming;
use crate::source::Kind;
use crate::sys::{self, Connecting};

impl Async<TcpListener> {
    /// Binds a listener to `addr`. Port 0 lets the OS choose one; see `get_ref().local_addr()`.
    ///
    /// # Errors
    ///
    /// What the OS says: the address is in use or not this machine's, or there are no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::Async;
    /// # use std::net::TcpListener;
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// println!("listening on {}", listener.get_ref().local_addr()?);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind<A: Into<SocketAddr>>(addr: A) -> io::Result<Async<TcpListener>> {
        Async::try_from(TcpListener::bind(addr.into())?)
    }

    /// Accepts a connection: the stream and the peer's address.
    ///
    /// # Cancel safety
    ///
    /// A connection that the future did not return stays in the backlog.
    ///
    /// # Errors
    ///
    /// What the OS says. After `EMFILE` (no more descriptors) the connection stays in the backlog, so a loop that tries
    /// again at once keeps its thread busy; `leno::net::TcpListener` waits a little first.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::{TcpListener, TcpStream};
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// let _client = TcpStream::connect(listener.get_ref().local_addr()?)?;
    /// let (stream, peer) = block_on(listener.accept())?;
    /// # let _ = (stream, peer);
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, address) = self.read_with(sys::accept_tcp).await?;
        Ok((Async::known(stream, Kind::Stream), address))
    }

    /// The connections as a stream that never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::{TcpListener, TcpStream};
    /// use futures_lite::StreamExt;
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// let _client = TcpStream::connect(listener.get_ref().local_addr()?)?;
    /// let mut incoming = std::pin::pin!(listener.incoming());
    /// let stream = block_on(incoming.next()).unwrap()?;
    /// # let _ = stream;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<TcpStream>>> + Send + '_ {
        Incoming::new(self, |listener| {
            sys::accept_tcp(listener).map(|(stream, _)| Async::known(stream, Kind::Stream))
        })
    }
}

impl TryFrom<TcpListener> for Async<TcpListener> {
    type Error = io::Error;

    /// Puts the listener into non-blocking mode.
    fn try_from(listener: TcpListener) -> io::Result<Async<TcpListener>> {
        sys::set_nonblocking(&listener)?;
        Ok(Async::known(listener, Kind::Other))
    }
}

impl Async<TcpStream> {
    /// Connects to `addr`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the half-open connection.
    ///
    /// # Errors
    ///
    /// What the OS says: refused, unreachable, timed out (the OS's own time-out, of minutes), no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = block_on(Async::<TcpStream>::connect(listener.local_addr()?))?;
    /// assert_eq!(stream.get_ref().peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn connect<A: Into<SocketAddr>>(addr: A) -> io::Result<Async<TcpStream>> {
        match sys::connect_tcp(addr.into())? {
            Connecting::Done(stream) => Ok(Async::known(stream, Kind::Stream)),
            Connecting::InProgress(stream) => {
                let stream = Async::known(stream, Kind::Stream);
                stream.connected(outcome).await?;
                Ok(stream)
            }
        }
    }

    /// Reads without taking the bytes out of the socket. Zero is the end of the stream, unless `buf` is empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken, so nothing can be lost.
    ///
    /// # Errors
    ///
    /// What the OS says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::{TcpListener, TcpStream};
    /// # use std::io::Write;
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// let mut client = TcpStream::connect(listener.get_ref().local_addr()?)?;
    /// client.write_all(b"GET")?;
    /// let (stream, _) = block_on(listener.accept())?;
    /// let mut first = [0; 1];
    /// assert_eq!(block_on(stream.peek(&mut first))?, 1);
    /// assert_eq!(&first, b"G");
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|stream| stream.peek(buf)).await
    }
}

/// What became of a connection in progress; `WouldBlock`: nothing yet.
fn outcome(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        peer => peer.map(drop),
    }
}

impl TryFrom<TcpStream> for Async<TcpStream> {
    type Error = io::Error;

    /// Puts the stream into non-blocking mode.
    fn try_from(stream: TcpStream) -> io::Result<Async<TcpStream>> {
        sys::set_nonblocking(&stream)?;
        Ok(Async::known(stream, Kind::Stream))
    }
}
