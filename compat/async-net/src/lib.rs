//! The networking of [`leno_net`] under the name of `async-net` 2, for use through `[patch.crates-io]`.

#[doc(inline)]
pub use leno_net::{
    AddrParseError, AsyncToSocketAddrs, Incoming, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr,
    SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket, resolve,
};

#[cfg(unix)]
#[doc(inline)]
pub use leno_net::unix;
