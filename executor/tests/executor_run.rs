//! Every task is run, by whichever mix of `run`, `tick` and `try_tick`, on whichever threads.

mod support;

use std::{
    future::{Future, pending},
    mem,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread,
};

use futures_lite::future::{poll_once, yield_now, zip};
use leno_executor::{Executor, LocalExecutor, Task};
use leno_reactor::block_on;
use support::{CountingWaker, Event, no_hang};

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
        // Once to begin, once to end.
        block_on(executor.tick());
        block_on(executor.tick());
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
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
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

type BoxedFuture<'f> = std::pin::Pin<Box<dyn Future<Output = ()> + 'f>>;

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
