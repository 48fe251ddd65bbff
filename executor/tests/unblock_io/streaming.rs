//! Iterators as streams.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::{env, fs, thread};

use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once};
use leno_executor::Unblock;

use crate::{eventually, in_time};

#[test]
fn an_iterator_becomes_a_stream() {
    in_time(async {
        let numbers = Unblock::with_capacity(3, 0..1000u32);
        let received: Vec<u32> = numbers.collect().await;
        assert!(received.into_iter().eq(0..1000));

        let directory = env::temp_dir();
        let names = Unblock::new(fs::read_dir(directory).unwrap());
        names.for_each(|entry| drop(entry.unwrap())).await;
    });
}

#[test]
fn a_stream_runs_ahead_no_further_than_its_capacity() {
    for capacity in [1, 2, 10] {
        let yielded = Arc::new(AtomicUsize::new(0));
        let count = yielded.clone();
        let endless = std::iter::repeat_with(move || count.fetch_add(1, SeqCst));
        in_time(async move {
            let mut stream = Unblock::with_capacity(capacity, endless);
            for i in 0..100 {
                assert_eq!(stream.next().await, Some(i));
                // One more than fits has been yielded and waits for room.
                assert!(yielded.load(SeqCst) <= i + 1 + capacity + 1);
            }
            // A dropped `next` takes nothing.
            let mut next = 100;
            while next < 200 {
                if let Some(item) = poll_once(stream.next()).await {
                    assert_eq!(item, Some(next));
                    next += 1;
                }
            }
            drop(stream);
            eventually("the iterator is dropped", || {
                Arc::strong_count(&yielded) == 1
            });
        });
    }
}

#[test]
fn the_iterator_is_given_back() {
    in_time(async {
        let mut stream = Unblock::with_capacity(4, 0..10u32);
        assert_eq!(stream.next().await, Some(0));
        let rest = stream.into_inner().await;
        assert!(rest.start >= 1 && rest.end == 10);

        let mut stream = Unblock::new(0..2u32);
        while stream.next().await.is_some() {}
        *stream.get_mut().await = 7..8;
        assert_eq!(stream.next().await, Some(7));
        assert_eq!(stream.next().await, None);
    });
}

#[test]
fn polling_with_another_waker_wakes_the_latest_one() {
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    let (sender, receiver) = mpsc::channel::<u32>();
    let mut stream = Unblock::new(receiver.into_iter());
    let first = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(first.clone());
    let mut pending = pin!(stream.next());
    let polled = pending.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    let (polls, hears) = mpsc::channel();
    thread::spawn(move || {
        hears.recv().unwrap();
        sender.send(4).unwrap();
    });
    let item = block_on(poll_fn(|cx| {
        let polled = pending.as_mut().poll(cx);
        if polled.is_pending() {
            let _ = polls.send(());
        }
        polled
    }));
    assert_eq!(item, Some(4));
    assert_eq!(first.0.load(SeqCst), 0);
}
