//! Senders and receivers that share one channel. With one receiver and many senders this is fan-in.

use super::{Gap, Outcome, about, fewer, sum_below};
use crate::runtimes::Runtime;
use crate::runtimes::channel::Channel;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

const ONE_RECEIVER: &str = "its channel has one receiver";

pub fn futures<R: Runtime, C: Channel>(
    runtime: &R,
    senders: u64,
    receivers: u64,
    messages: u64,
    capacity: usize,
) -> Outcome {
    if receivers > 1 && C::share(&C::bounded::<u64>(1).1).is_none() {
        return Err(Gap::because(ONE_RECEIVER));
    }
    Ok(runtime.run(async move {
        exchange::<R, C>(senders, receivers, messages / 10, capacity).await;
        let meter = Meter::start();
        exchange::<R, C>(senders, receivers, messages, capacity).await;
        meter.stop(messages)
    }))
}

async fn exchange<R: Runtime, C: Channel>(
    senders: u64,
    receivers: u64,
    messages: u64,
    capacity: usize,
) {
    let each = messages / senders;
    let (sender, receiver) = C::bounded::<u64>(capacity);
    let mut ends = Vec::new();
    for _ in 1..receivers {
        ends.push(C::share(&receiver).expect("a channel with several receivers"));
    }
    ends.push(receiver);
    let receiving: Vec<_> = ends
        .into_iter()
        .map(|mut end| {
            R::spawn(async move {
                let mut sum = 0;
                while let Some(message) = C::receive(&mut end).await {
                    sum += message;
                }
                sum
            })
        })
        .collect();
    let sending: Vec<_> = (0..senders)
        .map(|_| {
            let sender = sender.clone();
            R::spawn(async move {
                for message in 0..each {
                    C::send(&sender, message).await;
                }
            })
        })
        .collect();
    drop(sender);
    for task in sending {
        task.await;
    }
    let mut sum = 0;
    for task in receiving {
        sum += task.await;
    }
    assert_eq!(sum, senders * sum_below(each));
}

pub fn stacks<S: Stackful, C: StackfulChannel>(
    runtime: &S,
    senders: u64,
    receivers: u64,
    messages: u64,
    capacity: usize,
) -> Outcome {
    if receivers > 1 && C::share(&C::bounded::<u64>(1).1).is_none() {
        return Err(Gap::because(ONE_RECEIVER));
    }
    let (messages, note) = fewer::<S>(messages);
    let measured = runtime.run(move || {
        exchange_stacks::<S, C>(senders, receivers, messages / 10, capacity);
        let meter = Meter::start();
        exchange_stacks::<S, C>(senders, receivers, messages, capacity);
        meter.stop(messages)
    });
    Ok(measured.noting(note).noting(about::<C>()))
}

fn exchange_stacks<S: Stackful, C: StackfulChannel>(
    senders: u64,
    receivers: u64,
    messages: u64,
    capacity: usize,
) {
    let each = messages / senders;
    let (sender, receiver) = C::bounded::<u64>(capacity);
    let mut ends = Vec::new();
    for _ in 1..receivers {
        ends.push(C::share(&receiver).expect("a channel with several receivers"));
    }
    ends.push(receiver);
    let receiving: Vec<_> = ends
        .into_iter()
        .map(|mut end| {
            S::spawn(move || {
                let mut sum = 0;
                while let Some(message) = C::receive(&mut end) {
                    sum += message;
                }
                sum
            })
        })
        .collect();
    let sending: Vec<_> = (0..senders)
        .map(|_| {
            let sender = sender.clone();
            S::spawn(move || {
                for message in 0..each {
                    C::send(&sender, message);
                }
            })
        })
        .collect();
    drop(sender);
    sending.into_iter().for_each(S::join);
    let sum: u64 = receiving.into_iter().map(S::join).sum();
    assert_eq!(sum, senders * sum_below(each));
}
