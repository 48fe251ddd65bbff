//! The timer that users see: a future and a stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_core::Stream;
use leno_waits::Wait;

use crate::reactor::Reactor;
use crate::wheel::{Fired, Key};
use crate::{budget, current};

/// A future that is ready at a point in time, or a stream of such points.
///
/// As a future it yields the [`Instant`] at which it was due. As a stream it yields each instant at which it was due:
/// one for [`after`](Timer::after) and [`at`](Timer::at), and one a period for [`interval`](Timer::interval). A timer
/// never fires early. Late it is by what the OS takes to wake a thread, some tens of microseconds on an idle Linux
/// machine, up to a tenth of a millisecond where timers fire by the tens of thousands a second, and by as long as the
/// thread it was first polled on is busy.
///
/// A timer is registered with the reactor of the thread that first polls it and costs no allocation of its own there.
/// Creating one that is never polled costs a look at the clock. Dropping it takes it out of the reactor.
///
/// # Cancel safety
///
/// Dropping a pending `&mut timer` future, or a `next()` on the stream, loses nothing: the deadline stays.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Timer, block_on};
/// use std::time::{Duration, Instant};
///
/// block_on(async {
///     let start = Instant::now();
///     let due = Timer::after(Duration::from_millis(5)).await;
///     assert!(due - start >= Duration::from_millis(5));
/// });
/// ```
#[derive(Debug)]
#[must_use = "a timer does nothing unless it is awaited or polled as a stream"]
pub struct Timer {
    /// When it is due next; `None` for never.
    when: Option<Instant>,
    /// The distance of the following ones. `Duration::MAX`: there is none.
    period: Duration,
    entry: Option<Entry>,
}

/// Where a polled timer waits.
#[derive(Debug)]
struct Entry {
    reactor: Arc<Reactor>,
    key: Key,
}

impl Entry {
    fn new(reactor: &Arc<Reactor>, when: Instant, waker: Waker) -> Entry {
        let left = waker.data();
        let key = reactor.with_wheel(Some(when), |wheel| wheel.insert(when, waker));
        current::attend(reactor, left);
        Entry {
            reactor: reactor.clone(),
            key,
        }
    }
}

impl Timer {
    const fn new(when: Option<Instant>, period: Duration) -> Timer {
        Timer {
            when,
            period,
            entry: None,
        }
    }

    /// A timer that never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::FutureExt;
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// // A time limit that may be absent.
    /// let limit: Option<Duration> = None;
    /// let timer = limit.map_or_else(Timer::never, Timer::after);
    /// let result = block_on(async { Some(7) }.or(async { timer.await; None }));
    /// assert_eq!(result, Some(7));
    /// ```
    pub const fn never() -> Timer {
        Timer::new(None, Duration::MAX)
    }

    /// A timer that fires once, `duration` from now. One that is too far away to be an [`Instant`] never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Timer, block_on};
    /// block_on(Timer::after(std::time::Duration::from_micros(200)));
    /// ```
    pub fn after(duration: Duration) -> Timer {
        Timer::new(Instant::now().checked_add(duration), Duration::MAX)
    }

    /// A timer that fires once, at `instant`. In the past means at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Instant;
    ///
    /// let now = Instant::now();
    /// assert_eq!(block_on(Timer::at(now)), now);
    /// ```
    pub const fn at(instant: Instant) -> Timer {
        Timer::new(Some(instant), Duration::MAX)
    }

    /// A timer that fires every `period`, first one `period` from now.
    ///
    /// The deadlines are a fixed grid, so they do not drift; one that is polled late catches up with the missed ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// let ticks = block_on(Timer::interval(Duration::from_millis(1)).take(3).count());
    /// assert_eq!(ticks, 3);
    /// ```
    pub fn interval(period: Duration) -> Timer {
        Timer::new(Instant::now().checked_add(period), period)
    }

    /// A timer that fires at `start` and every `period` after it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let mut ticks = Timer::interval_at(start, Duration::from_millis(1));
    /// block_on(async {
    ///     assert_eq!(ticks.next().await, Some(start));
    ///     assert_eq!(ticks.next().await, Some(start + Duration::from_millis(1)));
    /// });
    /// ```
    pub const fn interval_at(start: Instant, period: Duration) -> Timer {
        Timer::new(Some(start), period)
    }

    /// Whether the timer will fire (again): it has a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// let mut timer = Timer::after(Duration::ZERO);
    /// assert!(timer.will_fire());
    /// block_on(&mut timer);
    /// assert!(!timer.will_fire());
    /// ```
    pub const fn will_fire(&self) -> bool {
        self.when.is_some()
    }

    /// Makes it a timer that fires once, `duration` from now, whatever it was. A task that waits for it goes on to wait
    /// for the new deadline once it is polled again; the waker it left stays with the timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// let mut timer = Timer::after(Duration::from_secs(3600));
    /// timer.set_after(Duration::from_millis(1));
    /// block_on(timer);
    /// ```
    pub fn set_after(&mut self, duration: Duration) {
        self.set(Instant::now().checked_add(duration), Duration::MAX);
    }

    /// Makes it a timer that fires once, at `instant`.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Instant;
    ///
    /// let mut timer = Timer::never();
    /// timer.set_at(Instant::now());
    /// block_on(timer);
    /// ```
    pub fn set_at(&mut self, instant: Instant) {
        self.set(Some(instant), Duration::MAX);
    }

    /// Makes it a timer that fires every `period`, first one `period` from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// let mut timer = Timer::never();
    /// timer.set_interval(Duration::from_millis(1));
    /// assert_eq!(block_on(timer.take(2).count()), 2);
    /// ```
    pub fn set_interval(&mut self, period: Duration) {
        self.set(Instant::now().checked_add(period), period);
    }

    /// Makes it a timer that fires at `start` and every `period` after it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use leno_reactor::{Timer, block_on};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut timer = Timer::never();
    /// timer.set_interval_at(Instant::now(), Duration::from_millis(1));
    /// assert_eq!(block_on(timer.take(2).count()), 2);
    /// ```
    pub fn set_interval_at(&mut self, start: Instant, period: Duration) {
        self.set(Some(start), period);
    }

    /// Makes it a timer that never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::Timer;
    /// use std::time::Duration;
    ///
    /// let mut timer = Timer::after(Duration::from_secs(1));
    /// timer.clear();
    /// assert!(!timer.will_fire());
    /// ```
    pub fn clear(&mut self) {
        self.set(None, Duration::MAX);
    }

    fn set(&mut self, when: Option<Instant>, period: Duration) {
        self.when = when;
        self.period = period;
        if let Some(Entry { reactor, key }) = self.entry.take() {
            if reactor.is_foreign() {
                return;
            }
            let Some(when) = when else {
                drop(reactor.with_wheel(None, |wheel| wheel.remove(key)));
                return;
            };
            // A task may be waiting for the old deadline already: its waker moves to the new one. In one go, or whoever
            // waits on others' behalf could find the wheel empty and leave.
            let moved = reactor.with_wheel(Some(when), |wheel| {
                wheel.remove(key).map(|waker| wheel.insert(when, waker))
            });
            self.entry = moved.map(|key| Entry { reactor, key });
        }
    }

    fn deregister(&mut self) {
        if let Some(Entry { reactor, key }) = self.entry.take() {
            if !reactor.is_foreign() {
                // Returned out of the lock before it is dropped: it is user code.
                drop(reactor.with_wheel(None, |wheel| wheel.remove(key)));
            }
        }
    }

    /// Whether `when` has come; if not, the task is registered.
    fn poll_due(&mut self, when: Instant, cx: &mut Context<'_>) -> Poll<()> {
        // The clock decides, not the wheel: the thread that turns the wheel may be busy.
        if Instant::now() >= when {
            // One that is always due already must not keep its worker for ever.
            if !budget::spend(cx) {
                return Poll::Pending;
            }
            self.deregister();
            return Poll::Ready(());
        }
        if let Some(Entry { reactor, key }) =
            self.entry.as_ref().filter(|entry| !entry.reactor.is_gone())
        {
            let key = *key;
            match reactor.with_wheel(None, |wheel| wheel.wakes_same(key, cx.waker())) {
                Ok(true) => {
                    // The thread may have come back since, and may now be astray all the same.
                    current::attend(reactor, cx.waker().data());
                    return Poll::Pending;
                }
                Ok(false) => {
                    // Wakers are user code: cloned before the lock is taken, dropped after it.
                    let waker = cx.waker().clone();
                    if let Ok(former) = reactor.with_wheel(None, |wheel| wheel.replace(key, waker))
                    {
                        drop(former);
                        // Whoever kept the time for the earlier task may have other things to do.
                        current::attend(reactor, cx.waker().data());
                        return Poll::Pending;
                    }
                }
                Err(Fired) => {}
            }
        }
        // It was not registered, or has fired since the look at the clock and woke another task than this one, or its
        // reactor has ended. If it is due, the next look at the wheel will see that.
        self.deregister();
        let waker = cx.waker().clone();
        self.wait_with(
            current::with(|reactor| Entry::new(reactor, when, waker)),
            cx,
        );
        Poll::Pending
    }

    fn wait_with(&mut self, entry: Entry, cx: &mut Context<'_>) {
        if entry.reactor.is_gone() {
            // It has ended since it was chosen, and may not have seen this entry among those to be woken.
            cx.waker().wake_by_ref();
        }
        self.entry = Some(entry);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl Future for Timer {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        match self.as_mut().poll_next(cx) {
            Poll::Ready(Some(when)) => Poll::Ready(when),
            // A timer that will not fire is pending for ever, also after it has fired once.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Stream for Timer {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        let Some(when) = self.when else {
            leno_waits::note(Wait::Never);
            return Poll::Pending;
        };
        if self.poll_due(when, cx).is_pending() {
            leno_waits::note(Wait::Timer(when));
            return Poll::Pending;
        }
        self.when = if self.period == Duration::MAX {
            None
        } else {
            when.checked_add(self.period)
        };
        Poll::Ready(Some(when))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn an_entry_that_comes_after_the_end_of_its_reactor_is_polled_again() {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        let mut timer = Timer::after(Duration::from_secs(3600));
        let reactor = Reactor::new();
        // Between the choice of the reactor and the entry, it ends.
        reactor.retire();
        let entry = Entry::new(&reactor, timer.when.unwrap(), waker.clone());
        timer.wait_with(entry, &mut cx);
        assert!(flag.0.load(Ordering::SeqCst), "nobody else would wake it");

        assert!(Pin::new(&mut timer).poll(&mut cx).is_pending());
        let entry = timer.entry.as_ref().unwrap();
        assert!(!Arc::ptr_eq(&entry.reactor, &reactor));
        assert!(
            !reactor.is_awaited(),
            "the entry has left the reactor that ended"
        );
    }
}
