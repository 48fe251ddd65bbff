//! One reactor: a poller, the sources registered with it, a timer wheel, and the seat of the thread that waits.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::bench::Bench;
use crate::fork;
use crate::notice::notice;
use crate::park_state::Place;
use crate::readiness::Ready;
use crate::registry::Registry;
use crate::rush::Rush;
use crate::seat::{Seat, Seated};
use crate::source::Source;
use crate::suspicion::Suspicion;
use crate::sync::lock;
use crate::sys;
use crate::wheel::Wheel;

/// The events and timers that one thread at a time waits for.
///
/// An executor makes one for each of its workers (or shares one among several) and keeps it in an `Arc`; sockets and
/// timers registered with it hold a reference too, so it lives until the last of them has moved away or is dropped.
/// It opens no descriptor before the first source is registered: a reactor that only keeps time costs no file.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Parker, Reactor};
/// use std::time::Duration;
///
/// let mut parker = Parker::new(Reactor::new());
/// parker.unparker().unpark();
/// parker.park(None); // returns at once: the notification was waiting
/// parker.park(Some(Duration::from_millis(1)));
/// ```
pub struct Reactor {
    /// Made by the first registration that the OS allows.
    poller: OnceLock<sys::Poller>,
    registry: Mutex<Registry>,
    time: Mutex<Time>,
    pub(crate) seat: Seat,
    pub(crate) bench: Bench,
    /// Whether its thread may be in a loop from which it does not come back.
    pub(crate) suspicion: Suspicion,
    /// Set once, by `retire`; read by whoever finds a source or timer registered here. Relaxed: a reader that is too
    /// early is woken by `retire` and looks again.
    retired: AtomicBool,
    generation: u32,
}

struct Time {
    wheel: Wheel,
    rush: Rush,
    /// How many timers have fired.
    fired: u64,
    /// The sleep of the thread that was last to fall asleep as the keeper of the time.
    asleep: Asleep,
    /// How many times a thread has fallen asleep so: the number of that last `Nap`.
    naps: u64,
}

/// One sleep of a thread that keeps the time. Ends with [`Reactor::awake`], unless a later one has taken its place.
#[derive(Debug)]
pub(crate) struct Nap(u64);

/// Until when the thread that keeps the time sleeps.
#[derive(Clone, Copy, Debug)]
enum Asleep {
    /// It is awake, and will look at the wheel before it sleeps.
    No,
    Until(Instant),
    /// Until notified, as far as timers are concerned.
    Forever,
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("poller", &self.poller)
            .finish_non_exhaustive()
    }
}

impl Reactor {
    /// Makes a reactor with nothing registered.
    pub fn new() -> Arc<Reactor> {
        fork::watch();
        Arc::new(Reactor {
            poller: OnceLock::new(),
            registry: Mutex::default(),
            time: Mutex::new(Time {
                wheel: Wheel::new(Instant::now()),
                rush: Rush::default(),
                fired: 0,
                asleep: Asleep::No,
                naps: 0,
            }),
            seat: Seat::new(),
            bench: Bench::default(),
            suspicion: Suspicion::new(),
            retired: AtomicBool::new(false),
            generation: fork::generation(),
        })
    }

    /// Handles what is ready now and the timers that are due, without waiting: one system call, or none if nothing is
    /// registered. Does nothing if another thread is in the seat. Any thread may call it; the wakers are called on
    /// this one.
    pub fn turn(&self, batch: &mut Batch) {
        if self.poller.get().is_some() && !lock(&self.registry).is_empty() {
            if let Some(seat) = self.seat.sit_for_a_look() {
                self.poll(&seat, batch, Some(Duration::ZERO));
                drop(seat);
                self.bench.call_one(|| self.seat.is_taken());
            }
        }
        self.fire(batch);
        batch.wake_all();
    }

    /// Ends the service of this reactor: no thread will wait in it again. Everything that waits here is woken, and
    /// registers with another reactor when it is polled next.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
        let sources: Vec<Arc<Source>> = lock(&self.registry).iter().cloned().collect();
        let mut batch = Batch::new();
        for source in sources {
            batch.add(&source, source.publish(Ready::READABLE | Ready::WRITABLE));
        }
        lock(&self.time).wheel.evict(batch.wakers());
        batch.wake_all();
        self.bench.call_all();
    }

    /// Whether a registration here is worth nothing any more: it was made before a `fork`, or the executor has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_foreign() || self.retired.load(Ordering::Relaxed)
    }

    /// Whether this is the reactor of the process that this one was forked from. Then its poller and its locks must
    /// not be touched.
    pub(crate) fn is_foreign(&self) -> bool {
        self.generation != fork::generation()
    }

    pub(crate) fn poller(&self) -> Option<&sys::Poller> {
        self.poller.get()
    }

    /// The descriptor of the poller, if it has one and can be made.
    #[cfg(unix)]
    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.open_poller().ok()?.descriptor()
    }

    fn open_poller(&self) -> io::Result<&sys::Poller> {
        if let Some(poller) = self.poller.get() {
            return Ok(poller);
        }
        let poller = sys::Poller::new().map_err(|error| {
            let advice =
                "cannot open a poller; raise the limit on open files (ulimit -n), or close some";
            io::Error::new(error.kind(), format!("{advice}: {error}"))
        })?;
        // If two threads get here at once, one poller is kept and the other closed.
        let poller = self.poller.get_or_init(|| poller);
        // Threads that had nothing to poll sleep on the bench; one of them must move to the seat.
        self.bench.call_all();
        Ok(poller)
    }

    /// Registers a handle and returns its token.
    pub(crate) fn register(&self, source: &Arc<Source>) -> io::Result<u64> {
        let poller = self.open_poller()?;
        let token = lock(&self.registry).insert(source.clone());
        if let Err(error) = poller.add(source.handle(), token) {
            drop(self.forget(token));
            return Err(sys::explain_refusal(error));
        }
        Ok(token)
    }

    /// Undoes `register`. Events that are on the way find nothing. The handle must still be open.
    pub(crate) fn deregister(&self, source: &Source, token: u64) -> io::Result<()> {
        if self.is_foreign() {
            return Ok(());
        }
        drop(self.forget(token));
        match self.poller.get() {
            Some(poller) => poller.delete(source.handle()),
            None => Ok(()),
        }
    }

    fn forget(&self, token: u64) -> Option<Arc<Source>> {
        lock(&self.registry).remove(token)
    }

    /// Whether anything waits for this reactor.
    pub(crate) fn is_awaited(&self) -> bool {
        !lock(&self.time).wheel.is_empty() || lock(&self.registry).iter().any(|s| s.is_awaited())
    }

    /// Whether anything waits for this reactor but timers with one of these wakers. For whoever asks whether the program can
    /// still go on by itself, and waits with a timer to ask again.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::Reactor;
    ///
    /// let reactor = Reactor::new();
    /// assert!(!reactor.is_awaited_besides(&[]));
    /// ```
    pub fn is_awaited_besides(&self, wakers: &[Waker]) -> bool {
        let is_other = |waker: &Waker| !wakers.iter().any(|own| own.will_wake(waker));
        lock(&self.time).wheel.wakers().any(is_other)
            || lock(&self.registry).iter().any(|s| s.is_awaited())
    }

    /// How many timers have fired here.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(leno_reactor::Reactor::new().timers_fired(), 0);
    /// ```
    pub fn timers_fired(&self) -> u64 {
        lock(&self.time).fired
    }

    /// How many events of sockets and other sources the OS has reported here.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(leno_reactor::Reactor::new().events(), 0);
    /// ```
    pub fn events(&self) -> u64 {
        lock(&self.registry).events
    }

    /// Whether the thread that keeps the time here is asleep, and will wake by itself within `time`.
    pub fn wakes_within(&self, time: Duration) -> bool {
        match lock(&self.time).asleep {
            Asleep::Until(end) => end.saturating_duration_since(Instant::now()) <= time,
            Asleep::No | Asleep::Forever => false,
        }
    }

    /// Whether some thread sleeps here, in the seat or beside it.
    pub(crate) fn is_slept_in(&self) -> bool {
        self.seat.is_slept_in() || !self.bench.is_empty()
    }

    /// Waits in the OS, and puts what that brought into `batch`.
    pub(crate) fn poll(&self, _: &Seated<'_>, batch: &mut Batch, timeout: Option<Duration>) {
        let Some(poller) = self.poller.get() else {
            return;
        };
        if let Err(error) = poller.wait(batch.events(), timeout) {
            // Nothing to do about it here but not to spin: sleep, then let the next wait show whether it persists.
            notice(format_args!("waiting for events failed: {error}"));
            std::thread::sleep(Duration::from_millis(10));
            return;
        }
        let (events, found) = batch.parts();
        let (mut disarmed, mut reported) = (Vec::new(), 0);
        let mut registry = lock(&self.registry);
        for (token, ready) in events.iter() {
            if let Some(source) = registry.get(token) {
                found.add(source, source.publish(ready));
                if !poller.edge() {
                    disarmed.push(source.clone());
                }
                reported += 1;
            }
        }
        registry.events += reported;
        drop(registry);
        for source in disarmed {
            // The event in one direction disarmed the other one too. An error here comes back at the next operation.
            let _ = source.rearm(self);
        }
    }

    /// Takes out the timers that are due. Reads the clock only if there are timers.
    pub(crate) fn fire(&self, batch: &mut Batch) {
        let mut time = lock(&self.time);
        if !time.wheel.is_empty() {
            let now = Instant::now();
            let before = batch.wakers().len();
            time.wheel.expire(now, batch.wakers());
            let fired = batch.wakers().len() - before;
            if fired > 0 {
                time.rush.count(fired, now);
                time.fired += fired as u64;
            }
        }
    }

    /// Announces a sleep of at most `limit`, and returns how long it may be.
    ///
    /// Whoever sleeps in the poll keeps the time. On the bench somebody does only while there is no poller; if one was
    /// opened meanwhile, the sleeper is about to be called to it, and must not stand in for whoever sits there already.
    pub(crate) fn fall_asleep(
        &self,
        place: Place,
        limit: Option<Duration>,
    ) -> (Nap, Option<Duration>) {
        let mut time = lock(&self.time);
        if place == Place::Bench && self.poller.get().is_some() {
            return (Nap(0), limit);
        }
        time.naps += 1;
        let nap = Nap(time.naps);
        let Some(deadline) = time.wheel.next_wakeup() else {
            time.asleep = Asleep::Forever;
            return (nap, limit);
        };
        let now = Instant::now();
        let until_next = time.rush.sleep(deadline.saturating_duration_since(now));
        let timeout = limit.map_or(until_next, |limit| limit.min(until_next));
        time.asleep = Asleep::Until(now + timeout);
        (nap, Some(timeout))
    }

    /// The counterpart of `fall_asleep`; takes out the timers that are due.
    pub(crate) fn awake(&self, nap: Nap, batch: &mut Batch) {
        let mut time = lock(&self.time);
        if time.naps == nap.0 {
            time.asleep = Asleep::No;
        }
        drop(time);
        self.fire(batch);
    }

    /// Runs `change` on the wheel; if that brought a deadline that whoever sleeps here would miss, wakes it.
    pub(crate) fn with_wheel<R>(
        &self,
        deadline: Option<Instant>,
        change: impl FnOnce(&mut Wheel) -> R,
    ) -> R {
        let mut time = lock(&self.time);
        let result = change(&mut time.wheel);
        let oversleeps = deadline.is_some_and(|deadline| match time.asleep {
            Asleep::No => false,
            Asleep::Until(end) => deadline < end,
            Asleep::Forever => true,
        });
        if oversleeps {
            time.asleep = Asleep::No;
        }
        drop(time);
        if oversleeps {
            self.rouse();
        }
        result
    }

    /// Wakes the thread that keeps the time, to look at the wheel again.
    fn rouse(&self) {
        match self.poller.get() {
            Some(poller) => poller.notify(),
            None => self.bench.call_one(|| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_the_bench_does_not_end_the_sleep_of_who_sits() {
        let reactor = Reactor::new();
        let mut batch = Batch::new();
        // A thread sleeps on the bench, since there is no poller. Then one comes and another thread takes the seat.
        let (benched, _) = reactor.fall_asleep(Place::Bench, None);
        reactor.open_poller().unwrap();
        let seat = reactor.seat.sit().unwrap();
        let (_seated, timeout) = reactor.fall_asleep(Place::Poll, None);
        assert_eq!(timeout, None);
        reactor.awake(benched, &mut batch);

        let soon = Instant::now() + Duration::from_millis(1);
        reactor.with_wheel(Some(soon), |wheel| {
            wheel.insert(soon, Waker::noop().clone())
        });
        let start = Instant::now();
        reactor.poll(&seat, &mut batch, Some(Duration::from_secs(30)));
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "whoever sits was not woken for the earlier deadline"
        );
    }

    #[test]
    fn who_comes_late_to_the_bench_does_not_stand_in_for_who_sits() {
        let reactor = Reactor::new();
        let mut batch = Batch::new();
        reactor.open_poller().unwrap();
        let seat = reactor.seat.sit().unwrap();
        let _ = reactor.fall_asleep(Place::Poll, None);
        // It saw no poller when it decided to sleep on the bench.
        let (late, _) = reactor.fall_asleep(Place::Bench, Some(Duration::ZERO));
        reactor.awake(late, &mut batch);

        let soon = Instant::now() + Duration::from_millis(1);
        reactor.with_wheel(Some(soon), |wheel| {
            wheel.insert(soon, Waker::noop().clone())
        });
        let start = Instant::now();
        reactor.poll(&seat, &mut batch, Some(Duration::from_secs(30)));
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
