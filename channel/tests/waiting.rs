//! Who waits is woken when its turn comes, once, and nobody is forgotten when somebody gives up.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;

use futures_lite::future::{block_on, or, yield_now};
use leno_channel::{RecvError, TrySendError, bounded, unbounded};
use support::{Bell, Dice, Polled};

#[test]
fn receivers_are_served_in_the_order_in_which_they_came() {
    let (sender, receiver) = unbounded();
    let mut recvs: Vec<_> = (0..5).map(|_| Polled::waiting(receiver.recv())).collect();
    for n in 0..5 {
        sender.try_send(n).unwrap();
        let woken: Vec<_> = recvs.iter().map(|recv| recv.wakes()).collect();
        assert_eq!(woken.iter().sum::<usize>(), 1, "one message wakes one");
        assert_eq!(woken[n], 1);
        assert_eq!(recvs[n].poll(), Some(Ok(n)));
    }
}

#[test]
fn senders_are_served_in_the_order_in_which_they_came() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let mut sends: Vec<_> = (1..6).map(|n| Polled::waiting(sender.send(n))).collect();
    for n in 0..5 {
        assert_eq!(receiver.try_recv(), Ok(n));
        let woken: Vec<_> = sends.iter().map(|send| send.wakes()).collect();
        assert_eq!(woken.iter().sum::<usize>(), 1, "room for one wakes one");
        assert_eq!(woken[n], 1);
        assert_eq!(sends[n].poll(), Some(Ok(())));
    }
}

#[test]
fn many_messages_wake_as_many() {
    let (sender, receiver) = unbounded();
    let mut recvs: Vec<_> = (0..5).map(|_| Polled::waiting(receiver.recv())).collect();
    (0..3).for_each(|n| sender.try_send(n).unwrap());
    let woken: Vec<_> = recvs.iter().map(|recv| recv.wakes()).collect();
    assert_eq!(woken, [1, 1, 1, 0, 0]);
    // Who comes first takes the first; nobody is bound to a message.
    assert_eq!(recvs[2].poll(), Some(Ok(0)));
    assert_eq!(recvs[0].poll(), Some(Ok(1)));
    assert_eq!(recvs[1].poll(), Some(Ok(2)));
}

#[test]
fn room_for_many_wakes_as_many() {
    let (sender, receiver) = bounded(3);
    (0..3).for_each(|n| sender.try_send(n).unwrap());
    let sends: Vec<_> = (3..8).map(|n| Polled::waiting(sender.send(n))).collect();
    receiver.try_recv().unwrap();
    receiver.try_recv().unwrap();
    let woken: Vec<_> = sends.iter().map(|send| send.wakes()).collect();
    assert_eq!(woken, [1, 1, 0, 0, 0]);
}

#[test]
fn a_notified_receiver_that_gives_up_passes_it_on() {
    let (sender, receiver) = unbounded();
    let first = Polled::waiting(receiver.recv());
    let second = Polled::waiting(receiver.recv());
    let mut third = Polled::waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes(), third.wakes()), (1, 0, 0));
    drop(first);
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    drop(second);
    assert_eq!(third.wakes(), 1);
    assert_eq!(third.poll(), Some(Ok(1)));
}

#[test]
fn a_notified_sender_that_gives_up_passes_it_on() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let first = Polled::waiting(sender.send(1));
    let mut second = Polled::waiting(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(), Some(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn who_was_not_notified_yet_can_leave() {
    let (sender, receiver) = unbounded();
    let mut first = Polled::waiting(receiver.recv());
    let second = Polled::waiting(receiver.recv());
    let mut third = Polled::waiting(receiver.recv());
    drop(second);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!((first.wakes(), first.poll()), (1, Some(Ok(1))));
    assert_eq!((third.wakes(), third.poll()), (1, Some(Ok(2))));
}

/// A notified future that is not polled for a long time does not hold up the messages after its own.
#[test]
fn one_that_is_notified_and_left_alone_holds_nobody_up() {
    let (sender, receiver) = unbounded();
    let left_alone = Polled::waiting(receiver.recv());
    let mut second = Polled::waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!(left_alone.wakes(), 1);
    // Somebody takes its message.
    assert_eq!(receiver.try_recv(), Ok(1));
    sender.try_send(2).unwrap();
    assert_eq!((second.wakes(), second.poll()), (1, Some(Ok(2))));

    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let left_alone = Polled::waiting(sender.send(1));
    let mut second = Polled::waiting(sender.send(2));
    receiver.try_recv().unwrap();
    assert_eq!(left_alone.wakes(), 1);
    sender.try_send(3).unwrap();
    receiver.try_recv().unwrap();
    assert_eq!((second.wakes(), second.poll()), (1, Some(Ok(()))));
}

#[test]
fn who_finds_its_message_taken_keeps_its_turn() {
    let (sender, receiver) = unbounded();
    let mut first = Polled::waiting(receiver.recv());
    let second = Polled::waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!((first.wakes(), first.poll()), (1, None));
    sender.try_send(2).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(first.poll(), Some(Ok(2)));
}

#[test]
fn the_last_waker_counts() {
    let (sender, receiver) = bounded(1);
    let bells: [Arc<Bell>; 3] = Default::default();
    let wakers = bells.clone().map(Waker::from);
    let mut recv = Polled::new(receiver.recv());
    for waker in &wakers {
        assert!(recv.poll_with(waker).is_none());
        assert!(recv.poll_with(waker).is_none());
    }
    sender.try_send(1).unwrap();
    drop(wakers);
    assert_eq!(Arc::strong_count(&bells[0]), 1, "the others are let go");
    assert_eq!(Arc::strong_count(&bells[1]), 1);

    let wakers = bells.clone().map(Waker::from);
    let mut send = Polled::new(sender.send(2));
    let mut closed = Polled::new(sender.closed());
    for waker in &wakers {
        assert!(send.poll_with(waker).is_none());
        assert!(closed.poll_with(waker).is_none());
    }
    receiver.close();
    drop(wakers);
    assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1));
    assert!(send.poll().is_some() && closed.poll().is_some());
}

#[test]
fn forced_messages_wake_as_others_do() {
    let (sender, receiver) = bounded(1);
    let first = Polled::waiting(receiver.recv());
    let mut second = Polled::waiting(receiver.recv());
    sender.force_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(sender.force_send(2), Ok(Some(1)));
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(), Some(Ok(2)));
}

#[test]
#[should_panic(expected = "after its end")]
fn a_send_has_one_message() {
    let (sender, _receiver) = unbounded();
    let mut send = Polled::new(sender.send(1));
    assert_eq!(send.poll(), Some(Ok(())));
    send.poll();
}

/// Futures that lose a race are dropped at all points of their lives. Every message that was sent must arrive.
#[test]
fn a_storm_of_futures_that_are_given_up() {
    const ROUNDS: usize = 5_000;
    for capacity in [Some(1), Some(2), None] {
        support::ends(move || {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let sent = AtomicUsize::new(0);
            let received = AtomicUsize::new(0);
            thread::scope(|scope| {
                for seed in 0..3 {
                    let (sender, receiver) = (sender.clone(), receiver.clone());
                    let (sent, received) = (&sent, &received);
                    scope.spawn(move || {
                        let mut dice = Dice(seed);
                        for n in 1..=ROUNDS {
                            let patience = dice.below(3);
                            let send = async { sender.send(n).await.is_ok() };
                            if block_on(or(send, given_up(patience, false))) {
                                sent.fetch_add(n, Ordering::SeqCst);
                            }
                        }
                    });
                    scope.spawn(move || {
                        let mut dice = Dice(seed + 100);
                        loop {
                            let patience = dice.below(3);
                            let recv = async { Some(receiver.recv().await) };
                            match block_on(or(recv, given_up(patience, None))) {
                                Some(Ok(n)) => _ = received.fetch_add(n, Ordering::SeqCst),
                                Some(Err(RecvError)) => break,
                                None => {}
                            }
                        }
                    });
                }
                drop(sender);
            });
            assert_eq!(sent.into_inner(), received.into_inner());
        });
    }
}

/// Ready after it has been polled `patience` times.
async fn given_up<T>(patience: usize, answer: T) -> T {
    for _ in 0..patience {
        yield_now().await;
    }
    answer
}

/// Some wait for ever if need be, beside others that give up: a notification that is lost with one of those is a
/// receiver that sleeps beside a message.
#[test]
fn the_patient_get_what_the_impatient_give_up() {
    const ROUNDS: usize = 3_000;
    support::ends(|| {
        let (sender, receiver) = bounded(1);
        thread::scope(|scope| {
            let (impatient, patient) = (receiver.clone(), receiver);
            let back = sender.clone();
            scope.spawn(move || {
                let mut dice = Dice(7);
                while !impatient.is_closed() {
                    let recv = async { impatient.recv().await.ok() };
                    if let Some(n) = block_on(or(recv, given_up(dice.below(3), None))) {
                        // It was not meant for this one.
                        if block_on(back.send(n)).is_err() {
                            break;
                        }
                    }
                }
            });
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    assert!(block_on(patient.recv()).is_ok());
                }
                patient.close();
            });
            for n in 0..ROUNDS {
                block_on(sender.send(n)).unwrap();
            }
        });
    });
}

#[test]
fn a_rush_of_waiting_futures() {
    let (sender, receiver) = bounded(10);
    for _ in 0..3 {
        let mut recvs: Vec<_> = (0..1000)
            .map(|_| Polled::waiting(receiver.recv()))
            .collect();
        for n in 0..1000 {
            if let Err(TrySendError::Full(n)) = sender.try_send(n) {
                recvs.retain_mut(|recv| recv.wakes() == 0 || recv.poll().is_none());
                sender.try_send(n).unwrap();
            }
        }
        recvs.retain_mut(|recv| recv.poll().is_none());
        assert!(recvs.is_empty() && receiver.is_empty());
    }
}
