//! A wake-up flag with a thread behind it: the waker of whoever polls one future in a loop of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use crate::parker::Unparker;

/// Whether a future was woken since it was last polled. Owned by the loop that polls it; its wakers may outlive it.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Parker, Reactor, Signal};
///
/// let mut parker = Parker::new(Reactor::new());
/// let signal = Signal::new(parker.unparker());
/// let waker = signal.waker().clone();
/// std::thread::spawn(move || waker.wake());
/// while !signal.take() {
///     parker.park(None);
/// }
/// ```
#[derive(Debug)]
pub struct Signal {
    flag: Arc<Flag>,
    waker: Waker,
}

#[derive(Debug)]
struct Flag {
    /// Set by wakers; cleared by the loop before it polls. SeqCst with the parker's token: a wake-up that the loop did
    /// not see before it sleeps ends the sleep.
    woken: AtomicBool,
    unparker: Unparker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.unparker.unpark();
        }
    }
}

impl Signal {
    /// A flag that is not set, and that unparks the thread behind `unparker` when it gets set.
    pub fn new(unparker: Unparker) -> Signal {
        let flag = Arc::new(Flag {
            woken: AtomicBool::new(false),
            unparker,
        });
        Signal {
            waker: Waker::from(flag.clone()),
            flag,
        }
    }

    /// The waker that sets it.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Clears it. True if it was set.
    pub fn take(&self) -> bool {
        self.is_set() && self.flag.woken.swap(false, Ordering::SeqCst)
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.flag.woken.load(Ordering::SeqCst)
    }

    /// Whether nobody else holds its waker.
    pub(crate) fn is_unshared(&self) -> bool {
        // This one and the one in `waker`.
        Arc::strong_count(&self.flag) == 2
    }
}
