//! Dropping an executor drops every task, once, before the drop returns.

mod support;

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    thread,
};

use futures_lite::future::yield_now;
use leno_executor::{Executor, LocalExecutor};
use leno_reactor::block_on;
use support::{Drops, OnDrop, no_hang, pending_with_waker};

#[test]
fn tasks_in_every_state_are_dropped_once() {
    let drops = Drops::default();
    let wakers = Mutex::new(Vec::new());
    let executor = Executor::new();
    let mut kept = Vec::new();
    for n in 0..30 {
        let guard = drops.guard();
        let task = executor.spawn(async {
            let _guard = guard;
            pending_with_waker(|waker| wakers.lock().unwrap().push(waker)).await;
        });
        match n % 3 {
            0 => task.detach(),
            1 => drop(task),
            _ => kept.push(task),
        }
    }
    for _ in 0..25 {
        assert!(executor.try_tick());
    }
    let never_run = executor.spawn({
        let guard = drops.guard();
        async move { drop(guard) }
    });
    // Some wait, some are woken, some were cancelled, some never ran.
    wakers.lock().unwrap().drain(..5).for_each(Waker::wake);
    drop(executor);
    assert_eq!(drops.count(), 31);

    // Late wake-ups do nothing, and whoever awaits a cancelled task is told by a panic.
    mem::take(&mut *wakers.lock().unwrap())
        .into_iter()
        .for_each(Waker::wake);
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(never_run))).is_err());
    for task in kept {
        assert!(task.is_finished());
        assert_eq!(block_on(task.cancel()), None);
    }
    assert_eq!(drops.count(), 31);
}

#[test]
fn finished_tasks_keep_their_output() {
    let executor = Executor::new();
    let task = executor.spawn(async { 5 });
    assert!(executor.try_tick());
    drop(executor);
    assert_eq!(block_on(task), 5);
}

/// The drop of one task may wake, cancel and detach others.
#[test]
fn tasks_that_meddle_with_each_other_while_they_are_dropped() {
    let drops = Drops::default();
    let wakers = Arc::new(Mutex::new(Vec::new()));
    let executor = Executor::new();
    for _ in 0..20 {
        let inner = executor.spawn({
            let guard = drops.guard();
            async move {
                let _guard = guard;
                pending_with_waker(|_| {}).await;
            }
        });
        let (wakers, guard) = (wakers.clone(), drops.guard());
        let outer = executor.spawn(async move {
            // Dropped with this future: cancels a task, and wakes all that wait.
            let _inner = inner;
            let _guard = guard;
            let _wakes = OnDrop({
                let wakers = wakers.clone();
                move || {
                    let wakers: Vec<Waker> = wakers.lock().unwrap().clone();
                    wakers.into_iter().for_each(Waker::wake);
                }
            });
            pending_with_waker(|waker| wakers.lock().unwrap().push(waker)).await;
        });
        outer.detach();
    }
    while executor.try_tick() {}
    drop(executor);
    assert_eq!(drops.count(), 40);
}

/// Each round, threads wake a task while its executor is dropped. What the task borrows is gone right
/// after that.
#[test]
fn wakers_fire_while_the_executor_is_dropped() {
    no_hang(|| {
        const ROUNDS: usize = 2_000;
        let start = Arc::new(Barrier::new(3));
        let slot = Arc::new(Mutex::new(None::<Waker>));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (start, slot) = (start.clone(), slot.clone());
                thread::spawn(move || {
                    for _ in 0..ROUNDS {
                        start.wait();
                        let waker = slot.lock().unwrap().clone().unwrap();
                        start.wait();
                        waker.wake_by_ref();
                        waker.wake();
                        start.wait();
                    }
                })
            })
            .collect();
        for round in 0..ROUNDS {
            let drops = AtomicUsize::new(0);
            let executor = Executor::new();
            let guard = OnDrop(|| {
                drops.fetch_add(1, Ordering::Relaxed);
            });
            let task = executor.spawn(async {
                let _guard = guard;
                pending_with_waker(|waker| *slot.lock().unwrap() = Some(waker)).await;
            });
            task.detach();
            executor.try_tick();
            start.wait();
            start.wait();
            for _ in 0..round % 50 {
                std::hint::spin_loop();
            }
            drop(executor);
            assert_eq!(drops.into_inner(), 1);
            start.wait();
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The same, with a runner until shortly before, and handles that are dropped elsewhere meanwhile.
#[test]
fn handles_are_dropped_elsewhere_while_the_executor_is_dropped() {
    no_hang(|| {
        for _ in 0..500 {
            let drops = Drops::default();
            let executor = Executor::new();
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let guard = drops.guard();
                    executor.spawn(async move {
                        let _guard = guard;
                        loop {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            block_on(executor.run(async {
                for _ in 0..3 {
                    yield_now().await;
                }
            }));
            let dropper = thread::spawn(move || drop(tasks));
            drop(executor);
            assert_eq!(drops.count(), 8);
            dropper.join().unwrap();
        }
    });
}

#[test]
fn borrowed_data_is_whole_until_the_drop_returns() {
    let mut numbers = vec![1, 2, 3];
    let sum = AtomicUsize::new(0);
    {
        let executor = Executor::new();
        let guard = OnDrop(|| {
            sum.fetch_add(numbers.iter().sum(), Ordering::Relaxed);
        });
        executor
            .spawn(async {
                let _guard = guard;
                pending_with_waker(|_| {}).await;
            })
            .detach();
        executor.try_tick();
    }
    numbers.clear();
    assert_eq!(sum.into_inner(), 6);
}

#[test]
fn a_forgotten_sleeper_does_not_hold_up_the_drop() {
    no_hang(|| {
        let drops = Drops::default();
        let executor = Executor::new();
        let guard = drops.guard();
        executor
            .spawn(async move {
                let _guard = guard;
                pending_with_waker(|_| {}).await;
            })
            .detach();
        let mut run = Box::pin(executor.run(std::future::pending::<()>()));
        let poll = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        mem::forget(run);
        drop(executor);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_forgotten_executor_keeps_its_tasks_for_ever() {
    let drops = Drops::default();
    let executor = Executor::new();
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let (guard, give) = (drops.guard(), slot.clone());
    let task = executor.spawn(async move {
        let _guard = guard;
        pending_with_waker(|waker| *give.lock().unwrap() = Some(waker)).await;
    });
    executor.try_tick();
    mem::forget(executor);
    slot.lock().unwrap().take().unwrap().wake();
    drop(task);
    assert_eq!(drops.count(), 0);
}

/// Of both kinds, each with a task, and with the last one's waker used too late.
#[test]
fn ten_thousand_executors() {
    no_hang(|| {
        let drops = Drops::default();
        let mut waker = None;
        for _ in 0..10_000 {
            let executor = Executor::new();
            let local = LocalExecutor::new();
            let guards = [drops.guard(), drops.guard()];
            let [first, second] = guards;
            executor
                .spawn(async move {
                    let _guard = first;
                    std::future::pending::<()>().await;
                })
                .detach();
            let task = local.spawn(async {
                let _guard = second;
                pending_with_waker(|given| waker = Some(given)).await;
            });
            task.detach();
            executor.try_tick();
            local.try_tick();
        }
        assert_eq!(drops.count(), 20_000);
        waker.unwrap().wake();
    });
}
