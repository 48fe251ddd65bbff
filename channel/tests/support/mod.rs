//! What the tests share.
// Each test program uses a part of it.
#![allow(dead_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// Fails if `test` has not ended after two minutes: a wake-up was lost.
pub fn ends(test: impl FnOnce() + Send + 'static) {
    let (done, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        // Nobody listens any more if it came too late.
        let _ = done.send(());
    });
    match end.recv_timeout(Duration::from_secs(120)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("somebody waits for ever"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Counts how often it was woken.
#[derive(Default)]
pub struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand.
pub struct Polled<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

impl<F: Future> Polled<F> {
    pub fn new(future: F) -> Polled<F> {
        Polled {
            future: Box::pin(future),
            bell: Arc::default(),
        }
    }

    /// A future that was polled once and had to wait.
    pub fn waiting(future: F) -> Polled<F> {
        let mut polled = Polled::new(future);
        assert!(polled.poll().is_none(), "it should have to wait");
        polled
    }

    pub fn poll(&mut self) -> Option<F::Output> {
        self.wakes();
        let waker = Waker::from(self.bell.clone());
        self.poll_with(&waker)
    }

    pub fn poll_with(&mut self, waker: &Waker) -> Option<F::Output> {
        match self.future.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// Whether it was woken since it was polled.
    pub fn is_woken(&self) -> bool {
        self.bell.0.load(Ordering::SeqCst) > 0
    }

    /// How often it was woken since it was polled or asked.
    pub fn wakes(&self) -> usize {
        self.bell.0.swap(0, Ordering::SeqCst)
    }
}

/// Small random numbers, the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % most
    }
}
