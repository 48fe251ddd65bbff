//! A channel that holds no messages: senders and receivers meet.

mod support;

use std::sync::Arc;
use std::task::Waker;
use std::thread;

use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once};
use leno_channel::{RecvError, SendError, TryRecvError, TrySendError, bounded, rendezvous};
use support::{Bell, Dice, Polled, ends};

#[test]
fn bounded_by_zero_is_still_refused() {
    assert!(std::panic::catch_unwind(|| bounded::<u8>(0)).is_err());
}

#[test]
fn a_send_ends_when_its_message_is_taken() {
    let (sender, receiver) = rendezvous();
    let mut send = Polled::waiting(sender.send(1));
    assert!(send.poll().is_none());
    assert_eq!((sender.len(), sender.is_full()), (0, true));
    assert_eq!(sender.capacity(), Some(0));

    let mut recv = Polled::new(receiver.recv());
    assert_eq!(recv.poll(), Some(Ok(1)));
    assert_eq!(send.wakes(), 1);
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn a_receiver_that_waits_does_not_end_a_send_before_it_comes() {
    let (sender, receiver) = rendezvous();
    let mut recv = Polled::waiting(receiver.recv());
    let mut send = Polled::waiting(sender.send(1));
    assert_eq!(recv.wakes(), 1);
    assert!(send.poll().is_none());
    assert_eq!(recv.poll(), Some(Ok(1)));
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn both_sides_are_served_in_the_order_in_which_they_came() {
    let (sender, receiver) = rendezvous();
    let mut sends: Vec<_> = (0..5).map(|n| Polled::waiting(sender.send(n))).collect();
    for n in 0..5 {
        assert_eq!(receiver.try_recv(), Ok(n));
        let woken: Vec<_> = sends.iter().map(|send| send.wakes()).collect();
        assert_eq!((woken[n], woken.iter().sum::<usize>()), (1, 1));
        assert_eq!(sends[n].poll(), Some(Ok(())));
    }
    let mut recvs: Vec<_> = (0..5).map(|_| Polled::waiting(receiver.recv())).collect();
    for n in 0..5 {
        let _send = Polled::waiting(sender.send(n));
        let woken: Vec<_> = recvs.iter().map(|recv| recv.wakes()).collect();
        assert_eq!((woken[n], woken.iter().sum::<usize>()), (1, 1));
        assert_eq!(recvs[n].poll(), Some(Ok(n)));
    }
}

#[test]
fn who_gives_up_takes_the_message_back() {
    let (sender, receiver) = rendezvous();
    let message = Arc::new(());
    let mut sends: Vec<_> = (0..3)
        .map(|_| Polled::waiting(sender.send(message.clone())))
        .collect();
    assert_eq!(Arc::strong_count(&message), 4);
    drop(sends.remove(1));
    assert_eq!(Arc::strong_count(&message), 3);
    receiver.try_recv().unwrap();
    receiver.try_recv().unwrap();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(Arc::strong_count(&message), 1);
    assert!(sends.iter_mut().all(|send| send.poll() == Some(Ok(()))));
}

#[test]
fn who_gives_up_after_its_message_was_taken_takes_nothing_back() {
    let (sender, receiver) = rendezvous();
    let send = Polled::waiting(sender.send(1));
    assert_eq!(receiver.try_recv(), Ok(1));
    drop(send);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_receiver_that_was_called_for_nothing_keeps_its_turn() {
    let (sender, receiver) = rendezvous();
    let mut first = Polled::waiting(receiver.recv());
    let second = Polled::waiting(receiver.recv());
    drop(Polled::waiting(sender.send(1)));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert!(first.poll().is_none());
    let _send = Polled::waiting(sender.send(2));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(first.poll(), Some(Ok(2)));
}

#[test]
fn a_called_receiver_that_gives_up_passes_it_on() {
    let (sender, receiver) = rendezvous();
    let first = Polled::waiting(receiver.recv());
    let mut second = Polled::waiting(receiver.recv());
    let mut send = Polled::waiting(sender.send(1));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(), Some(Ok(1)));
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn try_send_needs_a_receiver_that_waits_for_each_message() {
    let (sender, receiver) = rendezvous();
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let mut recv = Polled::waiting(receiver.recv());
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(recv.poll(), Some(Ok(1)));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    receiver.close();
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
}

#[test]
fn what_was_handed_over_is_left_to_the_next_receiver() {
    let (sender, receiver) = rendezvous();
    let recv = Polled::waiting(receiver.recv());
    assert_eq!(sender.try_send(1), Ok(()));
    drop(recv);
    assert_eq!(sender.len(), 1);
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    let mut send = Polled::waiting(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(1), "it was sent first");
    assert!(send.poll().is_none());
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn force_send_displaces_what_nobody_has_taken() {
    let (sender, receiver) = rendezvous();
    assert_eq!(sender.force_send(1), Ok(Some(1)), "there is only itself");
    let recv = Polled::waiting(receiver.recv());
    assert_eq!(sender.force_send(2), Ok(None));
    drop(recv);
    assert_eq!(sender.force_send(3), Ok(Some(2)));
    assert_eq!(receiver.try_recv(), Ok(3));
    receiver.close();
    assert_eq!(sender.force_send(4), Err(SendError(4)));
}

#[test]
fn closing_gives_messages_back_but_not_what_was_handed_over() {
    let (sender, receiver) = rendezvous();
    let recv = Polled::waiting(receiver.recv());
    assert_eq!(sender.try_send("handed over"), Ok(()));
    drop(recv);
    let mut send = Polled::waiting(sender.send("offered"));
    assert!(receiver.close());
    assert_eq!(send.wakes(), 1);
    assert_eq!(receiver.try_recv(), Ok("handed over"));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(send.poll(), Some(Err(SendError("offered"))));
}

#[test]
fn the_last_receiver_gives_messages_back() {
    let (sender, receiver) = rendezvous();
    let mut send = Polled::waiting(sender.send(1));
    drop(receiver);
    assert_eq!(send.poll(), Some(Err(SendError(1))));
    assert_eq!(block_on(sender.send(2)), Err(SendError(2)));
}

#[test]
fn the_last_sender_ends_a_receiver() {
    let (sender, receiver) = rendezvous::<u8>();
    let mut recv = Polled::waiting(receiver.recv());
    drop(sender);
    assert_eq!(recv.poll(), Some(Err(RecvError)));
}

#[test]
fn another_waker_replaces_the_one_before() {
    let (sender, receiver) = rendezvous();
    let mut send = Polled::waiting(sender.send(1));
    let bell = Arc::new(Bell::default());
    assert!(send.poll_with(&Waker::from(bell.clone())).is_none());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(send.wakes(), 0);
    assert_eq!(Arc::strong_count(&bell), 1, "it was called by value");
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn streams_meet_senders_too() {
    let (sender, receiver) = rendezvous();
    let mut receiver = Box::pin(receiver);
    let mut stream = Polled::waiting(async { (receiver.next().await, receiver.next().await) });
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(stream.wakes(), 1);
    assert!(stream.poll().is_none());
    let mut send = Polled::waiting(sender.send(2));
    assert_eq!(stream.poll(), Some((Some(1), Some(2))));
    assert_eq!(send.poll(), Some(Ok(())));
}

#[test]
fn threads_meet() {
    ends(|| {
        let (sender, receiver) = rendezvous();
        let producer = thread::spawn(move || (0..1000).try_for_each(|n| sender.send_blocking(n)));
        for n in 0..1000 {
            assert_eq!(receiver.recv_blocking(), Ok(n));
        }
        assert_eq!(receiver.recv_blocking(), Err(RecvError));
        assert_eq!(producer.join().unwrap(), Ok(()));
    });
}

/// Senders and receivers give up at random. What was reported sent is received, what was refused is not, and nothing is
/// received twice.
#[test]
fn nothing_is_lost_and_nothing_comes_twice() {
    const EACH: usize = 3000;
    ends(|| {
        let (sender, receiver) = rendezvous();
        let producers: Vec<_> = (0..3)
            .map(|number| {
                let sender = sender.clone();
                thread::spawn(move || {
                    let mut dice = Dice(number as u64);
                    let (mut sent, mut refused) = (Vec::new(), Vec::new());
                    for message in number * EACH..(number + 1) * EACH {
                        let outcome = match dice.below(3) {
                            0 => sender.try_send(message).is_ok(),
                            1 => {
                                let mut send = Polled::new(sender.send(message));
                                if send.poll().or_else(|| send.poll()).is_none() {
                                    // Whether it was received just before this is given up, nobody knows.
                                    continue;
                                }
                                true
                            }
                            _ => sender.send_blocking(message).is_ok(),
                        };
                        if outcome { &mut sent } else { &mut refused }.push(message);
                    }
                    (sent, refused)
                })
            })
            .collect();
        drop(sender);
        let consumers: Vec<_> = (0..3)
            .map(|number| {
                let receiver = receiver.clone();
                thread::spawn(move || {
                    let mut dice = Dice(100 + number);
                    let mut received = Vec::new();
                    loop {
                        let outcome = match dice.below(3) {
                            0 => block_on(poll_once(receiver.recv())),
                            1 => match receiver.try_recv() {
                                Err(TryRecvError::Empty) => None,
                                outcome => Some(outcome.map_err(|_| RecvError)),
                            },
                            _ => Some(receiver.recv_blocking()),
                        };
                        match outcome {
                            Some(Ok(message)) => received.push(message),
                            Some(Err(RecvError)) => return received,
                            None => thread::yield_now(),
                        }
                    }
                })
            })
            .collect();
        let mut received: Vec<usize> = consumers
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        received.sort_unstable();
        assert!(received.windows(2).all(|pair| pair[0] < pair[1]));
        // There is a sender left as long as a producer runs, so the consumers have waited for all of them.
        for thread in producers {
            let (sent, refused) = thread.join().unwrap();
            assert!(
                sent.iter()
                    .all(|message| received.binary_search(message).is_ok())
            );
            assert!(
                refused
                    .iter()
                    .all(|message| received.binary_search(message).is_err())
            );
        }
    });
}
