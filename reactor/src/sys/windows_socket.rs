//! Making non-blocking sockets on Windows.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};

/// A connection that has been asked for.
pub(crate) enum Connecting<T> {
    Done(T),
    /// Becomes writable when it is decided.
    InProgress(T),
}

/// Starts to connect without waiting.
pub(crate) fn connect_tcp(address: SocketAddr) -> io::Result<Connecting<TcpStream>> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = TcpStream::from(rustix::net::socket(family, SocketType::STREAM, None)?);
    socket.set_nonblocking(true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok(Connecting::Done(socket)),
        Err(Errno::INPROGRESS | Errno::WOULDBLOCK) => Ok(Connecting::InProgress(socket)),
        Err(errno) => Err(errno.into()),
    }
}

/// Takes a connection out of the backlog.
pub(crate) fn accept_tcp(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, address) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, address))
}
