//! A receiver as a stream.

mod support;

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_core::stream::{FusedStream, Stream};
use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_fn};
use leno_channel::{Receiver, bounded, unbounded};
use support::Polled;

/// The next message of a stream.
fn next<T>(mut receiver: Pin<&mut Receiver<T>>) -> impl Future<Output = Option<T>> {
    poll_fn(move |cx| receiver.as_mut().poll_next(cx))
}

#[test]
fn ends_when_closed_and_empty() {
    let (sender, receiver) = unbounded();
    let mut receiver = pin!(receiver);
    sender.try_send(1).unwrap();
    assert!(!receiver.is_terminated());
    drop(sender);
    assert!(!receiver.is_terminated());
    assert_eq!(block_on(receiver.next()), Some(1));
    assert!(receiver.is_terminated());
    assert_eq!(block_on(receiver.next()), None);
    assert_eq!(block_on(receiver.next()), None);
}

#[test]
fn between_threads() {
    const COUNT: usize = 10_000;
    const THREADS: usize = 4;
    support::ends(|| {
        let (sender, receiver) = bounded(3);
        let sum = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (sender, receiver, sum) = (sender.clone(), receiver.clone(), &sum);
                scope.spawn(move || {
                    (0..COUNT).for_each(|n| block_on(sender.send(n)).unwrap());
                });
                scope.spawn(move || {
                    let mut receiver = pin!(receiver);
                    while let Some(n) = block_on(receiver.next()) {
                        sum.fetch_add(n, Ordering::Relaxed);
                    }
                });
            }
            drop(sender);
        });
        assert_eq!(sum.into_inner(), THREADS * COUNT * (COUNT - 1) / 2);
    });
}

/// A stream keeps its place between two polls. If nobody polls it again, others must get to know of messages all the
/// same.
#[test]
fn one_that_is_left_alone_holds_nobody_up() {
    let (sender, receiver) = unbounded();
    let mut left_alone = Box::pin(receiver.clone());
    let mut stream = Box::pin(receiver.clone());
    drop(Polled::waiting(next(left_alone.as_mut())));

    let mut recv = Polled::waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!((recv.wakes(), recv.poll()), (1, Some(Ok(1))));

    let mut waits = Polled::waiting(next(stream.as_mut()));
    sender.try_send(2).unwrap();
    assert_eq!((waits.wakes(), waits.poll()), (1, Some(Some(2))));
}

#[test]
fn all_streams_are_woken_and_may_wait_again() {
    let (sender, receiver) = unbounded();
    let mut receivers: Vec<_> = (0..5).map(|_| Box::pin(receiver.clone())).collect();
    let mut nexts: Vec<_> = receivers
        .iter_mut()
        .map(|receiver| Polled::waiting(next(receiver.as_mut())))
        .collect();
    for round in 0..10 {
        sender.try_send(round).unwrap();
        assert!(nexts.iter().all(|next| next.wakes() == 1));
        let lucky = round % nexts.len();
        assert_eq!(nexts[lucky].poll(), Some(Some(round)));
        assert!(nexts.iter_mut().all(|next| next.poll().is_none()));
    }
    drop(sender);
    assert!(nexts.iter_mut().all(|next| next.poll() == Some(None)));
}

#[test]
fn a_receiver_that_waits_can_be_dropped() {
    let (sender, receiver) = bounded(1);
    let mut second = Box::pin(receiver.clone());
    drop(Polled::waiting(next(second.as_mut())));
    drop(second);
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));

    let mut last = Box::pin(receiver);
    drop(Polled::waiting(next(last.as_mut())));
    drop(last);
    assert!(sender.is_closed());
}

#[test]
fn a_stream_makes_room_too() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let mut send = Polled::waiting(sender.send(2));
    let mut receiver = pin!(receiver);
    assert_eq!(block_on(receiver.next()), Some(1));
    assert_eq!((send.wakes(), send.poll()), (1, Some(Ok(()))));
    assert_eq!(block_on(receiver.next()), Some(2));
}
