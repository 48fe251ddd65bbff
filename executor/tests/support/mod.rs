//! What several test files need.
#![allow(dead_code)] // Each of them uses a part of it.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Poll, Wake, Waker},
    thread,
    time::Duration,
};

/// Runs `test` on a thread of its own and fails if it hangs.
pub fn no_hang(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        // Moved in, so that the receiver learns of a panic too.
        let done = done;
        test();
        done.send(()).unwrap();
    });
    if finished.recv_timeout(Duration::from_secs(120)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Counts how often it was dropped.
#[derive(Clone, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Something that counts when it is dropped.
    pub fn guard(&self) -> impl Drop + Send + 'static + use<> {
        OnDrop({
            let count = self.0.clone();
            move || {
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
    }
}

/// Calls a function when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A signal that any number of futures can wait for.
#[derive(Clone, Default)]
pub struct Event(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Event {
    pub async fn wait(&self) {
        poll_fn(|cx| {
            let mut inner = self.0.lock().unwrap();
            if inner.0 {
                return Poll::Ready(());
            }
            inner.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub fn set(&self) {
        let wakers = {
            let mut inner = self.0.lock().unwrap();
            inner.0 = true;
            std::mem::take(&mut inner.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Waits for ever, and first gives its waker away.
pub async fn pending_with_waker(give: impl FnOnce(Waker)) {
    let mut give = Some(give);
    poll_fn(|cx| {
        if let Some(give) = give.take() {
            give(cx.waker().clone());
        }
        Poll::Pending
    })
    .await
}

/// A waker that counts.
#[derive(Default)]
pub struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), Waker::from(counter))
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
