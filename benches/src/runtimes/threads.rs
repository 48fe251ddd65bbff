//! `std::thread`: each task is a thread. The number of workers means nothing to it.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;

use super::stackful::{Stackful, StackfulChannel};

pub struct Threads;

impl Stackful for Threads {
    type Task<T: Send + 'static> = JoinHandle<T>;
    type Unparker = thread::Thread;
    type Own = StdChannel;
    type OwnShared = StdChannel;

    const MOST_AT_ONCE: u64 = 2000;
    const FEWER: u64 = 20;

    fn start(_workers: usize) -> Result<Self> {
        Ok(Threads)
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        thread::spawn(body)
    }

    fn join<T: Send + 'static>(task: JoinHandle<T>) -> T {
        task.join().expect("a thread of a workload panicked")
    }

    fn yield_now() {
        thread::yield_now();
    }

    fn sleep(duration: Duration) {
        thread::sleep(duration);
    }

    fn park() {
        thread::park();
    }

    fn current() -> Self::Unparker {
        thread::current()
    }

    fn unpark(task: &Self::Unparker) {
        task.unpark();
    }
}

/// `std::sync::mpsc::sync_channel`.
pub struct StdChannel;

impl StackfulChannel for StdChannel {
    type Sender<T: Send + 'static> = mpsc::SyncSender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;

    const NOTE: Option<&'static str> = None;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::sync_channel(capacity)
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
