//! `block_on` inside a task, on a future that is woken while it is polled, or on another task.

use std::hint::black_box;

use super::{Gap, Outcome};
use crate::runtimes::Runtime;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, rounds: u64, on_a_task: bool) -> Outcome {
    runtime
        .run(async move {
            block::<R>(rounds / 10, on_a_task)?;
            let meter = Meter::start();
            block::<R>(rounds, on_a_task)?;
            Ok(meter.stop(rounds))
        })
        .map_err(Gap::because)
}

fn block<R: Runtime>(rounds: u64, on_a_task: bool) -> Result<(), &'static str> {
    for round in 0..rounds {
        let given = if on_a_task {
            R::block_on_inside(R::spawn(async move { black_box(round) }))?
        } else {
            R::block_on_inside(async move {
                futures_lite::future::yield_now().await;
                round
            })?
        };
        assert_eq!(given, round);
    }
    Ok(())
}
