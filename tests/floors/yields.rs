//! A task that yields: nothing.

use std::time::Instant;

use leno::future::{yield_now, zip};

use crate::cost;
use crate::strace::{self, Calls};

const YIELDS: u32 = 1_000_000;

async fn yield_often(times: u32) {
    for _ in 0..times {
        yield_now().await;
    }
}

#[test]
fn in_block_on() {
    let calls = strace::trace(
        "yields::in_block_on",
        1,
        |_| {
            leno::block_on(async {
                strace::settle();
                strace::begin();
                yield_often(YIELDS).await;
                strace::end();
            });
        },
        |_| {},
    );
    if let Some(calls) = calls {
        assert_eq!(calls, Calls::of(&[]));
    }
}

#[test]
fn in_a_task() {
    let calls = strace::trace(
        "yields::in_a_task",
        1,
        |_| {
            leno::block_on(leno::spawn(async {
                strace::settle();
                strace::begin();
                yield_often(YIELDS).await;
                strace::end();
            }));
        },
        |_| {},
    );
    if let Some(calls) = calls {
        assert_eq!(calls, Calls::of(&[]));
    }
}

/// Two tasks that yield, and one that waits for both. Returns how many microseconds that took.
async fn two_tasks() -> u128 {
    // The workers start now, if they have not.
    leno::spawn(async {}).await;
    strace::settle();
    let half = || leno::spawn(yield_often(YIELDS / 2));
    let start = Instant::now();
    strace::begin();
    zip(half(), half()).await;
    strace::end();
    start.elapsed().as_micros()
}

#[test]
fn of_two_tasks_on_one_worker() {
    let calls = strace::trace(
        "yields::of_two_tasks_on_one_worker",
        1,
        |_| {
            leno::block_on(leno::spawn(two_tasks()));
        },
        |_| {},
    );
    if let Some(calls) = calls {
        assert_eq!(calls, Calls::of(&[]));
    }
}

/// The second worker takes one of the tasks; what is left is the watch that they keep on each other.
#[test]
fn of_two_tasks_on_two_workers() {
    let mut elapsed = 0;
    let calls = strace::trace(
        "yields::of_two_tasks_on_two_workers",
        2,
        |link| link.send(leno::block_on(two_tasks())),
        |link| elapsed = link.receive(),
    );
    if let Some(calls) = calls {
        let most = cost::watch(elapsed);
        assert!(
            calls.total() <= most,
            "{calls} in {elapsed} µs, where at most {most} are right"
        );
    }
}
