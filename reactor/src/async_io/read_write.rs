//! Byte streams: `AsyncRead` and `AsyncWrite` for everything that `std` can read and write. All stream types of leno,
//! TCP and Unix alike, go through these four loops.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::{Async, IoSafe};
use crate::readiness::Direction;
use crate::waiters::Waiter;

/// How many slices every system takes in one call: the least that POSIX allows it to take.
const SLICES: usize = 16;

/// How many bytes one vectored call moves at least, if nothing but the slices limits it. Slices that the system may
/// leave out for their number don't count: that they were left is no sign of a drained or filled socket.
fn room(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.take(SLICES).sum()
}

impl<T> Async<T> {
    /// One read or write of at most `room` bytes.
    fn poll_bytes(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        room: usize,
        op: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let more = |&done: &usize| self.source.may_have_more(direction, done, room);
        self.source.poll_op(direction, cx, Waiter::Task, op, more)
    }
}

impl<T> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Read, cx, buf.len(), || self.get_ref().read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = room(bufs.iter().map(|buf| buf.len()));
        self.poll_bytes(Direction::Read, cx, room, || {
            self.get_ref().read_vectored(bufs)
        })
    }
}

impl<T> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Write, cx, buf.len(), || {
            self.get_ref().write(buf)
        })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = room(bufs.iter().map(|buf| buf.len()));
        self.poll_bytes(Direction::Write, cx, room, || {
            self.get_ref().write_vectored(bufs)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What flushing means to `T` is not known; to a socket nothing, whether it is writable or not. So it is tried
        // before it waits.
        match self.get_ref().flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            flushed => return Poll::Ready(flushed),
        }
        self.source.poll_op(
            Direction::Write,
            cx,
            Waiter::Task,
            || self.get_ref().flush(),
            |()| true,
        )
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: IoSafe> Async<T> {
    /// Like `poll_bytes`, for a handle that reads and writes only through a mutable reference.
    fn poll_bytes_mut(
        &mut self,
        direction: Direction,
        cx: &mut Context<'_>,
        room: usize,
        mut op: impl FnMut(&mut T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let (source, io) = (
            &self.source,
            self.io
                .as_mut()
                .expect("the handle is there until `into_inner`"),
        );
        let more = |&done: &usize| source.may_have_more(direction, done, room);
        source.poll_op(direction, cx, Waiter::Task, || op(io), more)
    }
}

impl<T: IoSafe + Read> AsyncRead for Async<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_bytes_mut(Direction::Read, cx, buf.len(), |io| io.read(buf))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = room(bufs.iter().map(|buf| buf.len()));
        self.poll_bytes_mut(Direction::Read, cx, room, |io| io.read_vectored(bufs))
    }
}

impl<T: IoSafe + Write> AsyncWrite for Async<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_bytes_mut(Direction::Write, cx, buf.len(), |io| io.write(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = room(bufs.iter().map(|buf| buf.len()));
        self.poll_bytes_mut(Direction::Write, cx, room, |io| io.write_vectored(bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Tried before it waits, as for `&Async<T>`; a buffering `T` may have to wait in the middle of it.
        let flush = |io: &mut T| io.flush().map(|()| 0);
        let io = self
            .io
            .as_mut()
            .expect("the handle is there until `into_inner`");
        match flush(io) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            flushed => return Poll::Ready(flushed.map(drop)),
        }
        self.poll_bytes_mut(Direction::Write, cx, 0, flush)
            .map_ok(drop)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
