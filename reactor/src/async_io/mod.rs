//! `Async<T>`: an OS handle whose operations wait without blocking their thread.

mod convert;
mod incoming;
mod io_safe;
mod read_write;
mod ready;
mod tcp;
mod udp;
#[cfg(unix)]
mod unix;
mod with;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use io_safe::IoSafe;
pub use ready::{Readable, ReadableOwned, Writable, WritableOwned};

use crate::readiness::Direction;
use crate::source::{Kind, Source};
use crate::sys;
use crate::waiters::Waiter;

/// Adapts an OS handle, such as a socket or a pipe, to async: operations that would block wait for the reactor.
///
/// `Async<T>` owns the handle and its registration. Both end together: when it is dropped, or when
/// [`into_inner`](Async::into_inner) hands the handle back. The handle is in non-blocking mode meanwhile, which it may
/// share with its duplicates (on Unix the mode belongs to the open file, not to the descriptor).
///
/// Use it for handles that the OS can poll: sockets, pipes, FIFOs, timerfds, inotify, …; on Windows only sockets. A
/// regular file can't be polled and is refused by [`new`](Async::new).
///
/// # Concurrent use
///
/// Any number of tasks may await [`readable`](Async::readable), [`writable`](Async::writable) and the `async` methods on
/// one handle. The `poll_*` methods and the traits `AsyncRead` and `AsyncWrite` remember one task a direction: the last
/// one that polled.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Async, block_on};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use std::net::{TcpListener, TcpStream};
///
/// block_on(async {
///     let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
///     let address = listener.get_ref().local_addr()?;
///
///     let mut client = Async::<TcpStream>::connect(address).await?;
///     let (mut server, _) = listener.accept().await?;
///
///     client.write_all(b"hello").await?;
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Async<T> {
    source: Arc<Source>,
    /// Present until `into_inner` or drop.
    io: Option<T>,
}

impl<T> Unpin for Async<T> {}

impl<T: sys::AsHandle> Async<T> {
    /// Puts `io` into non-blocking mode and registers it with the reactor of this thread.
    ///
    /// # Errors
    ///
    /// If the mode can't be set, or if the OS can't poll this kind of handle, or is out of descriptors or memory for it.
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if another `Async` has this very handle; a duplicate is another
    /// handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::Async;
    /// use std::net::UdpSocket;
    ///
    /// let socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
    /// # let _ = socket;
    /// # #[cfg(target_os = "linux")]
    /// assert!(Async::new(std::fs::File::open("/proc/self/exe")?).is_err(), "a regular file can't be polled");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new(io: T) -> io::Result<Async<T>> {
        sys::set_nonblocking(&io)?;
        Async::new_nonblocking(io)
    }

    /// Like [`new`](Async::new), for a handle that is in non-blocking mode already.
    ///
    /// If it is not, operations will block their thread.
    ///
    /// # Errors
    ///
    /// If the OS can't poll this kind of handle, or is out of descriptors or memory for it.
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if another `Async` has this very handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::Async;
    /// use std::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = Async::new_nonblocking(listener)?;
    /// # let _ = listener;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_nonblocking(io: T) -> io::Result<Async<T>> {
        let handle = Async::handle(&io);
        if !handle.try_mark() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "another `Async` has this handle",
            ));
        }
        // `T` may buffer or frame what it reads, so its short reads prove nothing, whatever the handle is.
        let this = Async::marked(io, handle, Kind::Other);
        this.source.register()?;
        Ok(this)
    }

    /// For handles that are known to be non-blocking and pollable. They are registered only when an operation has to
    /// wait.
    fn known(io: T, kind: Kind) -> Async<T> {
        let handle = Async::handle(&io);
        handle.mark();
        Async::marked(io, handle, kind)
    }

    fn handle(io: &T) -> sys::Handle {
        // SAFETY: `Async` owns `io`, lends it out only by shared reference or through an `unsafe fn`, and deregisters
        // the source before it lets go of `io`.
        unsafe { sys::Handle::new(io) }
    }

    fn marked(io: T, handle: sys::Handle, kind: Kind) -> Async<T> {
        Async {
            source: Source::new(handle, kind),
            io: Some(io),
        }
    }
}

impl<T> Async<T> {
    /// The handle.
    ///
    /// Reading and writing behind the back of `Async` is allowed: [`readable`](Async::readable) and
    /// [`writable`](Async::writable) ask the OS, not their memory.
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
    pub fn get_ref(&self) -> &T {
        self.io
            .as_ref()
            .expect("the handle is there until `into_inner`")
    }

    /// The handle, mutably.
    ///
    /// # Safety
    ///
    /// The caller must not close the handle nor replace it by another: its number is registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::Async;
    /// # use std::net::TcpListener;
    /// let mut listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// // SAFETY: the listener stays the one it is.
    /// let inner: &mut TcpListener = unsafe { listener.get_mut() };
    /// # let _ = inner;
    /// # std::io::Result::Ok(())
    /// ```
    pub unsafe fn get_mut(&mut self) -> &mut T {
        self.io
            .as_mut()
            .expect("the handle is there until `into_inner`")
    }

    /// Ends the registration and returns the handle. It stays in non-blocking mode.
    ///
    /// # Errors
    ///
    /// If the OS refuses to end the registration; the handle is closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::Async;
    /// # use std::net::TcpListener;
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// let listener: TcpListener = listener.into_inner()?;
    /// listener.set_nonblocking(false)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_inner(mut self) -> io::Result<T> {
        let io = self
            .io
            .take()
            .expect("the handle is there until `into_inner`");
        self.source.handle().unmark();
        self.source.deregister()?;
        Ok(io)
    }

    /// Polls for readability: ready when a read would not block, which includes the end of a stream and errors.
    ///
    /// Of several tasks that poll one handle like this, or through `AsyncRead`, only the last one is woken. The answer
    /// is the OS's at this moment; another reader may be faster, so an operation may still say `WouldBlock`.
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// socket.get_ref().send_to(b"x", socket.get_ref().local_addr()?)?;
    /// block_on(std::future::poll_fn(|cx| socket.poll_readable(cx)))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_ready(Direction::Read, cx, Waiter::Task)
    }

    /// Polls for writability. See [`poll_readable`](Async::poll_readable).
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// block_on(std::future::poll_fn(|cx| socket.poll_writable(cx)))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_ready(Direction::Write, cx, Waiter::Task)
    }

    /// Waits until a read would not block.
    ///
    /// # Cancel safety
    ///
    /// The future takes nothing out of the handle; dropping it loses nothing.
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// socket.get_ref().send_to(b"x", socket.get_ref().local_addr()?)?;
    /// block_on(async {
    ///     socket.readable().await?;
    ///     socket.get_ref().recv(&mut [0; 1])
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn readable(&self) -> Readable<'_, T> {
        Readable::new(self)
    }

    /// Like [`readable`](Async::readable), but the future owns a reference.
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// # use std::sync::Arc;
    /// let socket = Arc::new(Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?);
    /// socket.get_ref().send_to(b"x", socket.get_ref().local_addr()?)?;
    /// block_on(socket.clone().readable_owned())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        ReadableOwned::new(self)
    }

    /// Waits until a write would not block. See [`readable`](Async::readable).
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// block_on(socket.writable())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn writable(&self) -> Writable<'_, T> {
        Writable::new(self)
    }

    /// Like [`writable`](Async::writable), but the future owns a reference.
    ///
    /// # Errors
    ///
    /// If the handle can't be registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use leno_reactor::{Async, block_on};
    /// # use std::net::UdpSocket;
    /// # use std::sync::Arc;
    /// let socket = Arc::new(Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?);
    /// block_on(socket.writable_owned())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        WritableOwned::new(self)
    }
}

impl<T> AsRef<T> for Async<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async")
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}

impl<T> Drop for Async<T> {
    fn drop(&mut self) {
        if self.io.is_some() {
            self.source.handle().unmark();
            // The OS forgets a closed handle itself; that it could not be told before is nobody's loss.
            let _ = self.source.deregister();
        }
    }
}
