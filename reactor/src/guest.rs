//! The reactor of all threads that are no workers, and its attendant.
//!
//! Whoever is in `block_on` waits in the guest reactor. But a socket or timer may also be awaited on a thread that
//! leno knows nothing of, under any executor; then, and when the last `block_on` has left something behind that still
//! waits, a thread of its own attends to it. It is started at the first need and sleeps when nothing waits, so a
//! program that only uses `block_on` has one thread.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::fork::PerProcess;
use crate::notice::notice;
use crate::parker::Parker;
use crate::reactor::Reactor;
use crate::sync::lock;
use crate::vigil;

/// How long the attendant stays when nothing waits any more.
const LINGER: Duration = Duration::from_millis(10);

/// The guests' reactor and what its attendant needs. Lives for ever; a forked child makes another one.
struct Guest {
    reactor: Arc<Reactor>,
    /// Whether the attendant is at the reactor or on its way. Swapped by whoever needs it; cleared by the attendant
    /// before it looks one last time for something that waits. Each side has a fence between its store and its look, so
    /// one of the two sees the other.
    attended: AtomicBool,
    attendant: Mutex<Attendant>,
    bell: Condvar,
}

#[derive(Default)]
struct Attendant {
    started: bool,
    called: bool,
}

static GUEST: PerProcess<Guest> = PerProcess::new();

fn guest() -> &'static Guest {
    GUEST.get_or_init(|| Guest {
        reactor: Reactor::new(),
        attended: AtomicBool::new(false),
        attendant: Mutex::default(),
        bell: Condvar::new(),
    })
}

/// The reactor of all threads that are no workers.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Timer, block_on};
/// use std::time::Duration;
///
/// block_on(Timer::after(Duration::from_millis(1)));
/// assert!(leno_reactor::guests().timers_fired() <= 1);
/// ```
pub fn guests() -> &'static Arc<Reactor> {
    reactor()
}

/// The guests' reactor.
pub(crate) fn reactor() -> &'static Arc<Reactor> {
    &guest().reactor
}

/// Whether `reactor` is the guests'.
pub(crate) fn is(reactor: &Arc<Reactor>) -> bool {
    Arc::ptr_eq(reactor, &guest().reactor)
}

/// A thread leaves something behind that waits in the guest reactor: sees to it that somebody else will handle it.
pub(crate) fn inherit() {
    let reactor = &guest().reactor;
    if reactor.seat.is_taken() || !reactor.bench.is_empty() {
        // Others are there, but they may have more to do than to come back.
        vigil::keep(reactor);
    } else {
        attend();
    }
}

/// Calls the attendant to the guest reactor, unless it is there.
pub(crate) fn attend() {
    let guest = guest();
    // What waits is in the reactor by now: either the attendant's last look sees it or this sees that it has left.
    fence(Ordering::SeqCst);
    if guest.attended.load(Ordering::Relaxed) || guest.attended.swap(true, Ordering::AcqRel) {
        return;
    }
    let mut attendant = lock(&guest.attendant);
    attendant.called = true;
    if attendant.started {
        drop(attendant);
        guest.bell.notify_one();
        return;
    }
    let started = std::thread::Builder::new()
        .name("leno-guest".into())
        .spawn(move || work(guest));
    match started {
        Ok(_) => attendant.started = true,
        Err(error) => {
            // The next one that waits tries again; `block_on` on any thread serves meanwhile.
            guest.attended.store(false, Ordering::Release);
            drop(attendant);
            notice(format_args!(
                "cannot start the thread that waits for sockets and timers outside of `leno::block_on` ({error}); they \
                 wait until a thread calls `block_on`, or something else begins to wait and threads can be had again"
            ));
        }
    }
}

fn work(guest: &'static Guest) {
    let mut parker = Parker::faithful(guest.reactor.clone());
    loop {
        let mut attendant = lock(&guest.attendant);
        while !attendant.called {
            attendant = guest
                .bell
                .wait(attendant)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        attendant.called = false;
        drop(attendant);
        // Whoever was woken last may be about to wait again: it stays for a moment longer.
        let mut lingers = false;
        while guest.reactor.is_awaited() || !std::mem::replace(&mut lingers, true) {
            if guest.reactor.is_awaited() {
                lingers = false;
                parker.park(None);
            } else {
                parker.park(Some(LINGER));
            }
        }
        parker.leave();
        guest.attended.store(false, Ordering::Release);
        fence(Ordering::SeqCst);
        // Something may have begun to wait after the last look and found `attended` still set.
        if guest.reactor.is_awaited() {
            attend();
        }
    }
}
