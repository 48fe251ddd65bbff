//! What is sent is received, once, in order, and the channel says truly how much is in it.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_lite::future::block_on;
use leno_channel::{RecvError, TryRecvError, TrySendError, bounded, unbounded};

#[test]
fn one_after_the_other() {
    for (sender, receiver) in [bounded(1), bounded(7), unbounded()] {
        block_on(sender.send(1)).unwrap();
        assert_eq!(receiver.try_recv(), Ok(1));
        sender.try_send(2).unwrap();
        assert_eq!(block_on(receiver.recv()), Ok(2));
        sender.send_blocking(3).unwrap();
        assert_eq!(receiver.recv_blocking(), Ok(3));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn as_many_as_fit() {
    for most in [1, 2, 3, 8, 100] {
        let (sender, receiver) = bounded(most);
        for round in 0..3 {
            for n in 0..most {
                assert_eq!(sender.len(), n);
                assert!(!sender.is_full());
                sender.try_send((round, n)).unwrap();
            }
            assert!(sender.is_full() && receiver.is_full());
            assert_eq!(sender.try_send((9, 9)), Err(TrySendError::Full((9, 9))));
            for n in 0..most {
                assert_eq!(receiver.len(), most - n);
                assert_eq!(receiver.try_recv(), Ok((round, n)));
            }
            assert!(sender.is_empty() && receiver.is_empty());
        }
        assert_eq!(
            (sender.capacity(), receiver.capacity()),
            (Some(most), Some(most))
        );
    }
}

#[test]
fn an_unbounded_channel_is_never_full() {
    let (sender, receiver) = unbounded();
    for n in 0..100_000 {
        sender.try_send(n).unwrap();
        assert!(!sender.is_full());
    }
    assert_eq!((receiver.len(), receiver.capacity()), (100_000, None));
    assert!((0..100_000).all(|n| receiver.try_recv() == Ok(n)));
}

#[test]
#[should_panic(expected = "capacity cannot be zero")]
fn no_capacity() {
    bounded::<u8>(0);
}

#[test]
fn a_large_capacity_needs_no_memory_in_advance() {
    let (sender, receiver) = bounded::<[u64; 64]>(usize::MAX / 2);
    sender.try_send([1; 64]).unwrap();
    assert_eq!(receiver.try_recv(), Ok([1; 64]));
}

#[test]
fn forced_messages_push_out_the_oldest() {
    let (sender, receiver) = bounded(2);
    assert_eq!(sender.force_send(1), Ok(None));
    assert_eq!(sender.force_send(2), Ok(None));
    assert_eq!(sender.force_send(3), Ok(Some(1)));
    assert_eq!(sender.force_send(4), Ok(Some(2)));
    assert_eq!(sender.len(), 2);
    assert_eq!(receiver.try_recv(), Ok(3));
    assert_eq!(receiver.try_recv(), Ok(4));
    receiver.close();
    assert_eq!(sender.force_send(5).unwrap_err().into_inner(), 5);

    let (sender, receiver) = unbounded();
    assert!((0..100).all(|n| sender.force_send(n) == Ok(None)));
    assert_eq!(receiver.len(), 100);
}

/// Sends `0..count` through a channel from one thread to another, the ends being moved by `send` and `recv`.
fn from_thread_to_thread(
    capacity: Option<usize>,
    send: fn(&leno_channel::Sender<usize>, usize),
    recv: fn(&leno_channel::Receiver<usize>) -> Result<usize, RecvError>,
) {
    const COUNT: usize = 20_000;
    support::ends(move || {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        let producer = thread::spawn(move || (0..COUNT).for_each(|n| send(&sender, n)));
        for n in 0..COUNT {
            assert_eq!(recv(&receiver), Ok(n));
            assert!(receiver.len() <= capacity.unwrap_or(COUNT));
        }
        assert_eq!(recv(&receiver), Err(RecvError));
        producer.join().unwrap();
    });
}

#[test]
fn in_order_between_threads() {
    for capacity in [Some(1), Some(3), Some(1000), None] {
        from_thread_to_thread(
            capacity,
            |sender, n| block_on(sender.send(n)).unwrap(),
            |receiver| block_on(receiver.recv()),
        );
        from_thread_to_thread(
            capacity,
            |sender, n| sender.send_blocking(n).unwrap(),
            |receiver| receiver.recv_blocking(),
        );
    }
}

#[test]
fn each_message_goes_to_one_of_many() {
    const COUNT: usize = 10_000;
    const THREADS: usize = 4;
    for capacity in [Some(1), Some(3), None] {
        support::ends(move || {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let seen: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    let (sender, receiver, seen) = (sender.clone(), receiver.clone(), &seen);
                    scope.spawn(move || {
                        for n in 0..COUNT {
                            block_on(sender.send(n)).unwrap();
                        }
                    });
                    scope.spawn(move || {
                        while let Ok(n) = block_on(receiver.recv()) {
                            seen[n].fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                drop(sender);
            });
            assert!(seen.iter().all(|n| n.load(Ordering::Relaxed) == THREADS));
        });
    }
}

#[test]
fn handles_are_counted() {
    let (sender, receiver) = bounded::<u8>(1);
    let senders: Vec<_> = (0..9).map(|_| sender.clone()).collect();
    let receivers: Vec<_> = (0..4).map(|_| receiver.clone()).collect();
    let _weak = (sender.downgrade(), receiver.downgrade());
    assert_eq!((sender.sender_count(), receiver.sender_count()), (10, 10));
    assert_eq!((sender.receiver_count(), receiver.receiver_count()), (5, 5));
    drop((senders, receivers));
    assert_eq!((sender.sender_count(), sender.receiver_count()), (1, 1));
}

#[test]
fn texts_are_those_of_async_channel() {
    let (sender, receiver) = bounded::<u8>(1);
    let (other_sender, other_receiver) = async_channel::bounded::<u8>(1);
    assert_eq!(format!("{sender:?}"), format!("{other_sender:?}"));
    assert_eq!(format!("{receiver:?}"), format!("{other_receiver:?}"));
    assert_eq!(
        format!("{:?} {:?}", sender.downgrade(), receiver.downgrade()),
        format!(
            "{:?} {:?}",
            other_sender.downgrade(),
            other_receiver.downgrade()
        ),
    );
    macro_rules! same_texts {
        ($($error:ident $(:: $variant:ident)? $(($message:expr))?),*) => {$({
            let ours = leno_channel::$error $(:: $variant)? $(($message))?;
            let theirs = async_channel::$error $(:: $variant)? $(($message))?;
            assert_eq!(format!("{ours} {ours:?}"), format!("{theirs} {theirs:?}"));
        })*};
    }
    same_texts!(
        SendError(1),
        TrySendError::Full(1),
        TrySendError::Closed(1),
        RecvError,
        TryRecvError::Empty,
        TryRecvError::Closed
    );
}
