//! Giving a future only so much time.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::Timer;

/// Awaits a future, but for no longer than `duration`.
///
/// The clock starts at the call, not at the first poll. The future is polled before the clock is looked at, so one that
/// is ready gives its output, however late it is; a `duration` of zero means "if it is ready now". `Duration::MAX`, and
/// anything else beyond what an [`Instant`](std::time::Instant) can hold, never runs out.
///
/// # Errors
///
/// [`TimedOut`] if the time is up and the future is not ready. It converts into an [`io::Error`] of the kind
/// [`TimedOut`](io::ErrorKind::TimedOut), so `?` works in a function that returns [`io::Result`].
///
/// # Cancel safety
///
/// A time-out cancels: the future is owned by the [`Timeout`] and dropped with it, which is right away where the
/// `Timeout` is awaited. What the future had not handed over is then lost exactly as if it was dropped by hand: nothing
/// for a `read` or an `accept`, but a `read_exact` loses what it had read so far. To keep a future for another try, give
/// `timeout` a `&mut` of it.
///
/// A future that never returns from its `poll` can't be timed out.
///
/// # Examples
///
/// ```
/// use leno::{future, io, timeout};
/// use std::time::Duration;
///
/// # leno::block_on(async {
/// let quick = timeout(Duration::from_secs(10), async { 7 }).await;
/// assert_eq!(quick, Ok(7));
///
/// let never = timeout(Duration::from_millis(1), future::pending::<()>()).await;
/// assert!(never.is_err());
/// # });
/// ```
///
/// With a fallible operation there are two results, one in the other; `?` takes the outer one off:
///
/// ```
/// use leno::net::TcpStream;
/// use leno::{io, prelude::*, timeout};
/// use std::time::Duration;
///
/// async fn greet(stream: &mut TcpStream) -> io::Result<()> {
///     timeout(Duration::from_secs(5), stream.write_all(b"hello\n")).await?
/// }
/// ```
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        timer: Timer::after(duration),
    }
}

pin_project! {
    /// The future of [`timeout()`]: the output of `F`, or [`TimedOut`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        #[pin]
        timer: Timer,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.timer.poll(cx).map(|_instant| Err(TimedOut(())))
    }
}

/// The error of [`timeout()`]: the future was not ready in time.
///
/// ```
/// use leno::{future, io, timeout};
/// use std::time::Duration;
///
/// # leno::block_on(async {
/// let late = timeout(Duration::ZERO, future::pending::<()>()).await;
/// let error = io::Error::from(late.unwrap_err());
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut(());

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation was not ready in time")
    }
}

impl Error for TimedOut {}

impl From<TimedOut> for io::Error {
    fn from(timed_out: TimedOut) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, timed_out)
    }
}

#[cfg(test)]
mod tests {
    use super::{TimedOut, timeout};
    use crate::{block_on, future};
    use std::cell::Cell;
    use std::io;
    use std::time::{Duration, Instant};

    #[test]
    fn a_ready_future_wins_over_a_past_deadline() {
        let mut late = Box::pin(timeout(Duration::ZERO, async { 1 }));
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(block_on(&mut late), Ok(1));
    }

    #[test]
    fn a_future_that_is_not_ready_is_polled_once_before_a_past_deadline_counts() {
        let polls = Cell::new(0);
        let count = future::poll_fn(|_cx| {
            polls.set(polls.get() + 1);
            std::task::Poll::<()>::Pending
        });
        assert!(block_on(timeout(Duration::ZERO, count)).is_err());
        assert_eq!(polls.get(), 1);
    }

    #[test]
    fn time_is_up_when_it_is_and_not_before() {
        let start = Instant::now();
        let result = block_on(timeout(Duration::from_millis(20), future::pending::<()>()));
        assert_eq!(result, Err(TimedOut(())));
        assert!(start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn the_clock_starts_at_the_call() {
        let start = Instant::now();
        let mut waiting = timeout(Duration::from_millis(20), future::pending::<()>());
        std::thread::sleep(Duration::from_millis(25));
        // Already over at the first poll, which must then see it without another wake-up.
        let over = block_on(future::poll_once(&mut waiting));
        assert_eq!(over, Some(Err(TimedOut(()))), "after {:?}", start.elapsed());
    }

    #[test]
    fn an_endless_duration_never_runs_out() {
        let mut endless = Box::pin(timeout(Duration::MAX, future::pending::<()>()));
        let polled = block_on(future::poll_once(&mut endless));
        assert_eq!(polled, None);
        assert_eq!(block_on(timeout(Duration::MAX, async { 1 })), Ok(1));
    }

    #[test]
    fn the_future_is_dropped_with_the_timeout() {
        struct Flag<'a>(&'a Cell<u32>);
        impl Drop for Flag<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }

        let drops = Cell::new(0);
        let flag = Flag(&drops);
        block_on(async {
            let result = timeout(Duration::from_millis(1), async move {
                let _held = flag;
                future::pending::<()>().await;
            })
            .await;
            assert!(result.is_err());
            assert_eq!(drops.get(), 1);
        });
    }

    #[test]
    fn a_borrowed_future_survives_its_time_out() {
        block_on(async {
            let (sender, receiver) = crate::channel::bounded(1);
            let mut receive = Box::pin(receiver.recv());
            assert!(timeout(Duration::ZERO, &mut receive).await.is_err());
            sender.send(5).await.expect("the receiver is there");
            assert_eq!(timeout(Duration::MAX, &mut receive).await, Ok(Ok(5)));
        });
    }

    #[test]
    fn the_error_becomes_an_io_error() {
        async fn read() -> io::Result<u32> {
            timeout(Duration::ZERO, future::pending::<io::Result<u32>>()).await?
        }
        let error = block_on(read()).expect_err("nothing is ever read");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.get_ref().is_some_and(|inner| inner.is::<TimedOut>()));
        assert_eq!(error.to_string(), TimedOut(()).to_string());
    }
}
