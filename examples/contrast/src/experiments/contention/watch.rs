//! How often one was parked, and how often it was woken.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};

/// Counts for one task, or for one thread that drives a future. Costs an allocation for each waker that it is polled with, and
/// hides from the runtime that the waker is its own: so what is timed is not watched.
#[derive(Default)]
pub struct Watch {
    /// Polls that came back without a result.
    pub parks: u64,
    /// The waker that it was polled with last, and the one that counts in its place.
    wakers: Option<(Waker, Waker)>,
    /// Relaxed: read after the future is ready, or by a test.
    wakes: Arc<AtomicU64>,
}

impl Watch {
    /// Waits for something, and counts.
    pub async fn over<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let counting = self.counting(cx.waker());
            let polled = future.as_mut().poll(&mut Context::from_waker(&counting));
            self.parks += u64::from(polled.is_pending());
            polled
        })
        .await
    }

    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    fn counting(&mut self, of: &Waker) -> Waker {
        match &self.wakers {
            Some((known, counting)) if known.will_wake(of) => counting.clone(),
            _ => {
                let counting = Waker::from(Arc::new(Counting {
                    inner: of.clone(),
                    wakes: self.wakes.clone(),
                }));
                self.wakers = Some((of.clone(), counting.clone()));
                counting
            }
        }
    }
}

struct Counting {
    inner: Waker,
    wakes: Arc<AtomicU64>,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the task can go on and read it.
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.inner.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Waker};

    use super::Watch;

    #[test]
    fn who_finds_a_lock_taken_is_parked_once_and_woken_once() {
        let lock = leno::lock::Mutex::new(());
        let mut cx = Context::from_waker(Waker::noop());
        let mut watch = Watch::default();
        assert!(pin!(watch.over(lock.lock())).poll(&mut cx).is_ready());
        assert_eq!((watch.parks, watch.wakes()), (0, 0));

        let taken = lock.try_lock().expect("it is free");
        let wakes = watch.wakes.clone();
        {
            let mut waiting = pin!(watch.over(lock.lock()));
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            drop(taken);
            assert_eq!(wakes.load(Ordering::Relaxed), 1);
            assert!(waiting.as_mut().poll(&mut cx).is_ready());
        }
        assert_eq!((watch.parks, watch.wakes()), (1, 1));
    }
}
