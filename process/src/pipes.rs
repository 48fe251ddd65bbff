//! The ends of the pipes to and from a child.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::sys::{self, Pipe};

/// What a pipe can do, whichever end it is.
macro_rules! pipe {
    ($name:ident) => {
        impl $name {
            pub(crate) fn new(pipe: std::process::$name) -> io::Result<$name> {
                sys::pipe(pipe).map($name)
            }

            /// Turns it into what another child may have as its own input or output.
            ///
            /// # Errors
            ///
            /// If the system refuses to make it a blocking one again, as other programs expect it; it is closed then.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future closes the pipe.
            ///
            /// # Examples
            ///
            /// ```
            /// use leno_process::{Command, Stdio};
            ///
            /// # #[cfg(unix)]
            /// # leno_reactor::block_on(async {
            /// // printf 'one\ntwo\n' | grep w
            /// let mut printf = Command::new("printf").arg("one\\ntwo\\n").stdout(Stdio::piped()).spawn()?;
            /// let pipe = printf.stdout.take().unwrap().into_stdio().await?;
            /// let grep = Command::new("grep").arg("w").stdin(pipe).output().await?;
            /// assert_eq!(grep.stdout, b"two\n");
            /// assert!(printf.status().await?.success());
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub async fn into_stdio(self) -> io::Result<Stdio> {
                sys::into_blocking(self.0).await.map(Stdio::from)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsFd for $name {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $name {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(self))
            }
        }

        /// The descriptor stays in non-blocking mode.
        #[cfg(unix)]
        impl TryFrom<$name> for std::os::fd::OwnedFd {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<std::os::fd::OwnedFd> {
                pipe.0.try_into()
            }
        }
    };
}

macro_rules! readable {
    ($name:ident) => {
        impl AsyncRead for $name {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_read_vectored(cx, buffers)
            }
        }
    };
}

/// The end of a pipe from which a child reads its input. Dropping it tells the child that there is no more.
///
/// To *close* it only flushes it, as with the pipes of smol: drop it.
///
/// # Examples
///
/// ```
/// use futures_lite::AsyncWriteExt;
/// use leno_process::{Command, Stdio};
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = sort.stdin.take().unwrap();
/// stdin.write_all(b"b\na\n").await?;
/// drop(stdin);
/// assert_eq!(sort.output().await?.stdout, b"a\nb\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ChildStdin(Pipe<std::process::ChildStdin>);

/// The end of a pipe to which a child writes its output.
///
/// # Examples
///
/// ```
/// use futures_lite::{AsyncBufReadExt, StreamExt, io::BufReader};
/// use leno_process::{Command, Stdio};
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let mut child = Command::new("printf").arg("one\\ntwo\\n").stdout(Stdio::piped()).spawn()?;
/// let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
/// assert_eq!(lines.next().await.unwrap()?, "one");
/// assert_eq!(lines.next().await.unwrap()?, "two");
/// assert!(lines.next().await.is_none());
/// assert!(child.status().await?.success());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ChildStdout(Pipe<std::process::ChildStdout>);

/// The end of a pipe to which a child writes what went wrong.
///
/// # Examples
///
/// ```
/// use futures_lite::AsyncReadExt;
/// use leno_process::{Command, Stdio};
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let mut child = Command::new("sh").args(["-c", "echo oops >&2"]).stderr(Stdio::piped()).spawn()?;
/// let mut text = String::new();
/// child.stderr.take().unwrap().read_to_string(&mut text).await?;
/// assert_eq!(text, "oops\n");
/// assert!(child.status().await?.success());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ChildStderr(Pipe<std::process::ChildStderr>);

pipe!(ChildStdin);
pipe!(ChildStdout);
pipe!(ChildStderr);
readable!(ChildStdout);
readable!(ChildStderr);

impl AsyncWrite for ChildStdin {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
