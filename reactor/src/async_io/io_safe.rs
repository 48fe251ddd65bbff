//! The promise that reading and writing leave a handle what it is.

/// Types whose [`Read`](std::io::Read) and [`Write`](std::io::Write) neither close nor replace the OS handle behind
/// them, so that [`Async`](crate::Async) may call them while the handle's number is registered.
///
/// # Safety
///
/// `Read::read`, `Write::write` and their vectored and flushing forms must not drop or exchange the underlying handle:
/// what `AsFd` or `AsSocket` returns stays the same open handle as long as the value lives.
///
/// # Examples
///
/// ```
/// use leno_reactor::IoSafe;
/// use std::io::{Read, Result};
/// use std::net::TcpStream;
///
/// /// Counts what was read.
/// struct Metered(TcpStream, usize);
///
/// impl Read for Metered {
///     fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
///         let length = self.0.read(buffer)?;
///         self.1 += length;
///         Ok(length)
///     }
/// }
///
/// // SAFETY: the stream is only read from.
/// unsafe impl IoSafe for Metered {}
/// ```
pub unsafe trait IoSafe {}

macro_rules! io_safe {
    ($($type:ty),* $(,)?) => {$(
        // SAFETY: std's handles keep their descriptor until they are dropped.
        unsafe impl IoSafe for $type {}
    )*};
}

io_safe!(
    std::fs::File,
    std::io::Stdin,
    std::io::Stdout,
    std::io::Stderr,
    std::io::StdinLock<'_>,
    std::io::StdoutLock<'_>,
    std::io::StderrLock<'_>,
    std::net::TcpStream,
    std::process::ChildStdin,
    std::process::ChildStdout,
    std::process::ChildStderr,
);

/// Newer than the oldest compiler that is supported; see build.rs.
#[cfg(not(leno_no_pipe))]
#[expect(
    clippy::incompatible_msrv,
    reason = "left out where the compiler lacks them"
)]
mod pipes {
    use super::IoSafe;

    io_safe!(std::io::PipeReader, std::io::PipeWriter);
}

#[cfg(unix)]
io_safe!(std::os::unix::net::UnixStream);

// SAFETY: through a shared reference a handle can't be replaced.
unsafe impl<T: ?Sized> IoSafe for &T {}
// SAFETY: reading and writing go straight to `T`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for &mut T {}
// SAFETY: reading and writing go straight to `T`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for Box<T> {}
// SAFETY: a `Cow` reads and writes through the value that it holds.
unsafe impl<T: IoSafe + Clone> IoSafe for std::borrow::Cow<'_, T> {}
// SAFETY: the buffers call `T`'s own read and write and keep it where it is.
unsafe impl<T: IoSafe + std::io::Read> IoSafe for std::io::BufReader<T> {}
// SAFETY: as for `BufReader`.
unsafe impl<T: IoSafe + std::io::Write> IoSafe for std::io::BufWriter<T> {}
// SAFETY: as for `BufReader`.
unsafe impl<T: IoSafe + std::io::Write> IoSafe for std::io::LineWriter<T> {}
