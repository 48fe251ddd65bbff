//! Which reactor serves the calling thread, its worker's or the guest reactor that all other threads share, and whether
//! the thread will come back to it.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;

use crate::reactor::Reactor;
use crate::{guest, vigil};

thread_local! {
    /// Set while this thread is a worker.
    static WORKERS: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
    /// The reactor in which this thread will wait when what it polls is pending: that of its innermost `block_on`, else
    /// its worker's. Null: none. Only ever compared; whoever set it keeps the reactor alive.
    static RETURNS_TO: Cell<*const Reactor> = const { Cell::new(ptr::null()) };
    /// The data of the waker that this thread polls with. Who leaves another one with a socket may be in some executor's
    /// loop of its own, from which the thread does not come back. Only ever compared.
    static OWN_WAKER: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Makes `reactor` the calling thread's until the guard is dropped, which puts the earlier one back. For workers of an
/// executor.
///
/// # Examples
///
/// ```
/// let reactor = leno_reactor::Reactor::new();
/// let guard = leno_reactor::enter(reactor.clone());
/// // Sockets and timers that are awaited here wait in `reactor`.
/// drop(guard);
/// ```
pub fn enter(reactor: Arc<Reactor>) -> Entered {
    Entered {
        returned_to: RETURNS_TO.replace(Arc::as_ptr(&reactor)),
        before: WORKERS.with(|current| current.replace(Some(reactor))),
    }
}

/// See [`enter`].
#[derive(Debug)]
#[must_use = "the reactor is the thread's own for as long as this lives"]
pub struct Entered {
    before: Option<Arc<Reactor>>,
    returned_to: *const Reactor,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        RETURNS_TO.set(self.returned_to);
        // If the thread is so far gone that its variables are, there is nothing to put back.
        let _ = WORKERS.try_with(|current| current.replace(before));
    }
}

/// Says that the calling thread polls with the waker of this data from here on, and returns the data of the one before.
///
/// For executors, before each poll of a task that only this thread will go on with: a wait with that waker needs nobody to
/// look after it, because the thread comes back. Null means that there is no such waker, which is always right and costs a
/// needless watch over the thread, see the file `vigil.rs`. Whoever nests puts the former one back.
#[inline]
pub fn polls_with(waker: *const ()) -> *const () {
    OWN_WAKER.replace(waker)
}

/// Runs `f` with the reactor that serves this thread. `f` must not call wakers, nor anything else of the user's.
pub(crate) fn with<R>(f: impl FnOnce(&Arc<Reactor>) -> R) -> R {
    let mut f = Some(f);
    let served = WORKERS.try_with(|current| match &*current.borrow() {
        Some(reactor) if !reactor.is_gone() => f.take().map(|f| f(reactor)),
        _ => None,
    });
    match (served, f) {
        (Ok(Some(result)), _) => result,
        (_, Some(f)) => f(guest::reactor()),
        _ => unreachable!("`f` is taken only when it is called"),
    }
}

/// Something on this thread now waits in `reactor`, not always the thread's own, and has left a waker there: makes sure
/// that some thread will handle it. `waker` is that waker's data.
///
/// This thread does if it comes back. It does not if it is in no `block_on` of ours, and then there is the guests'
/// attendant; nor if the waker is that of another executor's loop inside of ours, and then somebody keeps vigil.
pub(crate) fn attend(reactor: &Arc<Reactor>, waker: *const ()) {
    let comes_back = !waker.is_null() && ptr::eq(OWN_WAKER.get(), waker);
    if ptr::eq(RETURNS_TO.get(), Arc::as_ptr(reactor)) {
        if !comes_back {
            vigil::keep(reactor);
        }
    } else if guest::is(reactor) {
        guest::attend();
    } else if !comes_back || !is_worker() {
        // A worker's reactor. The worker comes back in most cases, and other workers look after it if there are any; but who
        // waits here can go on while they all block.
        vigil::keep(reactor);
    }
}

/// Whether this thread is a worker.
fn is_worker() -> bool {
    WORKERS
        .try_with(|current| current.borrow().is_some())
        .unwrap_or(false)
}

/// Says that what waits at the calling thread's reactor, or at the guests', can from here on be gone on with by other threads:
/// somebody must see to it while this one is busy. For executors that several threads run.
pub fn shares_tasks() {
    with(vigil::keep);
    vigil::keep(guest::reactor());
}

/// One `block_on` on this thread, which waits in a reactor and polls with a waker of its own. Ends when dropped.
pub(crate) struct Level {
    returned_to: *const Reactor,
    polled_with: *const (),
    /// Whether it waits where others may have left something, too.
    is_guest: bool,
}

impl Level {
    /// `waker` is the data of the waker that it polls with.
    pub(crate) fn enter(reactor: &Arc<Reactor>, waker: *const ()) -> Level {
        Level {
            returned_to: RETURNS_TO.replace(Arc::as_ptr(reactor)),
            polled_with: OWN_WAKER.replace(waker),
            is_guest: guest::is(reactor),
        }
    }
}

/// In a forked child: the `block_on` calls that its thread is in were made in the parent, and wait in a reactor that is
/// not the child's.
pub(crate) fn forget_levels() {
    RETURNS_TO.set(ptr::null());
    OWN_WAKER.set(ptr::null());
}

impl Drop for Level {
    fn drop(&mut self) {
        RETURNS_TO.set(self.returned_to);
        OWN_WAKER.set(self.polled_with);
        // What this thread waited for on others' behalf is now nobody's, or that of somebody who may be busy.
        if self.is_guest && self.returned_to.is_null() && guest::reactor().is_awaited() {
            guest::inherit();
        }
    }
}
