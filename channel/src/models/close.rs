//! Closing, while somebody begins to wait.

use loom::thread;

use super::{block_on, check, join};
use crate::{RecvError, SendError, bounded, unbounded};

/// The last sender goes while a receiver begins to wait.
#[test]
fn the_senders_go() {
    check(3, || {
        let (sender, receiver) = unbounded::<u8>();
        let second = sender.clone();
        let threads = [sender, second].map(|sender| thread::spawn(move || drop(sender)));
        assert_eq!(block_on(receiver.recv()), Err(RecvError));
        join(threads);
    });
}

/// The last receiver goes while one waits for room and another one for the end.
#[test]
fn the_receivers_go() {
    check(3, || {
        let (sender, receiver) = bounded(1);
        sender.try_send(1).unwrap();
        let second = sender.clone();
        let sends = thread::spawn(move || {
            assert_eq!(block_on(second.send(2)), Err(SendError(2)));
        });
        let watches = thread::spawn(move || block_on(sender.closed()));
        drop(receiver);
        join([sends, watches]);
    });
}

/// What was sent before the end is received, and nothing is lost in between.
#[test]
fn a_last_message() {
    check(3, || {
        let (sender, receiver) = bounded(1);
        let thread = thread::spawn(move || {
            sender.try_send(1).unwrap();
        });
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(block_on(receiver.recv()), Err(RecvError));
        thread.join().unwrap();
    });
}

/// A weak handle becomes a strong one while the last strong one goes: either it is there in time, or it is not there
/// at all.
#[test]
fn an_upgrade_at_the_end() {
    loom::model(|| {
        let (sender, receiver) = unbounded();
        let weak = sender.downgrade();
        let thread = thread::spawn(move || drop(sender));
        let sent = weak
            .upgrade()
            .is_some_and(|sender| sender.try_send(1).is_ok());
        thread.join().unwrap();
        assert!(receiver.is_closed());
        assert_eq!(receiver.try_recv().is_ok(), sent);
    });
}
