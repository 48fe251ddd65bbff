//! leno.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;

use super::Runtime;
use super::channel::Channel;

pub struct Leno;

impl Runtime for Leno {
    type Task<T: Send + 'static> = leno::Task<T>;
    type Sleep = leno::Timer;
    type Own = LenoChannel;

    fn start(workers: usize) -> Result<Self> {
        leno::Builder::new().workers(workers).start()?;
        Ok(Leno)
    }

    fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        leno::block_on(leno::spawn(body))
    }

    fn outside<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    fn spawn<T, F>(future: F) -> Self::Task<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        leno::spawn(future)
    }

    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        leno::future::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        leno::Timer::after(duration)
    }

    fn unblock<T, F>(f: F) -> impl Future<Output = T> + Send
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        leno::unblock(f)
    }

    fn block_on_inside<F: Future>(future: F) -> Result<F::Output, &'static str> {
        Ok(leno::block_on(future))
    }
}

/// `leno::channel`.
pub struct LenoChannel;

impl Channel for LenoChannel {
    type Sender<T: Send + 'static> = leno::channel::Sender<T>;
    type Receiver<T: Send + 'static> = leno::channel::Receiver<T>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        leno::channel::bounded(capacity)
    }

    fn share<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>> {
        Some(receiver.clone())
    }

    async fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) {
        if sender.send(message).await.is_err() {
            panic!("the receivers are gone");
        }
    }

    async fn receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }
}
