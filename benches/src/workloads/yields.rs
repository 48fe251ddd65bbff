//! Tasks that do nothing but let the others have their turn.

use super::{Outcome, fewer};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, tasks: u64, yields: u64) -> Outcome {
    Ok(runtime.run(async move {
        yield_by_turns::<R>(tasks, yields / 10).await;
        let meter = Meter::start();
        yield_by_turns::<R>(tasks, yields).await;
        meter.stop(yields)
    }))
}

async fn yield_by_turns<R: Runtime>(tasks: u64, yields: u64) {
    let each = yields / tasks;
    let started: Vec<_> = (0..tasks)
        .map(|_| {
            R::spawn(async move {
                for _ in 0..each {
                    R::yield_now().await;
                }
                each
            })
        })
        .collect();
    let mut done = 0;
    for task in started {
        done += task.await;
    }
    assert_eq!(done, each * tasks);
}

pub fn stacks<S: Stackful>(runtime: &S, tasks: u64, yields: u64) -> Outcome {
    let (yields, note) = fewer::<S>(yields);
    let measured = runtime.run(move || {
        yield_stacks::<S>(tasks, yields / 10);
        let meter = Meter::start();
        yield_stacks::<S>(tasks, yields);
        meter.stop(yields)
    });
    Ok(measured.noting(note))
}

fn yield_stacks<S: Stackful>(tasks: u64, yields: u64) {
    let each = yields / tasks;
    let started: Vec<_> = (0..tasks)
        .map(|_| {
            S::spawn(move || {
                for _ in 0..each {
                    S::yield_now();
                }
                each
            })
        })
        .collect();
    let done: u64 = started.into_iter().map(S::join).sum();
    assert_eq!(done, each * tasks);
}
