//! The options of a UDP socket: broadcast, multicast and time to live.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::UdpSocket;

impl UdpSocket {
    /// Whether messages may be sent to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_broadcast(true)?;
    /// assert_eq!(socket.broadcast()?, true);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        self.io.get_ref().broadcast()
    }

    /// Sets whether messages may be sent to broadcast addresses (`SO_BROADCAST`). They may not at first.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`broadcast`](UdpSocket::broadcast).
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(broadcast)
    }

    /// Whether this host also gets the IPv4 multicast messages it sends (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_multicast_loop_v4(false)?;
    /// assert_eq!(socket.multicast_loop_v4()?, false);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v4()
    }

    /// Sets whether this host also gets the IPv4 multicast messages it sends (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`multicast_loop_v4`](UdpSocket::multicast_loop_v4).
    pub fn set_multicast_loop_v4(&self, multicast_loop_v4: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v4(multicast_loop_v4)
    }

    /// The time to live of IPv4 multicast messages sent (`IP_MULTICAST_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_multicast_ttl_v4(4)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 4);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.io.get_ref().multicast_ttl_v4()
    }

    /// Sets the time to live of IPv4 multicast messages sent (`IP_MULTICAST_TTL`). At first it is 1: they stay in the local
    /// network.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`multicast_ttl_v4`](UdpSocket::multicast_ttl_v4).
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_multicast_ttl_v4(ttl)
    }

    /// Whether this host also gets the IPv6 multicast messages it sends (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system, for one if this is no IPv6 socket.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("[::]:0").await?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert_eq!(socket.multicast_loop_v6()?, false);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v6()
    }

    /// Sets whether this host also gets the IPv6 multicast messages it sends (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system, for one if this is no IPv6 socket.
    ///
    /// # Examples
    ///
    /// See [`multicast_loop_v6`](UdpSocket::multicast_loop_v6).
    pub fn set_multicast_loop_v6(&self, multicast_loop_v6: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v6(multicast_loop_v6)
    }

    /// The time to live of messages sent (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_ttl(100)?;
    /// assert_eq!(socket.ttl()?, 100);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live of messages sent (`IP_TTL`): the number of routers that may pass them on.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// See [`ttl`](UdpSocket::ttl).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Joins a multicast group of IPv4: the socket receives the messages sent to `multiaddr`.
    ///
    /// `interface` is the address of the network interface; with the unspecified address the system chooses one.
    ///
    /// # Errors
    ///
    /// Those of the system, for one if `multiaddr` is no multicast address, or there is no such interface.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno_net::{Ipv4Addr, UdpSocket};
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("0.0.0.0:5353").await?;
    /// let group = Ipv4Addr::new(224, 0, 0, 251);
    /// socket.join_multicast_v4(group, Ipv4Addr::UNSPECIFIED)?;
    /// socket.leave_multicast_v4(group, Ipv4Addr::UNSPECIFIED)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&multiaddr, &interface)
    }

    /// Leaves a multicast group. `interface` is what it was when the socket joined.
    ///
    /// # Errors
    ///
    /// Those of the system, for one if the socket wasn't in the group.
    ///
    /// # Examples
    ///
    /// See [`join_multicast_v4`](UdpSocket::join_multicast_v4).
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&multiaddr, &interface)
    }

    /// Joins a multicast group of IPv6: the socket receives the messages sent to `multiaddr`.
    ///
    /// `interface` is the number of the network interface; with 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// Those of the system, for one if `multiaddr` is no multicast address, or there is no such interface.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno_net::{Ipv6Addr, UdpSocket};
    ///
    /// # futures_lite::future::block_on(async {
    /// let socket = UdpSocket::bind("[::]:5353").await?;
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    /// socket.join_multicast_v6(&group, 0)?;
    /// socket.leave_multicast_v6(&group, 0)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(multiaddr, interface)
    }

    /// Leaves a multicast group. `interface` is what it was when the socket joined.
    ///
    /// # Errors
    ///
    /// Those of the system, for one if the socket wasn't in the group.
    ///
    /// # Examples
    ///
    /// See [`join_multicast_v6`](UdpSocket::join_multicast_v6).
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(multiaddr, interface)
    }
}
