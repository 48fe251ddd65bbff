//! The channels that tasks talk through. Rows in which all use the same channel use [`AsyncChannel`].

use std::future::Future;

/// A bounded channel between tasks.
pub trait Channel: 'static {
    type Sender<T: Send + 'static>: Clone + Send + Sync + 'static;
    type Receiver<T: Send + 'static>: Send + Sync + 'static;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Another receiver of the same messages, if the channel can have several.
    fn share<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>>;

    /// Panics if nobody will receive it.
    fn send<T: Send + 'static>(
        sender: &Self::Sender<T>,
        message: T,
    ) -> impl Future<Output = ()> + Send;

    /// `None` when the senders are gone.
    fn receive<T: Send + 'static>(
        receiver: &mut Self::Receiver<T>,
    ) -> impl Future<Output = Option<T>> + Send;
}

/// `async-channel`, which knows no runtime.
pub struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender<T: Send + 'static> = async_channel::Sender<T>;
    type Receiver<T: Send + 'static> = async_channel::Receiver<T>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        async_channel::bounded(capacity)
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
