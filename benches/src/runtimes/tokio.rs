//! tokio, with workers and on one thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Runtime;
use super::channel::Channel;

/// The multi-thread flavour.
pub struct Tokio(tokio::runtime::Runtime);

/// The current-thread flavour: the thread in `run` is the one worker.
pub struct TokioCurrent(tokio::runtime::Runtime);

/// A handle that gives what the task gave; a panic of the task is one of whoever awaits it.
pub struct Joined<T>(JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|joined| joined.expect("a task of a workload panicked"))
    }
}

impl Runtime for Tokio {
    type Task<T: Send + 'static> = Joined<T>;
    type Sleep = tokio::time::Sleep;
    type Own = TokioChannel;

    fn start(workers: usize) -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        Ok(Tokio(
            builder.worker_threads(workers).enable_time().build()?,
        ))
    }

    fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.0.block_on(Joined(self.0.spawn(body)))
    }

    fn outside<T>(&self, f: impl FnOnce() -> T) -> T {
        let _entered = self.0.enter();
        f()
    }

    fn spawn<T, F>(future: F) -> Self::Task<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Joined(tokio::spawn(future))
    }

    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }

    async fn unblock<T, F>(f: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        Joined(tokio::task::spawn_blocking(f)).await
    }

    fn block_on_inside<F: Future>(future: F) -> Result<F::Output, &'static str> {
        Ok(tokio::task::block_in_place(|| {
            Handle::current().block_on(future)
        }))
    }
}

impl Runtime for TokioCurrent {
    type Task<T: Send + 'static> = Joined<T>;
    type Sleep = tokio::time::Sleep;
    type Own = TokioChannel;

    fn start(_workers: usize) -> Result<Self> {
        let mut builder = Builder::new_current_thread();
        Ok(TokioCurrent(builder.enable_time().build()?))
    }

    fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.0.block_on(body)
    }

    /// Somebody has to run the tasks: a second thread.
    fn outside<T>(&self, f: impl FnOnce() -> T) -> T {
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(|| self.0.block_on(stopped));
            let _entered = self.0.enter();
            let result = f();
            drop(stop);
            result
        })
    }

    fn spawn<T, F>(future: F) -> Self::Task<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Tokio::spawn(future)
    }

    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        Tokio::detach(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Tokio::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        Tokio::sleep(duration)
    }

    fn unblock<T, F>(f: F) -> impl Future<Output = T> + Send
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        Tokio::unblock(f)
    }

    fn block_on_inside<F: Future>(_future: F) -> Result<F::Output, &'static str> {
        Err("a task of this flavour can't block on a future")
    }
}

/// `tokio::sync::mpsc`.
pub struct TokioChannel;

impl Channel for TokioChannel {
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::channel(capacity)
    }

    /// Its receiver is the only one.
    fn share<T: Send + 'static>(_receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>> {
        None
    }

    async fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) {
        if sender.send(message).await.is_err() {
            panic!("the receiver is gone");
        }
    }

    async fn receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T> {
        receiver.recv().await
    }
}
