//! UDP sockets. Every method returns one whole datagram; what does not fit into the buffer is cut off.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::Async;
use crate::source::Kind;
use crate::sys;

impl Async<UdpSocket> {
    /// Binds a socket to `addr`. Port 0 lets the OS choose one.
    ///
    /// # Errors
    ///
    /// What the OS says: the address is in use or not this machine's, or there are no more descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::Async;
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// # let _ = socket;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind<A: Into<SocketAddr>>(addr: A) -> io::Result<Async<UdpSocket>> {
        Async::try_from(UdpSocket::bind(addr.into())?)
    }

    /// Receives a datagram: its length and its sender. Cancel safe: a datagram not returned stays in the socket.
    ///
    /// # Errors
    ///
    /// What the OS says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// let address = socket.get_ref().local_addr()?;
    /// block_on(async {
    ///     socket.send_to(b"ping", address).await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(socket.peek_from(&mut buffer).await?, (4, address));
    ///     assert_eq!(socket.recv_from(&mut buffer).await?, (4, address));
    ///     std::io::Result::Ok(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// Like [`recv_from`](Async::recv_from), but the datagram stays in the socket.
    ///
    /// # Errors
    ///
    /// What the OS says.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.peek_from(buf)).await
    }

    /// Sends a datagram to `addr`. Cancel safe: it is sent whole by the poll that returns its length.
    ///
    /// # Errors
    ///
    /// What the OS says; also an earlier datagram's failure that it learned of only now.
    pub async fn send_to<A: Into<SocketAddr>>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let addr = addr.into();
        self.write_with(|socket| socket.send_to(buf, addr)).await
    }

    /// Receives a datagram from the peer that the socket is connected to. Cancel safe.
    ///
    /// # Errors
    ///
    /// What the OS says, such as `ConnectionRefused` if nobody listens at the peer's port.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let one = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// let other = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// one.get_ref().connect(other.get_ref().local_addr()?)?;
    /// other.get_ref().connect(one.get_ref().local_addr()?)?;
    /// block_on(async {
    ///     one.send(b"ping").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(other.peek(&mut buffer).await?, 4);
    ///     assert_eq!(other.recv(&mut buffer).await?, 4);
    ///     std::io::Result::Ok(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// Like [`recv`](Async::recv), but the datagram stays in the socket.
    ///
    /// # Errors
    ///
    /// What the OS says.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.peek(buf)).await
    }

    /// Sends a datagram to the peer that the socket is connected to. Cancel safe.
    ///
    /// # Errors
    ///
    /// What the OS says; also an earlier datagram's failure that it learned of only now.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(buf)).await
    }
}

impl TryFrom<UdpSocket> for Async<UdpSocket> {
    type Error = io::Error;

    /// Puts the socket into non-blocking mode.
    fn try_from(socket: UdpSocket) -> io::Result<Async<UdpSocket>> {
        sys::set_nonblocking(&socket)?;
        Ok(Async::known(socket, Kind::Other))
    }
}
