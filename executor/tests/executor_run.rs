//! Every task is run, by whichever mix of `run`, `tick` and `try_tick`, on whichever threads.

mod support;

use std::{
    future::{Future, pending},
    mem,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread,
};

use futures_lite::future::{poll_once, yield_now, zip};
use leno_executor::{Executor, LocalExecutor, Task};
use leno_reactor::block_on;
use support::{Event, no_hang};

#[test]
fn try_tick_alone_runs_every_task() {
    let done = AtomicUsize::new(0);
    let executor = Executor::new();
    assert!(!executor.try_tick());
    for _ in 0..100 {
        let task = executor.spawn(async {
            yield_now().await;
            done.fetch_add(1, Ordering::Relaxed);
        });
        task.detach();
    }
    let mut ticks = 0;
    while executor.try_tick() {
        ticks += 1;
    }
    assert_eq!(done.load(Ordering::Relaxed), 100);
    assert_eq!(ticks, 200);
    assert!(executor.is_empty());
}

#[test]
fn tick_alone_runs_every_task() {
    no_hang(|| {
        let executor = Executor::new();
        let (first, second) = (Event::default(), Event::default());
        let task = executor.spawn({
            let (first, second) = (first.clone(), second.clone());
            async move {
                first.set();
                second.wait().await;
                "woken from another thread"
            }
        });
        let waker = thread::spawn(move || {
            block_on(first.wait());
            second.set();
        });
        // Once to begin, and once to end, unless the other thread was so fast that the task did not have to wait.
        block_on(executor.tick());
        if !executor.is_empty() {
            block_on(executor.tick());
        }
        assert!(executor.is_empty());
        assert_eq!(
            block_on(task),
            "woken from another thread",
            "two ticks are enough"
        );
        waker.join().unwrap();
    });
}

/// Tasks that a `run` keeps to itself are found by those who only tick.
#[test]
fn ticks_find_what_a_run_left_behind() {
    let done = AtomicUsize::new(0);
    let executor = Executor::new();
    let mut run = Box::pin(executor.run(async {
        for _ in 0..300 {
            executor
                .spawn(async { done.fetch_add(1, Ordering::Relaxed) })
                .detach();
        }
        pending::<()>().await
    }));
    assert!(block_on(poll_once(&mut run)).is_none());
    let by_run = done.load(Ordering::Relaxed);
    assert!(by_run < 300, "it is polled again for the rest");
    // It is neither polled again nor dropped.
    while executor.try_tick() {}
    assert_eq!(done.load(Ordering::Relaxed), 300);
    drop(run);
}

#[test]
fn a_run_that_is_dropped_gives_its_tasks_back() {
    let done = AtomicUsize::new(0);
    let executor = Executor::new();
    let mut run = Box::pin(executor.run(async {
        for _ in 0..300 {
            executor
                .spawn(async { done.fetch_add(1, Ordering::Relaxed) })
                .detach();
        }
        pending::<()>().await
    }));
    assert!(block_on(poll_once(&mut run)).is_none());
    drop(run);
    block_on(executor.run(async {
        while !executor.is_empty() {
            yield_now().await;
        }
    }));
    assert_eq!(done.load(Ordering::Relaxed), 300);
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn nested_runs_of_one_executor() {
    no_hang(|| {
        let executor = Arc::new(Executor::new());
        let inner_executor = executor.clone();
        let outer = executor.spawn(async move {
            // Tasks of the outer run are run by the inner one too, but for this one.
            let before = inner_executor.spawn(async { 1 });
            let inner = inner_executor.spawn(async { 2 });
            let sum = block_on(inner_executor.run(async { before.await + inner.await }));
            // And here tasks go to the outer one again.
            sum + inner_executor.spawn(async { 4 }).await
        });
        assert_eq!(block_on(executor.run(outer)), 7);
        assert!(executor.is_empty());
    });
}

#[test]
fn nested_runs_of_different_executors() {
    no_hang(|| {
        let first = Executor::new();
        let second = Executor::new();
        let local = LocalExecutor::new();
        let sum = block_on(first.run(async {
            let of_first = first.spawn(async { 1 });
            second
                .run(async {
                    let of_second = second.spawn(async { 2 });
                    let of_first_too = first.spawn(async { 4 });
                    local
                        .run(async {
                            let of_local = local.spawn(async { 8 });
                            // Each is run by its own run, all on this thread.
                            of_first.await + of_second.await + of_first_too.await + of_local.await
                        })
                        .await
                })
                .await
        }));
        assert_eq!(sum, 15);
    });
}

#[test]
fn interleaved_runs_on_one_thread() {
    no_hang(|| {
        let count = AtomicUsize::new(0);
        let executor = Executor::new();
        let other = Executor::new();
        let counting = || async {
            yield_now().await;
            count.fetch_add(1, Ordering::Relaxed);
        };
        // Two of one executor, and a third one of another, each with tasks of both.
        block_on(zip(
            zip(
                executor.run(async {
                    for _ in 0..200 {
                        executor.spawn(counting()).await;
                        yield_now().await;
                    }
                }),
                executor.run(async {
                    for _ in 0..200 {
                        executor.spawn(counting()).await;
                        other.spawn(counting()).await;
                    }
                }),
            ),
            other.run(async {
                for _ in 0..200 {
                    executor.spawn(counting()).await;
                    other.spawn(counting()).await;
                }
            }),
        ));
        assert_eq!(count.load(Ordering::Relaxed), 1_000);
        assert!(executor.is_empty() && other.is_empty());
    });
}

#[test]
fn a_run_moves_between_threads_between_polls() {
    no_hang(|| {
        static EXECUTOR: Executor<'_> = Executor::new();
        const ROUNDS: usize = 2_000;
        let ran = Arc::new(AtomicUsize::new(0));
        let mut run = Box::pin(EXECUTOR.run({
            let ran = ran.clone();
            async move {
                for _ in 0..ROUNDS {
                    let tasks: Vec<Task<()>> = (0..5)
                        .map(|_| {
                            let ran = ran.clone();
                            EXECUTOR.spawn(async move {
                                yield_now().await;
                                ran.fetch_add(1, Ordering::Relaxed);
                            })
                        })
                        .collect();
                    for task in tasks {
                        task.await;
                    }
                    yield_now().await;
                }
            }
        }));
        // Two threads hand it to each other after each poll.
        let (to_there, there) = mpsc::channel();
        let (to_here, here) = mpsc::channel();
        let thread = thread::spawn(move || {
            for mut run in there {
                let poll = poll_with(&mut run, Waker::noop());
                to_here.send((run, poll)).unwrap();
            }
        });
        let mut polls = 0;
        while poll_with(&mut run, Waker::noop()).is_pending() {
            polls += 1;
            to_there.send(run).unwrap();
            let poll;
            (run, poll) = here.recv().unwrap();
            if poll.is_ready() {
                break;
            }
        }
        drop(to_there);
        thread.join().unwrap();
        assert!(polls > ROUNDS / 2);
        assert_eq!(ran.load(Ordering::Relaxed), 5 * ROUNDS);
    });
}

/// What sits in the ring of a forgotten run is taken by others.
#[test]
fn a_forgotten_run_loses_no_task() {
    no_hang(|| {
        let done = AtomicUsize::new(0);
        let executor = Executor::new();
        let mut run = Box::pin(executor.run(async {
            for _ in 0..250 {
                executor
                    .spawn(async { done.fetch_add(1, Ordering::Relaxed) })
                    .detach();
            }
            pending::<()>().await
        }));
        assert!(poll_with(&mut run, Waker::noop()).is_pending());
        mem::forget(run);
        assert!(done.load(Ordering::Relaxed) < 250);
        block_on(executor.run(async {
            while !executor.is_empty() {
                yield_now().await;
            }
        }));
        assert_eq!(done.load(Ordering::Relaxed), 250);
    });
}

#[test]
fn spawn_many_gives_handles_in_order() {
    let executor = Executor::new();
    let mut tasks = Vec::new();
    executor.spawn_many((0..1_000).map(|n| async move { n }), &mut tasks);
    assert_eq!(tasks.len(), 1_000);
    let results = block_on(executor.run(async {
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await);
        }
        results
    }));
    assert!(results.into_iter().eq(0..1_000));
}

/// More than fits on the stack of the task's allocation, and more than the queues hold.
#[test]
fn large_futures_and_many_tasks() {
    let executor = Executor::new();
    let large = executor.spawn(async {
        let bytes = [7_u8; 64 * 1024];
        yield_now().await;
        bytes.iter().map(|&byte| usize::from(byte)).sum::<usize>()
    });
    let tasks: Vec<_> = (0..10_000)
        .map(|n| executor.spawn(async move { n }))
        .collect();
    block_on(executor.run(async {
        assert_eq!(large.await, 7 * 64 * 1024);
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await, n);
        }
    }));
}

#[test]
fn debug_output_counts() {
    let executor = Executor::new();
    assert_eq!(format!("{executor:?}"), "Executor { .. }");
    let _task = executor.spawn(async {});
    let text = block_on(async {
        let mut run = pin!(executor.run(pending::<()>()));
        assert!(executor.try_tick());
        assert!(poll_once(&mut run).await.is_none());
        format!("{executor:?}")
    });
    assert_eq!(
        text,
        "Executor { tasks: 0, injected: 0, runs: [0], asleep: 1, .. }"
    );
}

/// Spawning, waking and cancelling from everywhere at once, with one to four runners.
#[test]
fn stress() {
    no_hang(|| {
        for runners in 1..=4 {
            let stop = AtomicBool::new(false);
            let ends = Event::default();
            let done = AtomicUsize::new(0);
            let cancelled = AtomicUsize::new(0);
            let executor = Executor::new();
            const ROUNDS: usize = 3_000;
            thread::scope(|scope| {
                for _ in 0..runners {
                    let (executor, ends) = (&executor, ends.clone());
                    scope.spawn(move || block_on(executor.run(ends.wait())));
                }
                let ticker = scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        executor.try_tick();
                        thread::yield_now();
                    }
                });
                let givers: Vec<_> = (0..2)
                    .map(|_| {
                        scope.spawn(|| {
                            for round in 0..ROUNDS {
                                let event = Event::default();
                                let waits = executor.spawn({
                                    let (event, done) = (event.clone(), &done);
                                    async move {
                                        event.wait().await;
                                        yield_now().await;
                                        done.fetch_add(1, Ordering::Relaxed);
                                    }
                                });
                                let (executor, done, again) = (&executor, &done, event.clone());
                                let sets = executor.spawn(async move {
                                    again.set();
                                    done.fetch_add(1, Ordering::Relaxed);
                                });
                                if round % 3 == 0 {
                                    event.set();
                                    if block_on(waits.cancel()).is_none() {
                                        cancelled.fetch_add(1, Ordering::Relaxed);
                                    }
                                } else {
                                    block_on(waits);
                                }
                                block_on(sets);
                            }
                        })
                    })
                    .collect();
                for giver in givers {
                    giver.join().unwrap();
                }
                stop.store(true, Ordering::Relaxed);
                ticker.join().unwrap();
                ends.set();
            });
            assert!(executor.is_empty());
            let total = done.load(Ordering::Relaxed) + cancelled.load(Ordering::Relaxed);
            // A task that had counted may still be told that it was cancelled in time.
            assert!((4 * ROUNDS..=5 * ROUNDS).contains(&total), "{total}");
        }
    });
}
