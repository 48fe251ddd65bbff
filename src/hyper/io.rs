//! Streams for hyper, and hyper's streams for everybody else.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use pin_project_lite::pin_project;

use crate::io::{AsyncRead, AsyncWrite};

/// How much a first read takes at most: more than the head of most requests, and cheap to fill with zeros.
const SMALLEST_WINDOW: usize = 4 * 1024;

/// More than a socket hands out in one read.
const LARGEST_WINDOW: usize = 512 * 1024;

pin_project! {
    /// Translates between the stream traits of hyper and those of leno (which are those of `futures`), in both directions.
    ///
    /// Around anything that is [`AsyncRead`] and [`AsyncWrite`], such as all streams of [`net`](crate::net), it is what
    /// hyper serves or calls on. Around what hyper gives back, such as an upgraded connection, it is `AsyncRead` and
    /// `AsyncWrite`.
    ///
    /// Hyper's `poll_shutdown` closes the inner stream, and closing it shuts hyper's down.
    ///
    /// hyper is told that the stream writes many buffers in one call, as all streams of leno do. If yours has only the
    /// default `poll_write_vectored`, tell hyper with `writev(false)` on its `Builder`, so that head and body of a small
    /// response are not sent in two packets.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno::net::TcpStream;
    ///
    /// # leno::block_on(async {
    /// let stream = TcpStream::connect("127.0.0.1:8080").await?;
    /// stream.set_nodelay(true)?;
    /// let io = leno::hyper::Io::new(stream);
    /// println!("calling {}", io.get_ref().peer_addr()?);
    /// # std::io::Result::Ok(()) });
    /// ```
    #[derive(Debug)]
    pub struct Io<T> {
        #[pin]
        inner: T,
        // How many bytes the next read for hyper takes at most.
        window: usize,
    }
}

impl<T> Io<T> {
    /// Puts the adapter around a stream.
    pub const fn new(inner: T) -> Io<T> {
        Io {
            inner,
            window: SMALLEST_WINDOW,
        }
    }

    /// The stream inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream inside.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Takes the adapter off. Nothing is lost: it keeps no bytes of its own.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// hyper hands out a buffer that need not be initialised, and `AsyncRead` takes only one that is. Zeroing all of it for
/// each read, also for those that find nothing, costs more than the read of a small request: the buffer may have
/// hundreds of kilobytes. So a read is given a window, which grows while reads fill it and shrinks when they don't, and
/// not much more is zeroed than is then read.
impl<T: AsyncRead> Read for Io<T> {
    #[allow(unsafe_code)]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let space = buf.remaining().min(*this.window);
        let target = buf.initialize_unfilled_to(space);
        let read = ready!(this.inner.poll_read(cx, target))?;
        assert!(
            read <= space,
            "a stream says that it read {read} bytes into a buffer of {space}"
        );
        // SAFETY: `initialize_unfilled_to` has initialised the `space` bytes that follow the filled part, the inner stream
        // saw them as a `&mut [u8]` and so can't have undone that, and `read <= space`.
        unsafe { buf.advance(read) };
        *this.window = next_window(*this.window, read);
        Poll::Ready(Ok(()))
    }
}

fn next_window(window: usize, read: usize) -> usize {
    if read >= window {
        (window * 2).min(LARGEST_WINDOW)
    } else if read < window / 4 {
        (window / 2).max(SMALLEST_WINDOW)
    } else {
        window
    }
}

impl<T: AsyncWrite> Write for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }
}

impl<T: Read> AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.project().inner.poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: Write> AsyncWrite for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{Io, LARGEST_WINDOW, SMALLEST_WINDOW, next_window};
    use crate::block_on;
    use crate::future::poll_fn;
    use crate::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Cursor};
    use ::hyper::rt::{Read, ReadBuf};
    use std::io::{self, IoSlice};
    use std::mem::MaybeUninit;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// Reads for hyper once, into `space` bytes of uninitialised memory.
    fn read_once<T: AsyncRead + Unpin>(io: &mut Io<T>, space: usize) -> io::Result<Vec<u8>> {
        let mut memory = vec![MaybeUninit::uninit(); space];
        let mut buf = ReadBuf::uninit(&mut memory);
        block_on(poll_fn(|cx| {
            Read::poll_read(Pin::new(&mut *io), cx, buf.unfilled())
        }))?;
        Ok(buf.filled().to_vec())
    }

    #[test]
    fn reads_go_on_where_the_buffer_is_filled_to() {
        let mut io = Io::new(Cursor::new(b"abcdef"));
        let mut memory = [MaybeUninit::uninit(); 5];
        let mut buf = ReadBuf::uninit(&mut memory);
        buf.unfilled().put_slice(b">>");
        block_on(poll_fn(|cx| {
            Read::poll_read(Pin::new(&mut io), cx, buf.unfilled())
        }))
        .expect("a cursor can be read");
        assert_eq!(buf.filled(), b">>abc");
    }

    #[test]
    fn the_end_of_the_stream_fills_nothing() {
        let mut io = Io::new(Cursor::new(b""));
        assert_eq!(read_once(&mut io, 10).expect("the end is no error"), b"");
    }

    #[test]
    fn a_read_takes_no_more_than_the_window_and_the_window_follows() {
        let mut io = Io::new(crate::io::repeat(1));
        let space = 4 * LARGEST_WINDOW;
        let mut window = SMALLEST_WINDOW;
        while window < LARGEST_WINDOW {
            assert_eq!(read_once(&mut io, space).expect("endless").len(), window);
            window *= 2;
        }
        for _ in 0..2 {
            let read = read_once(&mut io, space).expect("endless").len();
            assert_eq!(read, LARGEST_WINDOW);
        }
        assert_eq!(read_once(&mut io, 100).expect("endless").len(), 100);
        let read = read_once(&mut io, space).expect("endless").len();
        assert_eq!(read, LARGEST_WINDOW / 2);
    }

    #[test]
    fn the_window_stays_within_its_bounds_and_does_not_flap() {
        assert_eq!(next_window(SMALLEST_WINDOW, 1), SMALLEST_WINDOW);
        assert_eq!(next_window(LARGEST_WINDOW, LARGEST_WINDOW), LARGEST_WINDOW);
        // What filled half of the window is no reason to change it.
        assert_eq!(next_window(64 * 1024, 32 * 1024), 64 * 1024);
    }

    #[test]
    #[should_panic(expected = "read 11 bytes into a buffer of 10")]
    fn a_stream_that_claims_more_than_it_was_given_is_caught() {
        struct Liar;
        impl AsyncRead for Liar {
            fn poll_read(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(buf.len() + 1))
            }
        }
        let _ = read_once(&mut Io::new(Liar), 10);
    }

    /// Keeps what is written to it, one entry a call.
    #[derive(Default)]
    struct Calls(Vec<Vec<u8>>);

    impl AsyncWrite for Calls {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(buf.to_vec());
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let buf: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
            self.poll_write(cx, &buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.push(b"flushed".to_vec());
            Poll::Ready(Ok(()))
        }

        fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.push(b"closed".to_vec());
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn an_adapter_in_an_adapter_changes_nothing() {
        block_on(async {
            let mut io = Io::new(Io::new(Cursor::new(b"hello".to_vec())));
            let mut text = String::new();
            io.read_to_string(&mut text).await.expect("it is UTF-8");
            assert_eq!(text, "hello");

            let mut io = Io::new(Io::new(Calls::default()));
            let parts = [IoSlice::new(b"two "), IoSlice::new(b"parts")];
            assert_eq!(io.write(b"one").await.expect("it takes all"), 3);
            assert_eq!(io.write_vectored(&parts).await.expect("it takes all"), 9);
            io.flush().await.expect("nothing can fail");
            io.close().await.expect("nothing can fail");
            let calls = io.into_inner().into_inner().0;
            let expected: [&[u8]; 4] = [b"one", b"two parts", b"flushed", b"closed"];
            assert_eq!(calls, expected);
        });
    }
}
