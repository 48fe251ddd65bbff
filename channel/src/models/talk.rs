//! Messages that are sent while somebody waits for them, and room that is made while somebody waits for it.

use loom::thread;

use super::{block_on, check, join};
use crate::{bounded, unbounded};

/// A message comes while the receiver begins to wait.
#[test]
fn a_message_and_a_receiver() {
    loom::model(|| {
        let (sender, receiver) = unbounded();
        let thread = thread::spawn(move || {
            sender.try_send(1).unwrap();
            // It does not end here: that would wake the receiver once more.
            sender
        });
        assert_eq!(block_on(receiver.recv()), Ok(1));
        thread.join().unwrap();
    });
}

/// Both sides have to wait for each other.
#[test]
fn three_messages_through_room_for_one() {
    check(3, || {
        let (sender, receiver) = bounded(1);
        let thread = thread::spawn(move || {
            for n in 0..3 {
                block_on(sender.send(n)).unwrap();
            }
            sender
        });
        for n in 0..3 {
            assert_eq!(block_on(receiver.recv()), Ok(n));
        }
        thread.join().unwrap();
    });
}

/// Two messages, and two who wait: each must be told.
#[test]
fn two_messages_and_two_receivers() {
    check(3, || {
        let (sender, receiver) = unbounded();
        let threads = [receiver.clone(), receiver]
            .map(|receiver| thread::spawn(move || block_on(receiver.recv()).unwrap()));
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        assert_eq!(join(threads).into_iter().sum::<i32>(), 3);
        drop(sender);
    });
}

/// Two on each side, and room for one message.
#[test]
fn two_senders_and_two_receivers() {
    check(2, || {
        let (sender, receiver) = bounded(1);
        let second = sender.clone();
        let other = receiver.clone();
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
