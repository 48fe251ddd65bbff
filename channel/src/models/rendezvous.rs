//! Senders and receivers that meet: each message is in one pair of hands at a time, whoever comes first and whoever gives
//! up.

use loom::thread;

use super::{block_on, check, join, poll_once};
use crate::{RecvError, SendError, TrySendError, rendezvous};

/// Either may come first, and both go on.
#[test]
fn one_of_each() {
    check(3, || {
        let (sender, receiver) = rendezvous();
        let thread = thread::spawn(move || {
            for n in 0..2 {
                block_on(sender.send(n)).unwrap();
            }
            sender
        });
        for n in 0..2 {
            assert_eq!(block_on(receiver.recv()), Ok(n));
        }
        thread.join().unwrap();
    });
}

/// Two on each side: nobody is left alone.
#[test]
fn two_of_each() {
    check(2, || {
        let (sender, receiver) = rendezvous();
        let (second, other) = (sender.clone(), receiver.clone());
        let send = thread::spawn(move || {
            block_on(second.send(1)).unwrap();
            0
        });
        let receive = thread::spawn(move || block_on(other.recv()).unwrap());
        let receive_too = thread::spawn(move || block_on(receiver.recv()).unwrap());
        block_on(sender.send(2)).unwrap();
        assert_eq!(
            join([send, receive, receive_too]).into_iter().sum::<i32>(),
            3
        );
    });
}

/// A sender gives up while a receiver comes: the message is received or it is not, and the next one is.
#[test]
fn a_sender_that_gives_up() {
    check(3, || {
        let (sender, receiver) = rendezvous();
        let thread = thread::spawn(move || {
            let in_time = poll_once(sender.send(1)).is_some();
            assert!(
                !in_time,
                "who comes with a message waits for it to be taken"
            );
            block_on(sender.send(2)).unwrap();
            sender
        });
        let mut received = block_on(receiver.recv());
        if received == Ok(1) {
            received = block_on(receiver.recv());
        }
        assert_eq!(received, Ok(2));
        thread.join().unwrap();
    });
}

/// A receiver gives up while a message comes: another one gets it.
#[test]
fn a_receiver_that_gives_up() {
    check(3, || {
        let (sender, receiver) = rendezvous();
        let second = receiver.clone();
        let patient = thread::spawn(move || block_on(second.recv()));
        let impatient = thread::spawn(move || poll_once(receiver.recv()));
        let mut sent = block_on(sender.send(1));
        let gone = impatient.join().unwrap();
        if gone.is_some() {
            assert_eq!(gone, Some(Ok(1)));
            sent = sent.and(block_on(sender.send(1)));
        }
        assert_eq!(sent, Ok(()));
        assert_eq!(patient.join().unwrap(), Ok(1));
    });
}

/// `try_send` says yes only if the message is received, though one of the receivers gives up.
#[test]
fn handed_over_and_not_lost() {
    check(3, || {
        let (sender, receiver) = rendezvous();
        let (second, last) = (receiver.clone(), receiver.clone());
        let impatient = thread::spawn(move || poll_once(receiver.recv()));
        let impatient_too = thread::spawn(move || poll_once(second.recv()));
        let sent = sender.try_send(1);
        let mut received: Vec<_> = join([impatient, impatient_too])
            .into_iter()
            .flatten()
            .collect();
        received.extend(last.try_recv().ok().map(Ok));
        match sent {
            Ok(()) => assert_eq!(received, [Ok(1)]),
            Err(refused) => {
                assert_eq!(refused, TrySendError::Full(1));
                assert_eq!(received, []);
            }
        }
        assert_eq!(sender.len(), 0);
    });
}

/// The channel is closed while both come: either they have met, or each knows that they will not.
#[test]
fn closing_between_them() {
    check(3, || {
        let (sender, receiver) = rendezvous();
        let closer = sender.clone();
        let send = thread::spawn(move || block_on(sender.send(1)));
        let close = thread::spawn(move || {
            closer.close();
        });
        let received = block_on(receiver.recv());
        let sent = send.join().unwrap();
        close.join().unwrap();
        match sent {
            Ok(()) => assert_eq!(received, Ok(1)),
            Err(refused) => {
                assert_eq!(refused, SendError(1));
                assert_eq!(received, Err(RecvError));
            }
        }
    });
}
