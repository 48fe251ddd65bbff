//! One task that sleeps again and again: how late it is each time.

use std::time::{Duration, Instant};

use super::{Outcome, late};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, sleep: Duration, times: u64) -> Outcome {
    Ok(runtime.run(async move {
        let meter = Meter::start();
        let mut lateness = Vec::with_capacity(times as usize);
        for _ in 0..times {
            let start = Instant::now();
            R::sleep(sleep).await;
            lateness.push(past(sleep, start));
        }
        late(meter.stop(times), lateness)
    }))
}

pub fn stacks<S: Stackful>(runtime: &S, sleep: Duration, times: u64) -> Outcome {
    Ok(runtime.run(move || {
        let meter = Meter::start();
        let mut lateness = Vec::with_capacity(times as usize);
        for _ in 0..times {
            let start = Instant::now();
            S::sleep(sleep);
            lateness.push(past(sleep, start));
        }
        late(meter.stop(times), lateness)
    }))
}

fn past(sleep: Duration, start: Instant) -> u64 {
    let late = start.elapsed().checked_sub(sleep);
    late.expect("a timer fired early").as_nanos() as u64
}
