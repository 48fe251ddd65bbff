//! Models that loom runs once for each order of events that the memory model allows:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --release -p leno-channel --lib
//! ```
//!
//! They use the channel as users do. A wake-up that is lost is a thread that sleeps for ever, which loom reports as a
//! deadlock.

mod cancel;
mod close;
mod rendezvous;
mod talk;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle, Thread};

/// Where a thread of a model sleeps until its future is woken.
struct Sleeper {
    is_woken: AtomicBool,
    thread: Thread,
}

impl Sleeper {
    fn new() -> Arc<Sleeper> {
        Arc::new(Sleeper {
            is_woken: AtomicBool::new(false),
            thread: thread::current(),
        })
    }

    fn sleep(&self) {
        while !self.is_woken.swap(false, Ordering::SeqCst) {
            thread::park();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        // A swap, so that the sleeper has synchronised with everybody who woke it.
        self.is_woken.swap(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// Polls `future` whenever it is woken, until it is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let sleeper = Sleeper::new();
    let waker = Waker::from(sleeper.clone());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => sleeper.sleep(),
        }
    }
}

/// Polls `future` once, and drops it if it is not ready: somebody gives up.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Runs `model` in the orders that switch at most `preemptions` times away from a thread that could have gone on.
/// Without a bound three threads take hours; few errors need more than two such switches.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// What the threads returned, when all have ended.
fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}
