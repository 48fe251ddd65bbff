//! Streaming: a job fills a buffer with the items of an iterator, ahead of who asks for them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::items::{self, Receiver, Sender};
use super::stint::Stint;
use super::{Done, Outcome, State, Unblock, Work};

/// The default capacity of the buffer.
const ITEMS: usize = 1024;

/// Sends what the iterator yields until its end, or until nobody receives any more.
async fn send_all<T: Iterator>(mut handle: Box<T>, mut items: Sender<T::Item>) -> Done<T> {
    let mut stint = Stint::new();
    for item in &mut *handle {
        if items.send(item).await.is_err() {
            break;
        }
        stint.count().await;
    }
    Done::new(handle, Outcome::Streamed)
}

impl<T> Stream for Unblock<T>
where
    T: Iterator + Send + 'static,
    T::Item: Send + 'static,
{
    type Item = T::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Busy(Work::Streaming(Some(items)), _) => {
                    let items = items
                        .downcast_mut::<Receiver<T::Item>>()
                        .expect("items of this iterator");
                    if let Some(item) = ready!(items.poll_next(cx)) {
                        return Poll::Ready(Some(item));
                    }
                    ready!(this.poll_job(cx));
                    return Poll::Ready(None);
                }
                State::Busy(..) => ready!(this.poll_stop(cx)),
                State::Idle(_) | State::Gone => {
                    let Some(handle) = this.take_idle() else {
                        return Poll::Ready(None);
                    };
                    let (sender, receiver) = items::bounded(this.capacity.unwrap_or(ITEMS));
                    this.start(
                        Work::Streaming(Some(Box::new(receiver))),
                        send_all(handle, sender),
                    );
                }
            }
        }
    }
}
