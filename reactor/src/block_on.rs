//! Running one future on the calling thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::fork::PerProcess;
use crate::parker::Parker;
use crate::signal::Signal;
use crate::{budget, current};

/// After how many polls in a row the reactor is looked at, when the future always wakes itself. A sleep looks at it too,
/// so a future that waits each time costs no call beside that.
const POLLS_PER_TURN: u32 = 61;

/// What an executor wants to do when a thread is about to sleep in [`block_on`].
static BEFORE_SLEEP: PerProcess<fn(&Waker) -> bool> = PerProcess::new();

/// Sets what a thread does before it sleeps in [`block_on`]: an executor may hand its work over, or, where the OS
/// refused it every thread, do it.
///
/// The hook gets a waker that wakes the thread, and returns true if it did something, so that the thread should look
/// again before it sleeps. The first call of this function counts.
pub fn before_sleep(hook: fn(&Waker) -> bool) {
    BEFORE_SLEEP.get_or_init(|| hook);
}

/// What one level of `block_on` sleeps with. Kept for the next call on the same thread, unless its waker is still held
/// by somebody.
struct Bed {
    parker: Parker,
    signal: Signal,
}

thread_local! {
    static CACHED: RefCell<Option<Bed>> = const { RefCell::new(None) };
}

impl Bed {
    fn take() -> Bed {
        let cached = CACHED
            .try_with(|cached| cached.borrow_mut().take())
            .ok()
            .flatten();
        current::with(|reactor| match cached {
            Some(bed) if Arc::ptr_eq(bed.parker.reactor(), reactor) => bed,
            _ => {
                let parker = Parker::new(reactor.clone());
                let signal = Signal::new(parker.unparker());
                Bed { parker, signal }
            }
        })
    }

    /// Keeps it for the next call, if no waker is left that could disturb that one.
    fn put_back(self) {
        if self.signal.is_unshared() {
            self.signal.take();
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
    let mut bed = Bed::take();
    let level = current::Level::enter(bed.parker.reactor(), bed.signal.waker().data());
    let budget = budget::lift();
    let restore = Restore(budget);
    let output = drive(future, &mut bed);
    bed.put_back();
    drop(restore);
    drop(level);
    output
}

/// Polls and sleeps until the future is ready, and drops it, so that nothing of it waits any more when the bed is put
/// back and the level left.
fn drive<T>(future: impl Future<Output = T>, bed: &mut Bed) -> T {
    let mut future = pin!(future);
    let mut polls_since_look = 0;
    loop {
        if let Poll::Ready(output) = future
            .as_mut()
            .poll(&mut Context::from_waker(bed.signal.waker()))
        {
            return output;
        }
        polls_since_look += 1;
        if polls_since_look == POLLS_PER_TURN {
            polls_since_look = 0;
            bed.parker.turn();
        }
        let mut slept = false;
        while !bed.signal.take() {
            if !BEFORE_SLEEP
                .get()
                .is_some_and(|hook| hook(bed.signal.waker()))
            {
                if bed.parker.park(None) {
                    polls_since_look = 0;
                }
                slept = true;
            }
        }
        if slept {
            bed.parker.leave();
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
