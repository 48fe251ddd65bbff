//! Waiting for a future by blocking the thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Where a thread sleeps until it is woken. Not `std::thread::park`: others may leave a token there for purposes of
/// their own, and would miss it.
#[derive(Default)]
struct Bed {
    is_woken: Mutex<bool>,
    condition: Condvar,
}

impl Bed {
    fn sleep(&self) {
        let mut is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_woken {
            is_woken = self
                .condition
                .wait(is_woken)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *is_woken = false;
    }
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }
}

thread_local! {
    /// This thread's bed, while nobody sleeps in it.
    static BED: Cell<Option<Arc<Bed>>> = const { Cell::new(None) };
}

/// Blocks the thread until `future` is ready.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Mostly there is nothing to wait for, and then no waker is needed that wakes.
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
        return output;
    }
    // A thread that ends has no bed left; it gets one for this time.
    let bed = BED
        .try_with(Cell::take)
        .unwrap_or_default()
        .unwrap_or_default();
    // A waker of the last time may have come late. It costs one poll for nothing.
    let waker = Waker::from(bed.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            // Fails at the end of a thread only, where nobody will want it again.
            let _ = BED.try_with(|own| own.set(Some(bed)));
            return output;
        }
        bed.sleep();
    }
}
