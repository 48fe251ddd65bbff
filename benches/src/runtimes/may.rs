//! may: stackful coroutines, with stacks of the default size. Its own channels have no bound.

use std::time::Duration;

use anyhow::Result;
use may::coroutine::{self, JoinHandle};
use may::sync::{mpmc, mpsc};

use super::stackful::{Stackful, StackfulChannel};

pub struct May;

const NO_BOUND: Option<&str> = Some("its channel has no bound");

impl Stackful for May {
    type Task<T: Send + 'static> = JoinHandle<T>;
    type Unparker = coroutine::Coroutine;
    type Own = MayMpsc;
    type OwnShared = MayMpmc;

    /// A stack is a mapping and a guard page, and the kernel allows 65,530 mappings.
    const MOST_AT_ONCE: u64 = 10_000;
    const FEWER: u64 = 10;

    fn start(workers: usize) -> Result<Self> {
        may::config().set_workers(workers);
        Ok(May)
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        // SAFETY: no workload overruns a stack or keeps thread-local references across a wait.
        unsafe { coroutine::spawn(body) }
    }

    fn join<T: Send + 'static>(task: JoinHandle<T>) -> T {
        task.join().expect("a coroutine of a workload panicked")
    }

    fn yield_now() {
        coroutine::yield_now();
    }

    fn sleep(duration: Duration) {
        coroutine::sleep(duration);
    }

    fn park() {
        coroutine::park();
    }

    fn current() -> Self::Unparker {
        coroutine::current()
    }

    fn unpark(task: &Self::Unparker) {
        task.unpark();
    }
}

/// `may::sync::mpsc`.
pub struct MayMpsc;

impl StackfulChannel for MayMpsc {
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;

    const NOTE: Option<&'static str> = NO_BOUND;

    fn bounded<T: Send + 'static>(_capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::channel()
    }

    /// Its receiver is the only one.
    fn share<T: Send + 'static>(_receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>> {
        None
    }

    fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) {
        if sender.send(message).is_err() {
            panic!("the receiver is gone");
        }
    }

    fn receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }
}

/// `may::sync::mpmc`.
pub struct MayMpmc;

impl StackfulChannel for MayMpmc {
    type Sender<T: Send + 'static> = mpmc::Sender<T>;
    type Receiver<T: Send + 'static> = mpmc::Receiver<T>;

    const NOTE: Option<&'static str> = NO_BOUND;

    fn bounded<T: Send + 'static>(_capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpmc::channel()
    }

    fn share<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>> {
        Some(receiver.clone())
    }

    fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) {
        if sender.send(message).is_err() {
            panic!("the receivers are gone");
        }
    }

    fn receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }
}
