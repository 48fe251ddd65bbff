//! Who closes a channel and what that does, to messages and to those who wait.

mod support;

use std::sync::Arc;
use std::thread;

use futures_lite::future::block_on;
use leno_channel::{RecvError, SendError, TryRecvError, TrySendError, bounded, unbounded};
use support::Polled;

#[test]
fn without_senders_the_rest_is_received() {
    for (sender, receiver) in [bounded(3), unbounded()] {
        (1..=3).for_each(|n| sender.try_send(n).unwrap());
        drop(sender);
        assert!(receiver.is_closed());
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(receiver.recv_blocking(), Ok(2));
        assert_eq!(receiver.try_recv(), Ok(3));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(block_on(receiver.recv()), Err(RecvError));
        assert_eq!(receiver.recv_blocking(), Err(RecvError));
    }
}

#[test]
fn without_receivers_nothing_can_be_sent() {
    for (sender, receiver) in [bounded(3), unbounded()] {
        let second = receiver.clone();
        drop(receiver);
        sender.try_send(1).unwrap();
        drop(second);
        assert!(sender.is_closed());
        assert_eq!(block_on(sender.send(2)), Err(SendError(2)));
        assert_eq!(sender.send_blocking(3), Err(SendError(3)));
        assert_eq!(sender.try_send(4), Err(TrySendError::Closed(4)));
        assert_eq!(sender.force_send(5), Err(SendError(5)));
        assert_eq!(sender.len(), 1, "what was sent before is still there");
    }
}

#[test]
fn a_full_channel_that_is_closed_says_closed() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    assert!(receiver.close());
    assert!(!receiver.close() && !sender.close());
    assert!(sender.is_full());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
}

#[test]
fn all_who_wait_are_woken() {
    let (sender, receiver) = bounded::<u8>(1);
    let mut recvs: Vec<_> = (0..5).map(|_| Polled::waiting(receiver.recv())).collect();
    let mut closeds: Vec<_> = (0..5).map(|_| Polled::waiting(sender.closed())).collect();
    sender.close();
    for recv in &mut recvs {
        assert_eq!((recv.wakes(), recv.poll()), (1, Some(Err(RecvError))));
    }
    for closed in &mut closeds {
        assert_eq!((closed.wakes(), closed.poll()), (1, Some(())));
    }

    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let mut sends: Vec<_> = (1..6).map(|n| Polled::waiting(sender.send(n))).collect();
    drop(receiver);
    for (send, n) in sends.iter_mut().zip(1..) {
        assert_eq!((send.wakes(), send.poll()), (1, Some(Err(SendError(n)))));
    }
}

#[test]
fn threads_that_wait_are_woken() {
    support::ends(|| {
        for _ in 0..200 {
            let (sender, receiver) = bounded::<u8>(1);
            let waits = thread::spawn(move || receiver.recv_blocking());
            drop(sender);
            assert_eq!(waits.join().unwrap(), Err(RecvError));

            let (sender, receiver) = bounded::<u8>(1);
            sender.try_send(1).unwrap();
            let waits = thread::spawn(move || {
                let sent = sender.send_blocking(2);
                block_on(sender.closed());
                sent
            });
            drop(receiver);
            assert_eq!(waits.join().unwrap(), Err(SendError(2)));
        }
    });
}

#[test]
fn closed_can_be_given_up_and_asked_again() {
    let (sender, receiver) = unbounded::<u8>();
    let mut first = Polled::waiting(sender.closed());
    let mut second = Polled::waiting(sender.closed());
    assert!(first.poll().is_none());
    drop(first);
    let mut third = Polled::waiting(sender.closed());
    drop(receiver);
    assert_eq!((second.wakes(), second.poll()), (1, Some(())));
    assert_eq!((third.wakes(), third.poll()), (1, Some(())));
    assert_eq!(Polled::new(sender.closed()).poll(), Some(()));
}

#[test]
fn weak_handles_do_not_keep_it_open() {
    let (sender, receiver) = bounded(3);
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    let (again, anew) = (weak_sender.clone(), weak_receiver.clone());
    assert!(weak_sender.upgrade().unwrap().same_channel(&sender));
    assert!(weak_receiver.upgrade().unwrap().same_channel(&receiver));
    weak_sender.upgrade().unwrap().try_send(1).unwrap();

    let strong = again.upgrade().unwrap();
    drop(sender);
    assert!(!receiver.is_closed());
    drop(strong);
    assert!(receiver.is_closed());
    assert!(again.upgrade().is_none());
    assert!(anew.upgrade().is_none(), "not even with a message left");
    assert_eq!(receiver.try_recv(), Ok(1));
}

/// As in async-channel: messages that nobody will receive are dropped with the channel, not when it is closed.
#[test]
fn when_messages_are_dropped() {
    let message = Arc::new(());
    let (sender, receiver) = bounded(5);
    (0..5).for_each(|_| sender.try_send(message.clone()).unwrap());
    drop(receiver.try_recv());
    assert_eq!(Arc::strong_count(&message), 5);
    drop(receiver);
    assert_eq!(Arc::strong_count(&message), 5);
    assert!(sender.try_send(message.clone()).is_err());
    let weak = sender.downgrade();
    drop(sender);
    assert_eq!(Arc::strong_count(&message), 5);
    drop(weak);
    assert_eq!(Arc::strong_count(&message), 1);
}
