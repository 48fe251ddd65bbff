//! The watch over threads that may not come back to their reactor.
//!
//! A thread in `block_on`, or a worker, goes back to its reactor when what it polls is pending, and handles the events
//! there. But inside of what it polls another executor may block on a future of its own, and leno can't see that: only that
//! a socket or timer waits with a waker that is not the thread's. Most such waits are harmless; `FuturesUnordered` has
//! wakers of its own too, and the thread comes back. So the wait only raises a suspicion. A thread that keeps vigil looks
//! every ten milliseconds; a reactor to which nobody came between two looks, and where nobody sleeps, is one whose thread
//! has gone astray, and the vigil sits in for it.
//!
//! The thread is started at the first suspicion, and sleeps for ever when there is none. Where a reactor's thread sleeps,
//! there is none: an idle program makes no system call.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::fork::PerProcess;
use crate::guest;
use crate::notice::notice;
use crate::parker::Parker;
use crate::reactor::Reactor;
use crate::sync::lock;

/// How long between two looks, and how long the vigil sits in for lost threads meanwhile.
const PERIOD: Duration = Duration::from_millis(10);

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
    /// Whether it was said that the OS refuses the thread.
    refusal_noticed: bool,
}

/// A reactor under watch. Owned by the vigil's thread, until its suspicion is lifted.
struct Suspect {
    reactor: Arc<Reactor>,
    /// How many visits there were at the last look.
    visits: u32,
    /// Whether nobody had come since the look before, and something waited.
    astray: bool,
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
        let thread = std::thread::Builder::new().name("leno-vigil".into());
        if let Err(error) = thread.spawn(move || work(vigil)) {
            // The next wait of this kind tries again.
            reactor.suspicion.drop_it();
            let is_news = !std::mem::replace(&mut desk.refusal_noticed, true);
            drop(desk);
            if is_news {
                notice(format_args!(
                    "cannot start a thread ({error}); if another executor's `block_on` is called inside of leno's, what \
                     waits there is not served until threads can be had"
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
    let astray = suspects.iter_mut().filter(|suspect| suspect.astray);
    let mut astray: Vec<_> = astray.collect();
    let Some(share) = PERIOD.checked_div(astray.len() as u32) else {
        return std::thread::sleep(PERIOD);
    };
    for suspect in &mut astray {
        let mut parker = Parker::new(suspect.reactor.clone());
        parker.park(Some(share));
        parker.leave();
        // That was a visit, too.
        suspect.visits = suspect.visits.wrapping_add(1);
    }
}

impl Suspect {
    fn new(reactor: Arc<Reactor>) -> Suspect {
        Suspect {
            visits: reactor.suspicion.visits(),
            reactor,
            astray: false,
        }
    }

    /// Looks at the reactor. True if there is no more need to.
    fn is_cleared(&mut self) -> bool {
        let reactor = &self.reactor;
        if reactor.is_gone() {
            reactor.suspicion.drop_it();
            return true;
        }
        // In this order, see `suspicion.rs`.
        let renewed = reactor.suspicion.was_renewed();
        let visits = reactor.suspicion.visits();
        let visited = std::mem::replace(&mut self.visits, visits) != visits;
        self.astray = !visited && !reactor.is_slept_in() && reactor.is_awaited();
        if self.astray && guest::is(reactor) {
            // The attendant serves it better than visits every now and then.
            self.astray = false;
            guest::attend();
        }
        !self.astray && !renewed && reactor.suspicion.lift()
    }
}
