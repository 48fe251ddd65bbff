//! One task hands out work to many, in turn; each has a channel of its own.

use super::{Outcome, about, fewer, sum_below};
use crate::runtimes::Runtime;
use crate::runtimes::channel::Channel;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

pub fn futures<R: Runtime, C: Channel>(
    runtime: &R,
    receivers: u64,
    messages: u64,
    capacity: usize,
) -> Outcome {
    Ok(runtime.run(async move {
        hand_out::<R, C>(receivers, messages / 10, capacity).await;
        let meter = Meter::start();
        hand_out::<R, C>(receivers, messages, capacity).await;
        meter.stop(messages)
    }))
}

async fn hand_out<R: Runtime, C: Channel>(receivers: u64, messages: u64, capacity: usize) {
    let each = messages / receivers;
    let mut senders = Vec::new();
    let mut receiving = Vec::new();
    for _ in 0..receivers {
        let (sender, mut receiver) = C::bounded::<u64>(capacity);
        senders.push(sender);
        receiving.push(R::spawn(async move {
            let mut sum = 0;
            while let Some(message) = C::receive(&mut receiver).await {
                sum += message;
            }
            sum
        }));
    }
    for message in 0..each {
        for sender in &senders {
            C::send(sender, message).await;
        }
    }
    drop(senders);
    let mut sum = 0;
    for task in receiving {
        sum += task.await;
    }
    assert_eq!(sum, receivers * sum_below(each));
}

pub fn stacks<S: Stackful>(runtime: &S, receivers: u64, messages: u64, capacity: usize) -> Outcome {
    let (messages, note) = fewer::<S>(messages);
    let measured = runtime.run(move || {
        hand_out_stacks::<S, S::Own>(receivers, messages / 10, capacity);
        let meter = Meter::start();
        hand_out_stacks::<S, S::Own>(receivers, messages, capacity);
        meter.stop(messages)
    });
    Ok(measured.noting(note).noting(about::<S::Own>()))
}

fn hand_out_stacks<S: Stackful, C: StackfulChannel>(
    receivers: u64,
    messages: u64,
    capacity: usize,
) {
    let each = messages / receivers;
    let mut senders = Vec::new();
    let mut receiving = Vec::new();
    for _ in 0..receivers {
        let (sender, mut receiver) = C::bounded::<u64>(capacity);
        senders.push(sender);
        receiving.push(S::spawn(move || {
            let mut sum = 0;
            while let Some(message) = C::receive(&mut receiver) {
                sum += message;
            }
            sum
        }));
    }
    for message in 0..each {
        for sender in &senders {
            C::send(sender, message);
        }
    }
    drop(senders);
    let sum: u64 = receiving.into_iter().map(S::join).sum();
    assert_eq!(sum, receivers * sum_below(each));
}
