//! [`hyper`](https://docs.rs/hyper) 1 on leno: HTTP servers and clients. Needs the feature `hyper`.
//!
//! hyper brings no runtime of its own; it asks for three things, and each is here under the name of hyper's trait:
//!
//! | hyper asks for | leno gives | without it |
//! |---|---|---|
//! | [`rt::Read`] and [`rt::Write`] | [`Io`] around any stream of [`net`](crate::net), or any other | no connection |
//! | [`rt::Executor`] | [`Executor`], which spawns on the process-wide runtime | no HTTP/2 |
//! | [`rt::Timer`] | [`Timer`] | no time-outs: see below |
//!
//! **Always give hyper the timer.** A server without one loses its default `header_read_timeout` of 30 seconds and says
//! nothing about it: a client that sends its headers one byte a minute, or never, keeps its connection for as long as it
//! likes. (A time-out that is set without a timer is a panic in hyper.)
//!
//! # Examples
//!
//! A server and a client on one connection:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::{BodyExt, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response, client, server, service::service_fn};
//! use leno::hyper::{Io, Timer};
//! use leno::net::{TcpListener, TcpStream};
//!
//! async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from(format!("this is {}", request.uri()))))
//! }
//!
//! #[leno::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = leno::spawn(async move {
//!         let (stream, _peer) = listener.accept().await.expect("accept");
//!         server::conn::http1::Builder::new()
//!             .timer(Timer::new())
//!             .serve_connection(Io::new(stream), service_fn(greet))
//!             .await
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut requests, connection) = client::conn::http1::handshake(Io::new(stream)).await?;
//!     let connection = leno::spawn(connection);
//!
//!     let request = Request::get("/a/page").body(Full::<Bytes>::default())?;
//!     let response = requests.send_request(request).await?;
//!     let body = response.into_body().collect().await?.to_bytes();
//!     assert_eq!(body, "this is /a/page");
//!
//!     drop(requests); // The client is done: both ends of the connection come to theirs.
//!     connection.await?;
//!     server.await?;
//!     Ok(())
//! }
//! ```
//!
//! [`rt::Read`]: ::hyper::rt::Read
//! [`rt::Write`]: ::hyper::rt::Write
//! [`rt::Executor`]: ::hyper::rt::Executor
//! [`rt::Timer`]: ::hyper::rt::Timer

mod executor;
mod io;
mod timer;

pub use executor::Executor;
pub use io::Io;
pub use timer::Timer;
