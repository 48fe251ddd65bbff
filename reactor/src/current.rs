//! Which reactor serves the calling thread: its worker's, or the guest reactor that all other threads share.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::guest;
use crate::reactor::Reactor;

thread_local! {
    /// Set while this thread is a worker.
    static WORKERS: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
    /// How many `block_on` calls this thread is in. While there is one, somebody will wait in this thread's reactor.
    static LEVELS: Cell<u32> = const { Cell::new(0) };
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
        before: WORKERS.with(|current| current.replace(Some(reactor))),
    }
}

/// See [`enter`].
#[derive(Debug)]
#[must_use = "the reactor is the thread's own for as long as this lives"]
pub struct Entered {
    before: Option<Arc<Reactor>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // If the thread is so far gone that its variables are, there is nothing to put back.
        let _ = WORKERS.try_with(|current| current.replace(before));
    }
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

/// Something on this thread now waits in `reactor`, not always the thread's own: makes sure that some thread will sit
/// there. Workers always come back to theirs, and so does a thread in `block_on`; for any other there is the guests'
/// attendant.
pub(crate) fn attend(reactor: &Arc<Reactor>) {
    if !guest::is(reactor) {
        return;
    }
    let comes_back = LEVELS.try_with(Cell::get).unwrap_or(0) > 0;
    if !(comes_back && with(|own| Arc::ptr_eq(own, reactor))) {
        guest::attend();
    }
}

/// Counts one more `block_on` on this thread, until dropped.
pub(crate) struct Level;

impl Level {
    pub(crate) fn enter() -> Level {
        LEVELS.set(LEVELS.get() + 1);
        Level
    }
}

/// In a forked child: the `block_on` calls that its thread is in were made in the parent, and wait in a reactor that is
/// not the child's.
pub(crate) fn forget_levels() {
    LEVELS.set(0);
}

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get().saturating_sub(1));
        // What this thread waited for on others' behalf is now nobody's.
        if LEVELS.get() == 0 && guest::is_abandoned() {
            guest::attend();
        }
    }
}
