//! The watch over threads that may not come back to their reactor.
//!
//! A thread in `block_on`, or a worker, goes back to its reactor when what it polls is pending, and handles the events
//! there. But inside of what it polls another executor may block on a future of its own, and leno can't see that: only that
//! a socket or timer waits with a waker that is not the thread's. Most such waits are harmless; `FuturesUnordered` has
//! wakers of its own too, and the thread comes back. So the wait only raises a suspicion, as do other waits that somebody
//! else could go on with while the thread is busy. A thread that keeps vigil looks every ten milliseconds; a reactor to which
//! nobody came between two looks, where nobody sleeps and something waits, is one whose thread has gone astray, and the vigil
//! sits in for it until it comes.
//!
//! A reactor whose thread sleeps there is served. The vigil leaves it alone, and the thread calls it when it wakes: so an idle
//! program makes no system call. The vigil's own thread is started at the first suspicion, and sleeps when there is none.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::fork::PerProcess;
use crate::guest;
use crate::notice::notice;
use crate::parker::Parker;
use crate::reactor::Reactor;
use crate::sync::lock;

/// How long between two looks, and how long the vigil sits in for lost threads meanwhile.
const PERIOD: Duration = Duration::from_millis(10);

/// For how many looks a thread counts as astray though nothing waits any more: whoever was woken last is about to wait again.
const LINGER: u32 = 3;

/// How often to ask the OS for a thread that it refused.
const RETRY: Duration = Duration::from_millis(100);

/// What the vigil's thread and whoever reports to it share. Lives for ever; a forked child makes another one.
#[derive(Default)]
struct Vigil {
    desk: Mutex<Desk>,
    bell: Condvar,
}

#[derive(Default)]
struct Desk {
    reported: Vec<Arc<Reactor>>,
    started: bool,
    /// When the OS last refused the thread. Told of once.
    refused: Option<Instant>,
}

/// A reactor under watch. Owned by the vigil's thread, until its suspicion is lifted.
struct Suspect {
    reactor: Arc<Reactor>,
    /// How many visits there were at the last look.
    visits: u32,
    /// For how many looks more it counts as astray.
    astray: u32,
}

static VIGIL: PerProcess<Vigil> = PerProcess::new();

/// Something waits in `reactor`, to which the calling thread may not come back.
pub(crate) fn keep(reactor: &Arc<Reactor>) {
    if reactor.suspicion.raise() {
        report(reactor);
    }
}

#[cold]
fn report(reactor: &Arc<Reactor>) {
    let vigil = VIGIL.get_or_init(Vigil::default);
    let mut desk = lock(&vigil.desk);
    if !desk.started {
        if desk
            .refused
            .is_some_and(|refused| refused.elapsed() < RETRY)
        {
            // The next wait reports it again.
            return reactor.suspicion.drop_it();
        }
        let thread = std::thread::Builder::new().name("leno-vigil".into());
        if let Err(error) = thread.spawn(move || work(vigil)) {
            reactor.suspicion.drop_it();
            let is_news = desk.refused.replace(Instant::now()).is_none();
            drop(desk);
            if is_news {
                notice(format_args!(
                    "cannot start a thread ({error}); what waits in another executor's `block_on` inside of leno's is not \
                     served until something else begins to wait there and threads can be had"
                ));
            }
            return;
        }
        desk.started = true;
    }
    desk.reported.push(reactor.clone());
    drop(desk);
    vigil.bell.notify_one();
}

fn work(vigil: &'static Vigil) {
    let mut suspects: Vec<Suspect> = Vec::new();
    loop {
        let mut desk = lock(&vigil.desk);
        while suspects.is_empty() && desk.reported.is_empty() {
            desk = vigil
                .bell
                .wait(desk)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        suspects.extend(desk.reported.drain(..).map(Suspect::new));
        drop(desk);
        // Whoever is new among them has a period to come back.
        sit_in(&mut suspects);
        suspects.retain_mut(|suspect| !suspect.is_cleared());
    }
}

/// Lets a period pass, in the reactors whose threads have gone astray if there are any, each for its share.
fn sit_in(suspects: &mut [Suspect]) {
    let astray = suspects.iter_mut().filter(|suspect| suspect.astray > 0);
    let mut astray: Vec<_> = astray.collect();
    match PERIOD.checked_div(astray.len() as u32) {
        Some(share) => astray.iter_mut().for_each(|suspect| suspect.sit_in(share)),
        None => std::thread::sleep(PERIOD),
    }
}

impl Suspect {
    fn new(reactor: Arc<Reactor>) -> Suspect {
        Suspect {
            visits: reactor.suspicion.visits(),
            reactor,
            astray: 0,
        }
    }

    /// Serves the reactor for `share`, or until its own thread is back.
    fn sit_in(&mut self, share: Duration) {
        let end = Instant::now() + share;
        let mut parker = Parker::faithful(self.reactor.clone());
        while self.reactor.suspicion.visits() == self.visits && !self.reactor.is_slept_in() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            parker.park(Some(left));
            // That was a visit, too.
            self.visits = self.visits.wrapping_add(1);
        }
        parker.leave();
    }

    /// Looks at the reactor. True if there is no more need to.
    fn is_cleared(&mut self) -> bool {
        let reactor = &self.reactor;
        if reactor.is_gone() {
            reactor.suspicion.drop_it();
            return true;
        }
        let renewed = reactor.suspicion.was_renewed();
        let visits = reactor.suspicion.visits();
        let visited = std::mem::replace(&mut self.visits, visits) != visits;
        if reactor.is_slept_in() {
            return self.leaves_alone();
        }
        if visited {
            self.astray = 0;
            return false;
        }
        if reactor.is_awaited() {
            self.astray = LINGER;
            if guest::is(reactor) {
                // The attendant serves it better than visits every now and then.
                self.astray = 0;
                guest::attend();
            }
            return false;
        }
        self.astray = self.astray.saturating_sub(1);
        self.astray == 0 && !renewed && reactor.suspicion.lift()
    }

    /// The reactor's thread sleeps there, and what waits is served: until it wakes. True if it is the thread's turn to call.
    fn leaves_alone(&self) -> bool {
        let reactor = &self.reactor;
        if !reactor.is_awaited() {
            return reactor.suspicion.lift();
        }
        if !reactor.suspicion.rest() {
            return false;
        }
        // It may have woken up before it could see that.
        fence(Ordering::SeqCst);
        reactor.is_slept_in() || !reactor.suspicion.come_back()
    }
}
