//! Unix domain sockets, the async counterpart of [`std::os::unix::net`]. Unix only.
//!
//! # Examples
//!
//! ```
//! use futures_lite::prelude::*;
//! use leno_net::unix::UnixStream;
//!
//! # futures_lite::future::block_on(async {
//! let (mut a, mut b) = UnixStream::pair()?;
//! a.write_all(b"hello").await?;
//! a.close().await?;
//! let mut text = String::new();
//! b.read_to_string(&mut text).await?;
//! assert_eq!(text, "hello");
//! # std::io::Result::Ok(()) }).unwrap();
//! ```
//!
//! The types here take paths. A path that starts with a NUL is a name in the abstract namespace of Linux when it is
//! connected to. To bind one, go by way of std:
//!
#![cfg_attr(target_os = "linux", doc = "```")]
#![cfg_attr(not(target_os = "linux"), doc = "```ignore")]
//! use leno_net::unix::{SocketAddr, UnixListener, UnixStream};
//! use std::os::linux::net::SocketAddrExt;
//! use std::os::unix::net as std_unix;
//!
//! # futures_lite::future::block_on(async {
//! let addr = SocketAddr::from_abstract_name(format!("leno-doc-{}", std::process::id()))?;
//! let listener = UnixListener::try_from(std_unix::UnixListener::bind_addr(&addr)?)?;
//! let client = UnixStream::try_from(std_unix::UnixStream::connect_addr(&addr)?)?;
//! let (server, _) = listener.accept().await?;
//! # std::io::Result::Ok(()) }).unwrap();
//! ```

mod datagram;
mod listener;
mod stream;

pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
#[doc(no_inline)]
pub use std::os::unix::net::SocketAddr;
pub use stream::UnixStream;
