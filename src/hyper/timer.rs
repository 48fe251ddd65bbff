//! Telling hyper when time is up.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::hyper::rt;
use pin_project_lite::pin_project;

/// leno's timers for hyper.
///
/// Give it to each `Builder` of hyper that takes one: without it a server's default `header_read_timeout` is silently off.
///
/// ```
/// use hyper::server::conn::http1;
/// use std::time::Duration;
///
/// let mut http = http1::Builder::new();
/// http.timer(leno::hyper::Timer::new())
///     .header_read_timeout(Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timer;

impl Timer {
    /// A source of timers. It holds nothing and costs nothing.
    pub const fn new() -> Timer {
        Timer
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            timer: crate::Timer::after(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            timer: crate::Timer::at(deadline),
        })
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // hyper does this for every request of a connection: keep the allocation.
            Some(sleep) => sleep.project().timer.set_at(new_deadline),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

pin_project! {
    /// A [`Timer`](crate::Timer) that tells only that it fired, not when.
    struct Sleep {
        timer: crate::Timer,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(self.project().timer).poll(cx).map(drop)
    }
}

impl rt::Sleep for Sleep {}

#[cfg(test)]
mod tests {
    use super::Timer;
    use ::hyper::rt::Timer as _;
    use std::time::{Duration, Instant};

    #[test]
    fn a_reset_sleep_keeps_its_allocation_and_takes_the_new_deadline() {
        let far = Instant::now() + Duration::from_secs(3600);
        let mut sleep = Timer::new().sleep_until(far);
        let before: *const () = (&raw const *sleep).cast();

        let soon = Instant::now() + Duration::from_millis(5);
        Timer::new().reset(&mut sleep, soon);
        assert_eq!(before, (&raw const *sleep).cast());

        crate::block_on(sleep);
        assert!(soon <= Instant::now());
    }

    #[test]
    fn a_reset_can_move_a_deadline_back() {
        let mut sleep = Timer::new().sleep(Duration::from_millis(1));
        let later = Instant::now() + Duration::from_millis(20);
        Timer::new().reset(&mut sleep, later);
        crate::block_on(sleep);
        assert!(later <= Instant::now());
    }

    #[test]
    fn a_sleep_of_another_timer_is_replaced() {
        struct Never;
        impl Future for Never {
            type Output = ();
            fn poll(
                self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<()> {
                std::task::Poll::Pending
            }
        }
        impl ::hyper::rt::Sleep for Never {}

        let mut sleep: std::pin::Pin<Box<dyn ::hyper::rt::Sleep>> = Box::pin(Never);
        Timer::new().reset(&mut sleep, Instant::now());
        crate::block_on(sleep);
    }

    #[test]
    fn an_endless_sleep_does_not_overflow() {
        let sleep = Timer::new().sleep(Duration::MAX);
        let first = crate::block_on(crate::future::or(
            async {
                sleep.await;
                "fired"
            },
            async {
                crate::Timer::after(Duration::from_millis(1)).await;
                "pending"
            },
        ));
        assert_eq!(first, "pending");
    }
}
