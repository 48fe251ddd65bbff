//! Which runner is woken for a task, and how they make room for each other.

mod support;

use std::{
    future::{Future, pending},
    mem,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use futures_lite::future::yield_now;
use leno_executor::Executor;
use leno_reactor::block_on;
use support::{CountingWaker, Event, no_hang};

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// The one that is woken does not look any more; it has to wake the next.
#[test]
fn a_woken_run_or_tick_that_is_dropped_wakes_the_next() {
    let executor = Executor::new();
    let runs: [for<'e> fn(&'e Executor<'static>) -> BoxedFuture<'e>; 2] = [
        |executor| Box::pin(executor.run(pending::<()>())),
        |executor| Box::pin(executor.tick()),
    ];
    for woken in runs {
        let (first_wakes, first_waker) = CountingWaker::new();
        let (second_wakes, second_waker) = CountingWaker::new();
        let mut first = Box::pin(executor.run(pending::<()>()));
        let mut second = woken(&executor);
        assert!(poll_with(&mut first, &first_waker).is_pending());
        assert!(poll_with(&mut second, &second_waker).is_pending());

        let task = executor.spawn(async {});
        assert_eq!((first_wakes.count(), second_wakes.count()), (0, 1), "one");
        drop(second);
        assert_eq!(first_wakes.count(), 1, "and it passed that on");
        assert!(poll_with(&mut first, &first_waker).is_pending());
        assert!(task.is_finished());
    }
}

type BoxedFuture<'f> = Pin<Box<dyn Future<Output = ()> + 'f>>;

#[test]
fn many_tasks_wake_sleepers_one_after_the_other() {
    let executor = Executor::new();
    let counters: Vec<_> = (0..3).map(|_| CountingWaker::new()).collect();
    let mut runs: Vec<_> = counters
        .iter()
        .map(|(_, waker)| {
            let mut run = Box::pin(executor.run(pending::<()>()));
            assert!(poll_with(&mut run, waker).is_pending());
            run
        })
        .collect();
    let awake = || {
        counters
            .iter()
            .map(|(count, _)| count.count())
            .sum::<usize>()
    };

    executor.spawn(async {}).detach();
    executor.spawn(async {}).detach();
    assert_eq!(awake(), 1, "the second task relies on the first wake-up");
    // The receiver finds more than it takes, and wakes the next before it runs the first.
    let woken = counters.iter().position(|c| c.0.count() == 1).unwrap();
    assert!(poll_with(&mut runs[woken], &counters[woken].1).is_pending());
    assert_eq!(awake(), 2);
    assert!(executor.is_empty());
}

/// A lone task that yields is run by whom it yields to.
#[test]
fn a_lone_task_that_yields_wakes_nobody() {
    let executor = Executor::new();
    let (wakes, waker) = CountingWaker::new();
    let mut sleeper = Box::pin(executor.run(pending::<()>()));
    assert!(poll_with(&mut sleeper, &waker).is_pending());

    let mut run = Box::pin(executor.run(async {
        let yields = executor.spawn(async {
            for _ in 0..150 {
                yield_now().await;
            }
        });
        yields.await;
    }));
    assert!(poll_with(&mut run, Waker::noop()).is_pending());
    assert_eq!(wakes.count(), 1, "for the spawn");
    assert!(poll_with(&mut run, Waker::noop()).is_ready());
}

/// With a task that always yields, the thread still gets to its timers, and to other tasks.
#[test]
fn a_run_returns_now_and_then() {
    let other = AtomicUsize::new(0);
    let polls = AtomicUsize::new(0);
    let executor = Executor::new();
    executor
        .spawn(async {
            loop {
                polls.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        })
        .detach();
    let (wakes, waker) = CountingWaker::new();
    let mut run = Box::pin(executor.run(pending::<()>()));
    for round in 1..=3 {
        assert!(poll_with(&mut run, &waker).is_pending());
        assert_eq!(wakes.count(), round, "it wants to be polled again");
    }
    let ran = polls.load(Ordering::Relaxed);
    assert!((300..=3_000).contains(&ran), "{ran}");

    // What comes from outside has its turn beside it, and so has what sits in the ring of another.
    let outside = executor.spawn(async {});
    assert!(poll_with(&mut run, &waker).is_pending());
    assert!(outside.is_finished());

    let mut idle = Box::pin(executor.run(async {
        for _ in 0..250 {
            executor
                .spawn(async { other.fetch_add(1, Ordering::Relaxed) })
                .detach();
        }
        pending::<()>().await
    }));
    assert!(poll_with(&mut idle, Waker::noop()).is_pending());
    let left = 250 - other.load(Ordering::Relaxed);
    assert!(left > 0);
    for _ in 0..61 * (left + 1) {
        assert!(poll_with(&mut run, &waker).is_pending());
    }
    assert_eq!(other.load(Ordering::Relaxed), 250);
    drop((idle, run));
}

/// A wake-up that went to a forgotten run is given up after a while.
#[test]
fn forgotten_sleepers_do_not_silence_the_others() {
    let executor = Executor::new();
    let (wakes, waker) = CountingWaker::new();
    let mut live = Box::pin(executor.run(pending::<()>()));
    assert!(poll_with(&mut live, &waker).is_pending());
    for _ in 0..3 {
        // These sleep later, and so are woken earlier.
        let mut forgotten = Box::pin(executor.run(pending::<()>()));
        assert!(poll_with(&mut forgotten, Waker::noop()).is_pending());
        mem::forget(forgotten);
    }
    for _ in 0..1_000 {
        executor.spawn(async {}).detach();
    }
    assert_eq!(wakes.count(), 1);
    while poll_with(&mut live, &waker).is_pending() && !executor.is_empty() {}
    assert!(executor.is_empty());
    // From here on each task wakes the live one again.
    let before = wakes.count();
    assert!(poll_with(&mut live, &waker).is_pending());
    executor.spawn(async {}).detach();
    assert_eq!(wakes.count(), before + 1);
}

/// A task that blocks its thread keeps nobody else from running the others.
#[test]
fn a_blocked_runner_does_not_keep_its_tasks_to_itself() {
    no_hang(|| {
        static EXECUTOR: Executor<'_> = Executor::new();
        let stop = Event::default();
        let runners: Vec<_> = (0..2)
            .map(|_| {
                let stop = stop.clone();
                thread::spawn(move || block_on(EXECUTOR.run(stop.wait())))
            })
            .collect();
        for _ in 0..200 {
            let blocks = EXECUTOR.spawn(async {
                let done = Arc::new((Mutex::new(0), Condvar::new()));
                for _ in 0..10 {
                    let done = done.clone();
                    // In the ring of the very runner that is blocked below.
                    EXECUTOR
                        .spawn(async move {
                            *done.0.lock().unwrap() += 1;
                            done.1.notify_one();
                        })
                        .detach();
                }
                let count = done.0.lock().unwrap();
                drop(done.1.wait_while(count, |count| *count < 10).unwrap());
            });
            block_on(blocks);
        }
        stop.set();
        for runner in runners {
            runner.join().unwrap();
        }
    });
}
