//! A task has a closure called where it may block, and awaits what it gives.

use std::hint::black_box;

use super::Outcome;
use crate::runtimes::Runtime;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, rounds: u64) -> Outcome {
    Ok(runtime.run(async move {
        unblock::<R>(rounds / 10).await;
        let meter = Meter::start();
        unblock::<R>(rounds).await;
        meter.stop(rounds)
    }))
}

async fn unblock<R: Runtime>(rounds: u64) {
    for round in 0..rounds {
        assert_eq!(R::unblock(move || black_box(round)).await, round);
    }
}
