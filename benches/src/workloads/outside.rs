//! A thread that is no worker starts tasks and awaits them, batch by batch. It waits in the same way for all runtimes.

use std::hint::black_box;

use futures_lite::future::block_on;

use super::{Outcome, fewer, sum_below};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, tasks: u64, batch: u64) -> Outcome {
    Ok(runtime.outside(|| {
        spawn::<R>(tasks / 10, batch);
        let meter = Meter::start();
        spawn::<R>(tasks, batch);
        meter.stop(tasks)
    }))
}

fn spawn<R: Runtime>(tasks: u64, batch: u64) {
    let mut sum = 0;
    for first in (0..tasks).step_by(batch as usize) {
        let started: Vec<_> = (first..tasks.min(first + batch))
            .map(|n| R::spawn(async move { black_box(n) }))
            .collect();
        block_on(async {
            for task in started {
                sum += task.await;
            }
        });
    }
    assert_eq!(sum, sum_below(tasks));
}

pub fn stacks<S: Stackful>(_runtime: &S, tasks: u64, batch: u64) -> Outcome {
    let (tasks, note) = fewer::<S>(tasks);
    spawn_stacks::<S>(tasks / 10, batch);
    let meter = Meter::start();
    spawn_stacks::<S>(tasks, batch);
    Ok(meter.stop(tasks).noting(note))
}

fn spawn_stacks<S: Stackful>(tasks: u64, batch: u64) {
    let mut sum = 0;
    for first in (0..tasks).step_by(batch as usize) {
        let started: Vec<_> = (first..tasks.min(first + batch))
            .map(|n| S::spawn(move || black_box(n)))
            .collect();
        sum += started.into_iter().map(S::join).sum::<u64>();
    }
    assert_eq!(sum, sum_below(tasks));
}
