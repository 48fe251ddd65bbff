//! TCP, UDP and Unix sockets, and name resolution, for the leno runtime.
//!
//! The types here are the async counterparts of those in [`std::net`] and [`std::os::unix::net`], and have the
//! same paths, signatures and conversions as those of `smol::net`. They work on any thread and under any executor:
//! waiting is done by [`leno_reactor`], and looking up names by the blocking pool of [`leno_executor`].
//!
//! What is here beyond `smol::net`:
//!
//! - [`TcpListener::bind_with`] listens with [`ListenOptions`]: backlog, shared ports, `TCP_NODELAY` for each accepted
//!   connection, IPv6 only.
//! - All streams read and write several buffers in one system call.
//! - Looking up names has a limit of its own, and addresses that need no look-up never leave the calling thread.
//! - A listener that has run out of descriptors says so and then waits, instead of failing thousands of times a second.
//!
//! # Examples
//!
//! A server that sends back what it is sent, and a client of it:
//!
//! ```
//! use futures_lite::{future, io, prelude::*};
//! use leno_net::{TcpListener, TcpStream};
//!
//! # future::block_on(async {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let addr = listener.local_addr()?;
//!
//! let server = async {
//!     let (stream, _) = listener.accept().await?;
//!     io::copy(stream.clone(), stream).await
//! };
//! let client = async {
//!     let mut stream = TcpStream::connect(addr).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.close().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     io::Result::Ok(answer)
//! };
//!
//! let (copied, answer) = future::try_zip(server, client).await?;
//! assert_eq!((copied, answer.as_str()), (5, "hello"));
//! # io::Result::Ok(()) }).unwrap();
//! ```

#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]

mod accept;
mod addr;
mod backoff;
mod context;
mod conversions;
mod each_address;
mod handle;
mod listen_options;
mod resolver;
mod sys;
mod tcp_listener;
mod tcp_stream;
mod udp;
#[cfg(unix)]
pub mod unix;
mod waiters;

use std::io;

pub use addr::AsyncToSocketAddrs;
pub use listen_options::ListenOptions;
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;

#[doc(no_inline)]
pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
};

/// Turns a name or an address into socket addresses.
///
/// Addresses and IP literals are answered at once. A host name is looked up by the operating system's resolver
/// (`getaddrinfo`) on a thread of the blocking pool. At most 16 look-ups run at a time in a process; further ones wait
/// their turn in the order in which they came, so that a slow resolver can't use up the pool.
///
/// An empty slice of addresses gives an empty vector.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if a string has no port, or one that is no number up to 65535.
/// - The error of the system's resolver, with the host in its text: `could not resolve "nohost.invalid": …`.
///
/// # Cancel safety
///
/// Dropping the future gives up its place in the queue. A look-up that has already begun can't be stopped: it counts
/// against the limit until the system's resolver returns, and its result is thrown away.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// let addrs = leno_net::resolve(("127.0.0.1", 80)).await?;
/// assert_eq!(addrs, ["127.0.0.1:80".parse().unwrap()]);
///
/// for addr in leno_net::resolve("localhost:80").await? {
///     assert!(addr.ip().is_loopback());
/// }
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn resolve<A: AsyncToSocketAddrs>(addr: A) -> io::Result<Vec<SocketAddr>> {
    Ok(addr::addresses(&addr).await?.collect())
}
