//! A task starts others and awaits them: all at once, or batch by batch.

use std::hint::black_box;

use super::{Outcome, fewer, sum_below};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, tasks: u64, batch: u64) -> Outcome {
    Ok(runtime.run(async move {
        spawn::<R>(tasks / 10, batch).await;
        let meter = Meter::start();
        spawn::<R>(tasks, batch).await;
        meter.stop(tasks)
    }))
}

async fn spawn<R: Runtime>(tasks: u64, batch: u64) {
    let mut sum = 0;
    let mut first = 0;
    while first < tasks {
        let last = tasks.min(first + batch);
        let started: Vec<_> = (first..last)
            .map(|n| R::spawn(async move { black_box(n) }))
            .collect();
        for task in started {
            sum += task.await;
        }
        first = last;
    }
    assert_eq!(sum, sum_below(tasks));
}

pub fn stacks<S: Stackful>(runtime: &S, tasks: u64, batch: u64) -> Outcome {
    let (tasks, note) = fewer::<S>(tasks);
    let in_waves = (batch > S::MOST_AT_ONCE).then(|| format!("{} at once", S::MOST_AT_ONCE));
    let batch = batch.min(S::MOST_AT_ONCE);
    let measured = runtime.run(move || {
        spawn_stacks::<S>(tasks / 10, batch);
        let meter = Meter::start();
        spawn_stacks::<S>(tasks, batch);
        meter.stop(tasks)
    });
    Ok(measured.noting(note).noting(in_waves))
}

fn spawn_stacks<S: Stackful>(tasks: u64, batch: u64) {
    let mut sum = 0;
    let mut first = 0;
    while first < tasks {
        let last = tasks.min(first + batch);
        let started: Vec<_> = (first..last)
            .map(|n| S::spawn(move || black_box(n)))
            .collect();
        sum += started.into_iter().map(S::join).sum::<u64>();
        first = last;
    }
    assert_eq!(sum, sum_below(tasks));
}
