//! Futures that are given up, just as they are notified. Whoever gives up and gets a message or room all the same
//! gives it back, so that the other one can go on in every order of events.

use loom::thread;

use super::{block_on, check, join, poll_once};
use crate::{bounded, unbounded};

/// One of two receivers gives up while a message comes.
#[test]
fn a_receiver_that_gives_up() {
    check(3, || {
        let (sender, receiver) = unbounded();
        let (second, back) = (receiver.clone(), sender.clone());
        let patient = thread::spawn(move || {
            assert_eq!(block_on(second.recv()), Ok(1));
        });
        let impatient = thread::spawn(move || {
            if let Some(received) = poll_once(receiver.recv()) {
                back.try_send(received.unwrap()).unwrap();
            }
        });
        sender.try_send(1).unwrap();
        join([patient, impatient]);
        drop(sender);
    });
}

/// One of two senders gives up while room is made.
#[test]
fn a_sender_that_gives_up() {
    check(3, || {
        let (sender, receiver) = bounded(1);
        let (second, out) = (sender.clone(), receiver.clone());
        sender.try_send(0).unwrap();
        let patient = thread::spawn(move || {
            block_on(second.send(1)).unwrap();
        });
        let impatient = thread::spawn(move || {
            if poll_once(sender.send(2)).is_some() {
                // Takes one out again, be it its own or the other's.
                block_on(out.recv()).unwrap();
            }
        });
        assert_eq!(receiver.try_recv(), Ok(0));
        join([patient, impatient]);
        drop(receiver);
    });
}
