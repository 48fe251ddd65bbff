//! Tasks that are all alive at once, each for a few turns: what one costs when there are few, and when there are many.

use super::{Gap, Outcome, fewer};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

const TURNS: u64 = 4;

pub fn futures<R: Runtime>(runtime: &R, at_once: u64, times: u64) -> Outcome {
    Ok(runtime.run(async move {
        live::<R>(at_once / 10, times).await;
        let meter = Meter::start();
        live::<R>(at_once, times).await;
        meter.stop(at_once * times)
    }))
}

async fn live<R: Runtime>(at_once: u64, times: u64) {
    for _ in 0..times {
        let tasks: Vec<_> = (0..at_once)
            .map(|_| {
                R::spawn(async {
                    for _ in 0..TURNS {
                        R::yield_now().await;
                    }
                    TURNS
                })
            })
            .collect();
        let mut turns = 0;
        for task in tasks {
            turns += task.await;
        }
        assert_eq!(turns, at_once * TURNS);
    }
}

pub fn stacks<S: Stackful>(runtime: &S, at_once: u64, times: u64) -> Outcome {
    if at_once > S::MOST_AT_ONCE {
        return Err(Gap(format!("{} at once at most", S::MOST_AT_ONCE)));
    }
    let (times, note) = fewer::<S>(times);
    let measured = runtime.run(move || {
        live_stacks::<S>(at_once / 10, times);
        let meter = Meter::start();
        live_stacks::<S>(at_once, times);
        meter.stop(at_once * times)
    });
    Ok(measured.noting(note))
}

fn live_stacks<S: Stackful>(at_once: u64, times: u64) {
    for _ in 0..times {
        let tasks: Vec<_> = (0..at_once)
            .map(|_| {
                S::spawn(|| {
                    for _ in 0..TURNS {
                        S::yield_now();
                    }
                    TURNS
                })
            })
            .collect();
        let turns: u64 = tasks.into_iter().map(S::join).sum();
        assert_eq!(turns, at_once * TURNS);
    }
}
