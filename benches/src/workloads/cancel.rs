//! Timers that are set and cancelled, as time limits are that are kept: 1000 at a time, each replaced in its turn.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use super::Outcome;
use crate::runtimes::Runtime;
use crate::sample::Meter;

const AT_A_TIME: usize = 1000;

pub fn futures<R: Runtime>(runtime: &R, timers: u64) -> Outcome {
    Ok(runtime.run(async move {
        set_and_cancel::<R>(timers / 10).await;
        let meter = Meter::start();
        set_and_cancel::<R>(timers).await;
        meter.stop(timers)
    }))
}

async fn set_and_cancel<R: Runtime>(timers: u64) {
    let limit = |n: u64| R::sleep(Duration::from_millis(5000 + n % 5000));
    let mut slots: Vec<_> = (0..AT_A_TIME).map(|_| Box::pin(limit(0))).collect();
    for n in 0..timers {
        let slot = &mut slots[n as usize % AT_A_TIME];
        // Drops the one before in its place, so that no allocation is measured.
        slot.set(limit(n));
        let fired = poll_fn(|context| Poll::Ready(slot.as_mut().poll(context).is_ready())).await;
        assert!(!fired, "a timer fired early");
    }
}
