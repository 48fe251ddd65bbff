//! How a thread that has nothing to run sleeps: in its reactor's seat if it is free, else beside it.

use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::park_state::{ParkState, Place};
use crate::reactor::Reactor;
use crate::{sys, vigil};

/// Puts one thread to sleep until its reactor has events, a timer is due, or an [`Unparker`] calls.
///
/// Owned by the thread that sleeps: a worker, or one level of `block_on`. If the reactor's seat is free the thread
/// takes it and sleeps in the OS poll, one system call; otherwise it sleeps on a condition variable of its own while
/// somebody else polls.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Parker, Reactor};
///
/// let mut parker = Parker::new(Reactor::new());
/// let unparker = parker.unparker();
/// let thread = std::thread::spawn(move || unparker.unpark());
/// parker.park(None);
/// thread.join().unwrap();
/// ```
#[derive(Debug)]
pub struct Parker {
    state: Arc<ParkState>,
    reactor: Arc<Reactor>,
    batch: Batch,
    /// Whether its thread does nothing else than to come back.
    faithful: bool,
}

/// Wakes the thread of a [`Parker`]. Cheap to clone; outlives the parker without harm.
#[derive(Clone, Debug)]
pub struct Unparker {
    state: Arc<ParkState>,
    reactor: Arc<Reactor>,
}

impl Parker {
    /// A parker for the calling thread, or for the one that it is moved to, at `reactor`.
    pub fn new(reactor: Arc<Reactor>) -> Parker {
        Parker {
            state: Arc::new(ParkState::new()),
            reactor,
            batch: Batch::new(),
            faithful: false,
        }
    }

    /// For a thread that does nothing else than to sleep here.
    pub(crate) fn faithful(reactor: Arc<Reactor>) -> Parker {
        Parker {
            faithful: true,
            ..Parker::new(reactor)
        }
    }

    /// The other end.
    pub fn unparker(&self) -> Unparker {
        Unparker {
            state: self.state.clone(),
            reactor: self.reactor.clone(),
        }
    }

    /// The reactor at which this thread sleeps.
    pub fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// Sleeps until something happens, at most for `limit`, and calls the wakers of what happened. May return early
    /// for no visible reason; returns at once, without a system call, if a notification is waiting.
    ///
    /// True if it has looked at the reactor, so that a [`turn`](Parker::turn) need not follow soon. A thread that is
    /// notified all the time may park again and again without looking.
    ///
    /// Call [`leave`](Parker::leave) before doing anything else than parking again.
    pub fn park(&mut self, limit: Option<Duration>) -> bool {
        let has_looked = self.sleep(limit);
        self.wake_all();
        has_looked
    }

    /// As [`park`](Parker::park), but leaves the wakers to [`wake_all`](Parker::wake_all): a waker is foreign code that may take
    /// its time, and who counts as asleep until `park` returns may have something to say before it is run.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_reactor::{Parker, Reactor};
    ///
    /// let mut parker = Parker::new(Reactor::new());
    /// parker.unparker().unpark();
    /// parker.sleep(None); // returns at once: the notification was waiting
    /// if parker.has_wakers() {
    ///     println!("somebody is about to be woken");
    ///     parker.wake_all();
    /// }
    /// parker.leave();
    /// ```
    pub fn sleep(&mut self, limit: Option<Duration>) -> bool {
        if self.state.take_notification() {
            return false;
        }
        if self.reactor.is_foreign() {
            self.park_alone(limit);
            return false;
        }
        self.reactor.suspicion.visit();
        if self.reactor.poller().is_some() {
            if let Some(seat) = self.reactor.seat.sit() {
                let sleeps = self.state.prepare(Place::Poll);
                if sleeps {
                    let (nap, timeout) = self.reactor.fall_asleep(Place::Poll, limit);
                    self.reactor.poll(&seat, &mut self.batch, timeout);
                    self.state.finish();
                    self.reactor.awake(nap, &mut self.batch);
                }
                drop(seat);
                return sleeps;
            }
        }
        self.park_on_bench(limit);
        false
    }

    /// In a forked child that came out of its parent's `block_on`: to wait in the parent's reactor would take the
    /// parent's events, and its locks may be held by threads that are not here.
    #[cold]
    fn park_alone(&self, limit: Option<Duration>) {
        if self.state.prepare(Place::Bench) {
            self.state.sleep_on_bench(limit);
            self.state.finish();
        }
    }

    fn park_on_bench(&mut self, limit: Option<Duration>) {
        self.reactor.bench.join(&self.state);
        // Without a poller there is nothing to sit at: whoever sleeps here keeps the time.
        let keeps_time = self.reactor.poller().is_none();
        if !keeps_time && !self.reactor.seat.is_taken() {
            // Somebody left between the try and the bench. The caller comes back and takes the seat.
            self.reactor.bench.leave(&self.state);
            return;
        }
        if self.state.prepare(Place::Bench) {
            let (nap, timeout) = self.reactor.fall_asleep(Place::Bench, limit);
            if timeout.is_some() {
                sys::be_punctual();
            }
            self.state.sleep_on_bench(timeout);
            self.state.finish();
            self.reactor.awake(nap, &mut self.batch);
        }
        self.reactor.bench.leave(&self.state);
    }

    /// Whether the last [`sleep`](Parker::sleep) has brought wakers to call.
    pub fn has_wakers(&self) -> bool {
        self.batch.has_wakers()
    }

    /// Calls the wakers that the last [`sleep`](Parker::sleep) has brought.
    pub fn wake_all(&mut self) {
        self.batch.wake_all();
    }

    /// Says that this thread goes on to other work: if the seat is free and somebody sleeps beside it, that thread is
    /// called to it.
    pub fn leave(&self) {
        if !self.reactor.is_foreign() {
            // It begins with a fence, which the look at the suspicion needs, too.
            self.reactor.bench.call_one(|| self.reactor.seat.is_taken());
            if self.reactor.suspicion.is_dormant() && !self.faithful {
                vigil::keep(&self.reactor);
            }
        }
    }

    /// Handles what is ready now, without waiting. See [`Reactor::turn`].
    pub fn turn(&mut self) {
        if !self.reactor.is_foreign() {
            self.reactor.suspicion.visit();
            self.reactor.turn(&mut self.batch);
        }
    }

    /// Forgets a notification that came while nobody slept. True if there was one.
    pub(crate) fn take_notification(&self) -> bool {
        self.state.take_notification()
    }
}

impl Unparker {
    /// Makes the thread's current or next [`park`](Parker::park) return. A thread that is awake costs one atomic
    /// operation; one that sleeps, one system call.
    pub fn unpark(&self) {
        if self.state.notify() {
            if let Some(poller) = self.reactor.poller() {
                poller.notify();
            }
        }
    }
}
