//! The handle inside every stream type: reading, writing and closing, written once.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use leno_reactor::Async;

use crate::waiters::Waiters;

/// A connection of the operating system, whose directions can be shut down one by one.
pub(crate) trait Connection {
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

/// One of the handles of a connection.
///
/// Reading and writing are those of `&Async<T>`, which hold the only poll loop there is: try, and on `WouldBlock` leave
/// a waker with the reactor. What this type adds is which waker that is, because the reactor keeps one a direction:
///
/// - While the connection was never cloned, this handle is the only one that polls, and the waker is that of its task.
///   Nothing is allocated and nothing locked.
/// - With the first clone, all handles share one [`Waiters`] a direction, and the reactor gets the waker made of it.
///   A task that this handle left with the reactor before goes into it too, because the reactor will forget it when
///   another handle polls.
pub(crate) struct Handle<T> {
    io: Arc<Async<T>>,
    /// The tasks that the reactor knows from this handle while there is no other.
    alone: PerDirection<Option<Waker>>,
    shared: OnceLock<Membership>,
}

#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

#[derive(Default)]
struct PerDirection<S> {
    read: S,
    write: S,
}

impl<S> PerDirection<S> {
    fn get(&self, direction: Direction) -> &S {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    fn get_mut(&mut self, direction: Direction) -> &mut S {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }
}

/// That a handle is one of several, until it is dropped.
struct Membership {
    number: u64,
    waiters: Arc<PerDirection<Arc<Waiters>>>,
}

impl Membership {
    fn new(waiters: Arc<PerDirection<Arc<Waiters>>>) -> Membership {
        /// Written and read by whoever clones a stream; it only gives out numbers, so it pairs with nothing.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Membership {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            waiters,
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.waiters.read.leave(self.number);
        self.waiters.write.leave(self.number);
    }
}

impl<T> Handle<T> {
    pub(crate) fn new(io: Arc<Async<T>>) -> Handle<T> {
        Handle {
            io,
            alone: PerDirection::default(),
            shared: OnceLock::new(),
        }
    }

    pub(crate) fn io(&self) -> &Async<T> {
        &self.io
    }

    pub(crate) fn into_arc(self) -> Arc<Async<T>> {
        self.io
    }

    /// Polls `op` with a waker that no other handle will push out of the reactor.
    fn poll<R>(
        &mut self,
        direction: Direction,
        cx: &mut Context<'_>,
        op: impl FnOnce(Pin<&mut &Async<T>>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let mut io = &*self.io;
        let Some(membership) = self.shared.get() else {
            let result = op(Pin::new(&mut io), cx);
            let left = self.alone.get_mut(direction);
            match left {
                _ if result.is_ready() => *left = None,
                Some(waker) => waker.clone_from(cx.waker()),
                None => *left = Some(cx.waker().clone()),
            }
            return result;
        };
        let waiters = membership.waiters.get(direction);
        // Before the attempt: an event that comes right after it must find the task here.
        waiters.join(membership.number, cx.waker());
        let waker = Waker::from(waiters.clone());
        let result = op(Pin::new(&mut io), &mut Context::from_waker(&waker));
        if result.is_ready() {
            waiters.leave(membership.number);
        }
        result
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Handle<T> {
        let mine = self.shared.get_or_init(|| {
            let mine = Membership::new(Arc::default());
            for direction in [Direction::Read, Direction::Write] {
                if let Some(waker) = self.alone.get(direction) {
                    mine.waiters.get(direction).join(mine.number, waker);
                }
            }
            mine
        });
        Handle {
            io: self.io.clone(),
            alone: PerDirection::default(),
            shared: Membership::new(mine.waiters.clone()).into(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl<T> AsyncRead for Handle<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(Direction::Read, cx, |io, cx| io.poll_read(cx, buf))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(Direction::Read, cx, |io, cx| {
            io.poll_read_vectored(cx, bufs)
        })
    }
}

impl<T: Connection> AsyncWrite for Handle<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(Direction::Write, cx, |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(Direction::Write, cx, |io, cx| {
            io.poll_write_vectored(cx, bufs)
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(Direction::Write, cx, |io, cx| io.poll_flush(cx))
    }

    /// Ends the stream for the peer. This handle and its clones can still read.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.io.get_ref().shutdown(Shutdown::Write) {
            // The peer has reset the connection already, so there is no end of the stream to be told.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            closed => closed,
        })
    }
}

/// Implements reading and writing for a public stream type by those of the [`Handle`] in its field `handle`.
macro_rules! read_and_write_by_handle {
    ($stream:ty) => {
        impl ::futures_io::AsyncRead for $stream {
            fn poll_read(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.handle).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &mut [::std::io::IoSliceMut<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.handle).poll_read_vectored(cx, bufs)
            }
        }

        impl ::futures_io::AsyncWrite for $stream {
            fn poll_write(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.handle).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.handle).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::pin::Pin::new(&mut self.handle).poll_flush(cx)
            }

            fn poll_close(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::pin::Pin::new(&mut self.handle).poll_close(cx)
            }
        }
    };
}

pub(crate) use read_and_write_by_handle;

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;
    use std::net::UdpSocket;
    use std::task::Wake;

    /// What a reactor keeps: one waker a direction, and the last one silently replaces the one before.
    #[derive(Default)]
    struct Slot(Option<Waker>);

    impl Slot {
        fn wait(&mut self, handle: &mut Handle<UdpSocket>, waker: &Waker) {
            let mut cx = Context::from_waker(waker);
            let poll = handle.poll(Direction::Read, &mut cx, |_, cx| {
                self.0 = Some(cx.waker().clone());
                Poll::<()>::Pending
            });
            assert!(poll.is_pending());
        }

        fn event(&mut self) {
            self.0.take().expect("somebody waits").wake();
        }
    }

    fn ready(handle: &mut Handle<UdpSocket>, waker: &Waker) {
        let mut cx = Context::from_waker(waker);
        let poll = handle.poll(Direction::Read, &mut cx, |_, _| Poll::Ready(()));
        assert!(poll.is_ready());
    }

    /// Written by `wake`, read by the test on the same thread.
    #[derive(Default)]
    struct Count(AtomicU64);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn handle() -> Handle<UdpSocket> {
        block_on(async {
            let io = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
            Handle::new(Arc::new(io))
        })
    }

    #[test]
    fn no_handle_pushes_another_out_of_the_reactor() {
        let counts: [Arc<Count>; 3] = Default::default();
        let [one, two, three] = counts.clone().map(Waker::from);
        let seen = || counts.clone().map(|count| count.0.load(Ordering::Relaxed));
        let mut slot = Slot::default();
        let mut a = handle();

        slot.wait(&mut a, &one);
        slot.event();
        assert_eq!(seen(), [1, 0, 0]);

        // `a` waits alone, then beside its clones.
        slot.wait(&mut a, &one);
        let mut b = a.clone();
        let mut c = b.clone();
        slot.wait(&mut b, &two);
        slot.wait(&mut c, &three);
        slot.event();
        assert_eq!(seen(), [2, 1, 1]);

        // One that got what it waited for, and one that is gone, aren't woken.
        for (handle, waker) in [(&mut c, &three), (&mut a, &one), (&mut b, &two)] {
            slot.wait(handle, waker);
        }
        ready(&mut a, &one);
        drop(b);
        slot.event();
        assert_eq!(seen(), [2, 1, 2]);
    }

    #[test]
    fn a_task_is_not_kept_after_its_poll_was_ready() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut slot = Slot::default();
        let (mut alone, mut first) = (handle(), handle());
        let mut second = first.clone();
        for handle in [&mut alone, &mut first, &mut second] {
            slot.wait(handle, &waker);
            ready(handle, &waker);
        }
        drop((slot, waker));
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
