//! Pairs of tasks: one sends a number, the other sends back the next one. An operation is a round trip.

use super::{Outcome, about, fewer};
use crate::runtimes::Runtime;
use crate::runtimes::channel::Channel;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

pub fn futures<R: Runtime, C: Channel>(runtime: &R, pairs: u64, rounds: u64) -> Outcome {
    Ok(runtime.run(async move {
        play::<R, C>(pairs, rounds / 10).await;
        let meter = Meter::start();
        play::<R, C>(pairs, rounds).await;
        meter.stop(rounds)
    }))
}

async fn play<R: Runtime, C: Channel>(pairs: u64, rounds: u64) {
    let each = rounds / pairs;
    let players: Vec<_> = (0..pairs)
        .map(|_| {
            let (ping, mut pinged) = C::bounded::<u64>(1);
            let (pong, mut ponged) = C::bounded::<u64>(1);
            let second = R::spawn(async move {
                while let Some(n) = C::receive(&mut pinged).await {
                    C::send(&pong, n + 1).await;
                }
            });
            let first = R::spawn(async move {
                let mut n = 0;
                for _ in 0..each {
                    C::send(&ping, n).await;
                    n = C::receive(&mut ponged).await.expect("a reply");
                }
                n
            });
            (first, second)
        })
        .collect();
    let mut played = 0;
    for (first, second) in players {
        played += first.await;
        second.await;
    }
    assert_eq!(played, each * pairs);
}

pub fn stacks<S: Stackful>(runtime: &S, pairs: u64, rounds: u64) -> Outcome {
    let (rounds, note) = fewer::<S>(rounds);
    let measured = runtime.run(move || {
        play_stacks::<S, S::Own>(pairs, rounds / 10);
        let meter = Meter::start();
        play_stacks::<S, S::Own>(pairs, rounds);
        meter.stop(rounds)
    });
    Ok(measured.noting(note).noting(about::<S::Own>()))
}

fn play_stacks<S: Stackful, C: StackfulChannel>(pairs: u64, rounds: u64) {
    let each = rounds / pairs;
    let players: Vec<_> = (0..pairs)
        .map(|_| {
            let (ping, mut pinged) = C::bounded::<u64>(1);
            let (pong, mut ponged) = C::bounded::<u64>(1);
            let second = S::spawn(move || {
                while let Some(n) = C::receive(&mut pinged) {
                    C::send(&pong, n + 1);
                }
            });
            let first = S::spawn(move || {
                let mut n = 0;
                for _ in 0..each {
                    C::send(&ping, n);
                    n = C::receive(&mut ponged).expect("a reply");
                }
                n
            });
            (first, second)
        })
        .collect();
    let mut played = 0;
    for (first, second) in players {
        played += S::join(first);
        S::join(second);
    }
    assert_eq!(played, each * pairs);
}
