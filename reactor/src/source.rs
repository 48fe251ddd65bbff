//! One OS handle as the reactor knows it: what is ready, who waits, and where it is registered.
//!
//! ```text
//!   unregistered ── first WouldBlock, or new() of an unknown kind ──► at a reactor ── deregister ──► unregistered
//!                                                                      │        ▲
//!                                                                      └─ move ─┘ waited on elsewhere for long
//! ```

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use leno_waits::Wait;

use crate::batch::Found;
use crate::reactor::Reactor;
use crate::readiness::{Direction, Readiness, Ready, Waiting};
use crate::sync::lock;
use crate::sys::Handle;
use crate::waiters::{Waiter, Waiters};
use crate::{budget, current, guest};

/// After how many waits in a row on the threads of another reactor a source moves there. A task that is stolen once
/// and comes back should not drag its socket along: moving costs two system calls.
const WAITS_BEFORE_MOVE: u32 = 16;

/// What a handle is, as far as it changes what an operation's result tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A TCP stream: a read that does not fill its buffer has drained it, a short write has filled it.
    Stream,
    /// A Unix stream: a short write has filled it. A read also stops where a descriptor was passed and between
    /// messages of different senders, so one that comes short proves nothing.
    Local,
    /// Anything else: only `WouldBlock` proves that nothing is left.
    Other,
}

/// A handle's registration and waiters. Owned by its `Async`, which deregisters it before the handle is closed; the
/// reactor holds a second reference while it is registered.
#[derive(Debug)]
pub(crate) struct Source {
    handle: Handle,
    kind: Kind,
    readiness: Readiness,
    reader: Waiters,
    writer: Waiters,
    home: Mutex<Option<Home>>,
    /// The address of the home's reactor, or 0. Written under the home's lock; read without it before each operation,
    /// where an old value only means one operation or one look at the lock more.
    home_id: AtomicUsize,
    /// Whether the home's poller sees the end of a stream that comes with its last data. Written before `home_id`.
    short_read: AtomicBool,
    /// Whether the home's poller has edges. Written before `home_id`, whose Release store pairs with its Acquire load.
    edge: AtomicBool,
    /// How many waits in a row happened on another reactor's threads. Written by whoever waits; a lost count only
    /// delays a move. Relaxed.
    stray_waits: AtomicU32,
}

#[derive(Debug)]
struct Home {
    reactor: Arc<Reactor>,
    token: u64,
}

/// Readiness that was claimed for one try. If the try panics, it goes back to whoever comes next.
struct Claim<'a> {
    source: &'a Arc<Source>,
    direction: Direction,
    claimed: Ready,
}

impl Claim<'_> {
    fn give_back(self, more: bool) {
        // Somebody else may have found nothing to claim meanwhile.
        self.source.wake(
            self.source
                .readiness
                .give_back(self.direction, self.claimed, more),
        );
        std::mem::forget(self);
    }

    /// The try said `WouldBlock`: what was claimed is out of date.
    fn spend(self) {
        std::mem::forget(self);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.source.wake(
            self.source
                .readiness
                .give_back(self.direction, self.claimed, true),
        );
    }
}

/// Where a source waits.
enum Settled {
    /// Where it was, at the reactor of the thread that waits.
    Here,
    /// At that reactor for the first time, or once more.
    Anew,
    /// At another reactor, as before.
    There(Arc<Reactor>),
}

impl Source {
    pub(crate) fn new(handle: Handle, kind: Kind) -> Arc<Source> {
        Arc::new(Source {
            handle,
            kind,
            readiness: Readiness::new(),
            reader: Waiters::new(),
            writer: Waiters::new(),
            home: Mutex::new(None),
            home_id: AtomicUsize::new(0),
            short_read: AtomicBool::new(false),
            edge: AtomicBool::new(false),
            stray_waits: AtomicU32::new(0),
        })
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// Whether a stream operation that moved `done` bytes of a possible `room` may find more at once.
    pub(crate) fn may_have_more(&self, direction: Direction, done: usize, room: usize) -> bool {
        if self.kind == Kind::Other || done >= room {
            return true;
        }
        match direction {
            // The end of the stream is not "drained", and a read also stops at urgent data.
            Direction::Read => {
                done == 0
                    || self.kind != Kind::Stream
                    || !self.short_read.load(Ordering::Relaxed)
                    || self.readiness.is_urgent()
            }
            Direction::Write => false,
        }
    }

    /// Tries `op` when it may succeed, and else waits for it. `more` tells from a success whether the next may follow
    /// at once.
    pub(crate) fn poll_op<R>(
        self: &Arc<Self>,
        direction: Direction,
        cx: &mut Context<'_>,
        mut waiter: Waiter<'_>,
        mut op: impl FnMut() -> io::Result<R>,
        more: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        if !budget::spend(cx) {
            return Poll::Pending;
        }
        loop {
            let registered = self.home_id.load(Ordering::Acquire) != 0;
            let claimed = self.readiness.claim(direction);
            // Without a registration or without edges nothing is known: try. Else only a claim may try.
            if !registered || !claimed.is_none() || !self.edge.load(Ordering::Relaxed) {
                let claim = Claim {
                    source: self,
                    direction,
                    claimed,
                };
                match op() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => claim.spend(),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => {
                        waiter.leave();
                        claim.give_back(result.as_ref().map_or(true, &more));
                        return Poll::Ready(result);
                    }
                }
            }
            if let Poll::Ready(result) = self.poll_wait(direction, cx, &mut waiter) {
                result?;
                continue;
            }
            return Poll::Pending;
        }
    }

    /// Waits until an operation would succeed, and asks the OS rather than its own memory: the caller may read or
    /// write behind this crate's back.
    pub(crate) fn poll_ready(
        self: &Arc<Self>,
        direction: Direction,
        cx: &mut Context<'_>,
        mut waiter: Waiter<'_>,
    ) -> Poll<io::Result<()>> {
        if !budget::spend(cx) {
            return Poll::Pending;
        }
        loop {
            let registered = self.home_id.load(Ordering::Acquire) != 0;
            let claimed = self.readiness.claim(direction);
            let edge = self.edge.load(Ordering::Relaxed);
            // With edges the claim only clears the way for the next one; without, a claim is a fresh event.
            let ask = !registered || edge || !claimed.is_none();
            if ask && crate::sys::is_ready_now(self.handle, direction) {
                waiter.leave();
                Claim {
                    source: self,
                    direction,
                    claimed,
                }
                .give_back(true);
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(result) = self.poll_wait(direction, cx, &mut waiter) {
                result?;
                continue;
            }
            return Poll::Pending;
        }
    }

    /// Leaves the caller's waker and makes sure that an event will find it. `Ready`: look again at once.
    fn poll_wait(
        self: &Arc<Self>,
        direction: Direction,
        cx: &mut Context<'_>,
        waiter: &mut Waiter<'_>,
    ) -> Poll<io::Result<()>> {
        if !waiter.wait(self, direction, cx.waker()) {
            return Poll::Ready(Ok(()));
        }
        if !self.readiness.await_change(direction) {
            return Poll::Ready(Ok(()));
        }
        match self.settle(direction, cx.waker()) {
            Ok(()) => {
                let handle = self.handle.number();
                leno_waits::note(match direction {
                    Direction::Read => Wait::Readable(handle),
                    Direction::Write => Wait::Writable(handle),
                });
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Sees to it that some reactor reports events to this source, and that a thread waits in it. `direction` has just
    /// said `WouldBlock`, and `waker` waits for it.
    fn settle(self: &Arc<Self>, direction: Direction, waker: &Waker) -> io::Result<()> {
        let settled = current::with(|here| {
            let at_home = self.home_id.load(Ordering::Acquire) == Arc::as_ptr(here) as usize;
            if at_home {
                self.stray_waits.store(0, Ordering::Relaxed);
            }
            let settled = if at_home && self.edge.load(Ordering::Relaxed) {
                Settled::Here
            } else {
                self.settle_at(here)?
            };
            match &settled {
                Settled::Here | Settled::Anew => current::attend(here, waker.data()),
                Settled::There(home) => current::attend(home, waker.data()),
            }
            // A reactor that ended meanwhile may not have seen this source among those to be woken.
            let anew = matches!(settled, Settled::Anew);
            io::Result::Ok((anew, anew && here.is_gone()))
        });
        match settled {
            Ok((false, _)) => {}
            // Nothing is known of the other direction: its next operation should try, not wait for the first report.
            Ok((true, false)) => self.wake(self.publish(Ready::of(direction.other()))),
            Ok((true, true)) => self.wake(self.publish(Ready::READABLE | Ready::WRITABLE)),
            Err(error) => {
                // It may have lost the registration that others wait for: they try again, and get the error themselves.
                self.wake(self.publish(Ready::READABLE | Ready::WRITABLE));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Registers with `here`, or arms the registration that there is.
    #[cold]
    fn settle_at(self: &Arc<Self>, here: &Arc<Reactor>) -> io::Result<Settled> {
        let mut home = lock(&self.home);
        if let Some(Home { reactor, token }) = &*home {
            let at_home = Arc::ptr_eq(reactor, here);
            // A worker takes a source from the guests at once: they wait for it only while they wait for something.
            let stays = at_home
                || !guest::is(reactor)
                    && self.stray_waits.fetch_add(1, Ordering::Relaxed) + 1 < WAITS_BEFORE_MOVE;
            if stays && !reactor.is_gone() {
                self.arm(reactor, *token)?;
                return Ok(if at_home {
                    Settled::Here
                } else {
                    Settled::There(reactor.clone())
                });
            }
            // First away, then here: registering reports what is ready by then, so nothing is missed in between. Away
            // also if the OS says that it knows of no registration.
            let left = reactor.deregister(self, *token);
            self.home_id.store(0, Ordering::Release);
            *home = None;
            left?;
        }
        let token = here.register(self)?;
        self.stray_waits.store(0, Ordering::Relaxed);
        if let Some(poller) = here.poller() {
            self.edge.store(poller.edge(), Ordering::Relaxed);
            self.short_read
                .store(poller.short_read(), Ordering::Relaxed);
        }
        *home = Some(Home {
            reactor: here.clone(),
            token,
        });
        self.home_id
            .store(Arc::as_ptr(here) as usize, Ordering::Release);
        self.arm(here, token)?;
        Ok(Settled::Anew)
    }

    /// Registers now, to learn whether the OS can wait for this handle at all. Nothing is known about it yet, so both
    /// directions count as ready and the first operations try.
    pub(crate) fn register(self: &Arc<Self>) -> io::Result<()> {
        self.publish(Ready::READABLE | Ready::WRITABLE);
        current::with(|here| self.settle_at(here)).map(drop)
    }

    /// Ends the registration. Must be called before the handle is closed, and is idempotent.
    pub(crate) fn deregister(&self) -> io::Result<()> {
        let mut home = lock(&self.home);
        let Some(Home { reactor, token }) = home.take() else {
            return Ok(());
        };
        self.home_id.store(0, Ordering::Release);
        drop(home);
        reactor.deregister(self, token)
    }

    /// Arms a registration that an event has disarmed, if anybody still waits. Only where there are no edges.
    pub(crate) fn rearm(&self, reactor: &Reactor) -> io::Result<()> {
        let home = lock(&self.home);
        match &*home {
            Some(home) if std::ptr::eq(Arc::as_ptr(&home.reactor), reactor) => {
                self.arm(reactor, home.token)
            }
            _ => Ok(()),
        }
    }

    /// The home's lock is held: the last one to arm sees every waiter.
    fn arm(&self, reactor: &Reactor, token: u64) -> io::Result<()> {
        let waiting = self.readiness.waiting();
        match reactor.poller() {
            Some(poller) if !waiting.is_none() => poller.rearm(self.handle, token, waiting),
            _ => Ok(()),
        }
    }

    fn wake(self: &Arc<Self>, waiting: Waiting) {
        if !waiting.is_none() {
            let mut found = Found::default();
            found.add(self, waiting);
            found.wake_all();
        }
    }

    pub(crate) fn publish(&self, ready: Ready) -> Waiting {
        self.readiness.publish(ready)
    }

    /// Whether somebody waits. Who gave up may have left the mark of a waiter behind, but no listener.
    pub(crate) fn is_awaited(&self) -> bool {
        let waiting = self.readiness.waiting();
        [Direction::Read, Direction::Write]
            .into_iter()
            .filter(|&direction| waiting.includes(direction))
            .any(|direction| !self.waiters(direction).is_empty())
    }

    pub(crate) fn waiters(&self, direction: Direction) -> &Waiters {
        match direction {
            Direction::Read => &self.reader,
            Direction::Write => &self.writer,
        }
    }
}
