//! Many tasks that each sleep once, for random times within one span. The figure is the CPU time for each: the span
//! itself says nothing.

use std::time::{Duration, Instant};

use super::{Outcome, late};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, timers: u64, within: Duration) -> Outcome {
    Ok(runtime.run(async move {
        sleep_all::<R>(timers / 10, within / 10).await;
        let meter = Meter::start();
        sleep_all::<R>(timers, within).await;
        meter.stop(timers)
    }))
}

/// The same, for how late each of them is: what a crowd may cost is also a matter of how exact it is to be.
pub fn crowd<R: Runtime>(runtime: &R, timers: u64, within: Duration) -> Outcome {
    Ok(runtime.run(async move {
        sleep_all::<R>(timers / 10, within / 10).await;
        let meter = Meter::start();
        let sleepers: Vec<_> = (0..timers)
            .map(|n| {
                R::spawn(async move {
                    let (sleep, start) = (random_below(within, n), Instant::now());
                    R::sleep(sleep).await;
                    let late = start.elapsed().checked_sub(sleep);
                    late.expect("a timer fired early").as_nanos() as u64
                })
            })
            .collect();
        let mut lateness = Vec::with_capacity(timers as usize);
        for sleeper in sleepers {
            lateness.push(sleeper.await);
        }
        late(meter.stop(timers), lateness)
    }))
}

async fn sleep_all<R: Runtime>(timers: u64, within: Duration) {
    let start = Instant::now();
    let longest = (0..timers).map(|n| random_below(within, n)).max();
    let sleepers: Vec<_> = (0..timers)
        .map(|n| {
            R::spawn(async move {
                R::sleep(random_below(within, n)).await;
            })
        })
        .collect();
    for sleeper in sleepers {
        sleeper.await;
    }
    assert!(Some(start.elapsed()) >= longest, "a timer fired early");
}

/// The same times for all runtimes: SplitMix64 of the timer's number.
fn random_below(within: Duration, number: u64) -> Duration {
    let mut bits = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    Duration::from_nanos(bits % within.as_nanos() as u64)
}

pub fn stacks<S: Stackful>(runtime: &S, timers: u64, within: Duration) -> Outcome {
    let fewer = timers.min(S::MOST_AT_ONCE);
    let note = (fewer < timers).then(|| format!("{fewer} timers"));
    let measured = runtime.run(move || {
        sleep_all_stacks::<S>(fewer / 10, within / 10);
        let meter = Meter::start();
        sleep_all_stacks::<S>(fewer, within);
        meter.stop(fewer)
    });
    Ok(measured.noting(note))
}

fn sleep_all_stacks<S: Stackful>(timers: u64, within: Duration) {
    let start = Instant::now();
    let longest = (0..timers).map(|n| random_below(within, n)).max();
    let sleepers: Vec<_> = (0..timers)
        .map(|n| S::spawn(move || S::sleep(random_below(within, n))))
        .collect();
    sleepers.into_iter().for_each(S::join);
    assert!(Some(start.elapsed()) >= longest, "a timer fired early");
}
