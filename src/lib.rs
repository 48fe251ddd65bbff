//! A small, fast async runtime for Rust, and a drop-in for `smol` 2.
//!
//! Futures are run by worker threads, one for each core. A worker owns its run queue, its timers and its poller for
//! sockets, so what one connection needs is done by one thread; work moves to other workers when there is more of it than
//! one can do. Workers start when they are first needed, and an idle program makes no system call.
//!
//! # A first program
//!
//! ```
//! use leno::net::{TcpListener, TcpStream};
//! use leno::{io, prelude::*};
//!
//! #[leno::main]
//! async fn main() -> io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!
//!     // A task: it runs by itself from here on, on any of the workers.
//!     let echo = leno::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         io::copy(stream.clone(), stream).await
//!     });
//!
//!     let mut stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.close().await?;
//!
//!     let mut reply = String::new();
//!     stream.read_to_string(&mut reply).await?;
//!     assert_eq!(reply, "hello");
//!     assert_eq!(echo.await?, 5);
//!     Ok(())
//! }
//! ```
//!
//! # What is where
//!
//! | to | use |
//! |---|---|
//! | enter async code | [`main`](macro@main), [`test`](macro@test), [`block_on`] |
//! | run futures side by side | [`spawn`], which gives a [`Task`]; [`Executor`] and [`LocalExecutor`] for executors of your own |
//! | wait for many tasks, or end them together | [`TaskGroup`] |
//! | speak TCP, UDP, Unix sockets; resolve names | [`net`] |
//! | wait for time to pass | [`Timer`], [`timeout()`] |
//! | call code that blocks | [`unblock`], [`Unblock`] |
//! | read and write files | [`fs`] |
//! | run other programs | [`process`] |
//! | hear of Ctrl-C and other signals | [`signal`] |
//! | send messages, share state between tasks | [`channel`], [`lock`] |
//! | combine futures, streams, readers and writers | [`future`], [`stream`], [`io`], and the traits in [`prelude`] |
//! | make any socket or pipe async | [`Async`] |
//! | set the number of workers, their names and more | [`Builder`] |
//! | see who waits on what, and what the workers do | [`observe`] |
//! | stop in an orderly way | [`shutdown`] |
//! | serve HTTP | `hyper`, a module behind the feature of that name |
//!
//! Sockets and timers work under any executor and on any thread; [`spawn`] works from anywhere too.
//!
//! # Features
//!
//! - `macros` (on by default): `#[leno::main]` and `#[leno::test]`.
//! - `hyper` (off by default): adapters that let hyper 1 run on leno.
//!
//! # Coming from smol
//!
//! What `smol` 2 has is here under the same path and does the same. The process-wide executor has a worker for each core where smol's has one thread; `LENO_THREADS`, or else `SMOL_THREADS`,
//! sets another number. The types in [`channel`] do what those of `async-channel` do, and are types of leno.
//!
//! # Platforms
//!
//! Linux and Android use epoll directly; macOS, iOS and the BSDs use kqueue, Windows uses IOCP, both through the
//! [`polling`](https://docs.rs/polling) crate. `net::unix` exists on Unix only. The oldest compiler supported is Rust 1.85.

// With `hyper` there is one `unsafe` expression, in `Io`, and `forbid` allows no exception.
#![cfg_attr(not(feature = "hyper"), forbid(unsafe_code))]
#![deny(unsafe_code)]

mod task_group;
mod timeout;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
#[cfg(feature = "hyper")]
pub mod hyper;

#[doc(inline)]
pub use {
    leno_channel as channel,
    leno_executor::{
        Builder, Executor, FallibleTask, LocalExecutor, StaticExecutor, StaticLocalExecutor, Task,
        Unblock, is_worker, observe, set_max_blocking_threads, shutdown, spawn, unblock, workers,
    },
    leno_net as net, leno_process as process,
    leno_reactor::{
        Async, IoSafe, Readable, ReadableOwned, Timer, Writable, WritableOwned, backend, block_on,
        os,
    },
    leno_signal as signal,
};

#[cfg(feature = "macros")]
#[doc(inline)]
pub use leno_macros::{main, test};

#[doc(inline)]
pub use {
    async_fs as fs, async_lock as lock,
    futures_lite::{future, io, pin, prelude, ready, stream},
};

/// The programs in it are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/migrating.md")]
struct Migrating;

pub use task_group::TaskGroup;
pub use timeout::{TimedOut, Timeout, timeout};
