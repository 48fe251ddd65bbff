//! Many senders, each with a receiver and a channel of its own: actors with mailboxes.

use super::{Outcome, about, fewer, sum_below};
use crate::runtimes::Runtime;
use crate::runtimes::channel::Channel;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

pub fn futures<R: Runtime, C: Channel>(
    runtime: &R,
    pairs: u64,
    messages: u64,
    capacity: usize,
) -> Outcome {
    Ok(runtime.run(async move {
        exchange::<R, C>(pairs, messages / 10, capacity).await;
        let meter = Meter::start();
        exchange::<R, C>(pairs, messages, capacity).await;
        meter.stop(messages)
    }))
}

async fn exchange<R: Runtime, C: Channel>(pairs: u64, messages: u64, capacity: usize) {
    let each = messages / pairs;
    let started: Vec<_> = (0..pairs)
        .map(|_| {
            let (sender, mut receiver) = C::bounded::<u64>(capacity);
            let receiving = R::spawn(async move {
                let mut sum = 0;
                while let Some(message) = C::receive(&mut receiver).await {
                    sum += message;
                }
                sum
            });
            let sending = R::spawn(async move {
                for message in 0..each {
                    C::send(&sender, message).await;
                }
            });
            (sending, receiving)
        })
        .collect();
    let mut sum = 0;
    for (sending, receiving) in started {
        sending.await;
        sum += receiving.await;
    }
    assert_eq!(sum, pairs * sum_below(each));
}

pub fn stacks<S: Stackful>(runtime: &S, pairs: u64, messages: u64, capacity: usize) -> Outcome {
    let (messages, note) = fewer::<S>(messages);
    let measured = runtime.run(move || {
        exchange_stacks::<S, S::Own>(pairs, messages / 10, capacity);
        let meter = Meter::start();
        exchange_stacks::<S, S::Own>(pairs, messages, capacity);
        meter.stop(messages)
    });
    Ok(measured.noting(note).noting(about::<S::Own>()))
}

fn exchange_stacks<S: Stackful, C: StackfulChannel>(pairs: u64, messages: u64, capacity: usize) {
    let each = messages / pairs;
    let started: Vec<_> = (0..pairs)
        .map(|_| {
            let (sender, mut receiver) = C::bounded::<u64>(capacity);
            let receiving = S::spawn(move || {
                let mut sum = 0;
                while let Some(message) = C::receive(&mut receiver) {
                    sum += message;
                }
                sum
            });
            let sending = S::spawn(move || {
                for message in 0..each {
                    C::send(&sender, message);
                }
            });
            (sending, receiving)
        })
        .collect();
    let mut sum = 0;
    for (sending, receiving) in started {
        S::join(sending);
        sum += S::join(receiving);
    }
    assert_eq!(sum, pairs * sum_below(each));
}
