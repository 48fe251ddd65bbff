//! The futures that wait until a handle is ready.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Async;
use crate::readiness::Direction;
use crate::waiters::{Listener, Waiter};

/// Waits for one direction of the handle that `H` leads to.
struct Wait<H> {
    handle: H,
    direction: Direction,
    listener: Listener,
}

impl<H> Wait<H> {
    fn new(handle: H, direction: Direction) -> Wait<H> {
        Wait {
            handle,
            direction,
            listener: Listener::default(),
        }
    }

    fn poll<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        H: std::ops::Deref<Target = Async<T>>,
    {
        let waiter = Waiter::Listener(&mut self.listener);
        self.handle.source.poll_ready(self.direction, cx, waiter)
    }
}

macro_rules! ready_future {
    ($(#[$doc:meta])* $name:ident, $handle:ty, $direction:expr, [$($lifetime:lifetime)?]) => {
        $(#[$doc])*
        #[must_use = "futures do nothing unless you `.await` or poll them"]
        pub struct $name<$($lifetime,)? T>(Wait<$handle>);

        impl<$($lifetime,)? T> $name<$($lifetime,)? T> {
            pub(super) fn new(handle: $handle) -> Self {
                $name(Wait::new(handle, $direction))
            }
        }

        impl<$($lifetime,)? T> Unpin for $name<$($lifetime,)? T> {}

        impl<$($lifetime,)? T> Future for $name<$($lifetime,)? T> {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.poll(cx)
            }
        }

        impl<$($lifetime,)? T> fmt::Debug for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

ready_future! {
    /// The future of [`Async::readable`]. Borrows the handle; dropping it takes nothing out of the handle.
    Readable, &'a Async<T>, Direction::Read, ['a]
}

ready_future! {
    /// The future of [`Async::writable`]. Borrows the handle; dropping it takes nothing out of the handle.
    Writable, &'a Async<T>, Direction::Write, ['a]
}

ready_future! {
    /// The future of [`Async::readable_owned`]. Keeps the handle open until it is dropped.
    ReadableOwned, Arc<Async<T>>, Direction::Read, []
}

ready_future! {
    /// The future of [`Async::writable_owned`]. Keeps the handle open until it is dropped.
    WritableOwned, Arc<Async<T>>, Direction::Write, []
}
