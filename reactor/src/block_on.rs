//! Running one future on the calling thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use crate::parker::{Parker, Unparker};
use crate::{budget, current};

/// After how many polls in a row the reactor is looked at, when the future always wakes itself.
const POLLS_PER_TURN: u32 = 61;

/// What an executor wants to do when a thread is about to sleep in [`block_on`].
static BEFORE_SLEEP: OnceLock<fn(&Waker) -> bool> = OnceLock::new();

/// Sets what a thread does before it sleeps in [`block_on`]: an executor may hand its work over, or, where the OS
/// refused it every thread, do it.
///
/// The hook gets a waker that wakes the thread, and returns true if it did something, so that the thread should look
/// again before it sleeps. The first call of this function counts.
pub fn before_sleep(hook: fn(&Waker) -> bool) {
    let _ = BEFORE_SLEEP.set(hook);
}

/// What one level of `block_on` sleeps with. Kept for the next call on the same thread, unless its waker is still held
/// by somebody.
struct Seat {
    parker: Parker,
    signal: Arc<Signal>,
    waker: Waker,
}

/// What the waker of one level does.
struct Signal {
    /// Set by wakers, cleared by the owner before each poll. SeqCst with the parker's token: a wake-up after the poll
    /// began is seen before the next sleep.
    woken: AtomicBool,
    unparker: Unparker,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.unparker.unpark();
        }
    }
}

thread_local! {
    static CACHED: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

impl Seat {
    fn take() -> Seat {
        let cached = CACHED
            .try_with(|cached| cached.borrow_mut().take())
            .ok()
            .flatten();
        current::with(|reactor| match cached {
            Some(seat) if Arc::ptr_eq(seat.parker.reactor(), reactor) => seat,
            _ => {
                let parker = Parker::new(reactor.clone());
                let signal = Arc::new(Signal {
                    woken: AtomicBool::new(false),
                    unparker: parker.unparker(),
                });
                let waker = Waker::from(signal.clone());
                Seat {
                    parker,
                    signal,
                    waker,
                }
            }
        })
    }

    /// Keeps it for the next call, if no waker is left that could disturb that one.
    fn put_back(self) {
        if Arc::strong_count(&self.signal) == 2 {
            self.parker.take_notification();
            let _ = CACHED.try_with(|cached| *cached.borrow_mut() = Some(self));
        }
    }
}

/// Runs a future on the calling thread until it is ready, and returns its output.
///
/// The thread waits in a reactor meanwhile, so sockets and timers that the future awaits need no other thread. It
/// polls nothing but `future`, and only when that was woken: it never runs somebody else's task, so it may be called
/// while a lock is held, and from inside another `block_on`, where each level has a waker of its own.
///
/// On a worker the other tasks of that worker wait until another one takes them over; prefer `.await` there.
///
/// # Panics
///
/// If the future panics.
///
/// # Examples
///
/// ```
/// use leno_reactor::{Timer, block_on};
/// use std::time::Duration;
///
/// let sum = block_on(async {
///     Timer::after(Duration::from_millis(1)).await;
///     1 + 2
/// });
/// assert_eq!(sum, 3);
/// ```
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let level = current::Level::enter();
    let budget = budget::lift();
    let restore = Restore(budget);
    let mut seat = Seat::take();
    seat.signal.woken.store(false, Ordering::Relaxed);
    let output = drive(future, &mut seat);
    seat.put_back();
    drop(restore);
    drop(level);
    output
}

/// Polls and sleeps until the future is ready, and drops it, so that nothing of it waits any more when the seat is put
/// back and the level left.
fn drive<T>(future: impl Future<Output = T>, seat: &mut Seat) -> T {
    let mut future = pin!(future);
    let mut polls = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&seat.waker)) {
            return output;
        }
        polls += 1;
        if polls % POLLS_PER_TURN == 0 {
            seat.parker.turn();
        }
        let mut slept = false;
        while !seat.signal.woken.swap(false, Ordering::SeqCst) {
            if !BEFORE_SLEEP.get().is_some_and(|hook| hook(&seat.waker)) {
                seat.parker.park(None);
                slept = true;
            }
        }
        if slept {
            seat.parker.leave();
        }
    }
}

/// Puts the budget of the task around this `block_on` back, also when the future panics.
struct Restore(Option<u32>);

impl Drop for Restore {
    fn drop(&mut self) {
        budget::restore(self.0);
    }
}
