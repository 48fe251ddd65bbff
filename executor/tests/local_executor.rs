//! Tasks of a `LocalExecutor` stay on their thread and end there; wakers may fire anywhere.

mod support;

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
};

use futures_lite::future::{poll_once, yield_now, zip};
use leno_executor::{Executor, LocalExecutor};
use leno_reactor::block_on;
use support::{CountingWaker, Event, OnDrop, no_hang, pending_with_waker};

/// Not `Send`: panics if it is dropped on another thread than it was made on.
struct Home(ThreadId, Rc<Cell<usize>>);

impl Home {
    fn new(drops: &Rc<Cell<usize>>) -> Self {
        Self(thread::current().id(), drops.clone())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // An abort, since nobody would see a panic in the drop of a cancelled future.
        if self.0 != thread::current().id() {
            eprintln!("dropped on a foreign thread");
            std::process::abort();
        }
        self.1.set(self.1.get() + 1);
    }
}

fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn ticks_alone_run_every_task() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let executor = LocalExecutor::new();
    assert!(!executor.try_tick());
    for n in 0..3 {
        let log = log.clone();
        let task = executor.spawn(async move {
            log.borrow_mut().push(n);
            yield_now().await;
            log.borrow_mut().push(n + 10);
        });
        task.detach();
    }
    let mut ticks = 0;
    while executor.try_tick() {
        ticks += 1;
    }
    assert_eq!((ticks, executor.is_empty()), (6, true));
    assert_eq!(*log.borrow(), [0, 1, 2, 10, 11, 12], "first in, first out");

    let task = executor.spawn(yield_now());
    block_on(async {
        executor.tick().await;
        executor.tick().await;
    });
    assert!(task.is_finished());
}

#[test]
fn spawn_many_gives_handles_in_order() {
    let executor = LocalExecutor::new();
    let mut tasks = Vec::new();
    executor.spawn_many((0..100).map(|n| async move { Rc::new(n) }), &mut tasks);
    let results = block_on(executor.run(async {
        let mut results = Vec::new();
        for task in tasks {
            results.push(*task.await);
        }
        results
    }));
    assert!(results.into_iter().eq(0..100));
}

#[test]
fn tasks_wake_each_other_and_spawn_more() {
    let executor = Rc::new(LocalExecutor::new());
    let order = Rc::new(RefCell::new(Vec::new()));
    let event = Event::default();
    let waits = executor.spawn({
        let (event, order) = (event.clone(), order.clone());
        async move {
            event.wait().await;
            order.borrow_mut().push("woken");
        }
    });
    let sets = executor.spawn({
        // A task may hold the executor, if it ends: a cycle would be kept for ever.
        let (executor, order) = (executor.clone(), order.clone());
        async move {
            event.set();
            let inner = executor.spawn(async move { order.borrow_mut().push("spawned") });
            inner.await;
        }
    });
    block_on(executor.run(async {
        sets.await;
        waits.await;
    }));
    assert_eq!(*order.borrow(), ["woken", "spawned"]);
    assert_eq!(Rc::strong_count(&executor), 1);
}

/// One thousand wake-ups from another thread for a runner that sleeps.
#[test]
fn other_threads_wake_a_sleeping_run() {
    no_hang(|| {
        let executor = LocalExecutor::new();
        let (give, wakers) = std::sync::mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
        let thread = thread::spawn(move || {
            for (waker, flag) in wakers {
                flag.store(1, Ordering::Release);
                waker.wake();
            }
        });
        let rounds = Rc::new(Cell::new(0));
        let task = executor.spawn({
            let rounds = rounds.clone();
            async move {
                for _ in 0..1_000 {
                    let flag = Arc::new(AtomicUsize::new(0));
                    let mut given = false;
                    std::future::poll_fn(|cx| {
                        if flag.load(Ordering::Acquire) == 1 {
                            return Poll::Ready(());
                        }
                        if !std::mem::replace(&mut given, true) {
                            give.send((cx.waker().clone(), flag.clone())).unwrap();
                        }
                        Poll::Pending
                    })
                    .await;
                    rounds.set(rounds.get() + 1);
                }
            }
        });
        block_on(executor.run(task));
        assert_eq!(rounds.get(), 1_000);
        thread.join().unwrap();
    });
}

/// What other threads have woken has its turn beside a task that always yields.
#[test]
fn wake_ups_from_abroad_are_not_starved() {
    no_hang(|| {
        let executor = LocalExecutor::new();
        let event = Event::default();
        executor
            .spawn(async {
                loop {
                    yield_now().await;
                }
            })
            .detach();
        let waits = event.clone();
        let task = executor.spawn(async move { waits.wait().await });
        executor.try_tick();
        executor.try_tick();
        thread::spawn(move || event.set()).join().unwrap();
        block_on(executor.run(task));
    });
}

#[test]
fn handles_and_wakers_dropped_elsewhere_drop_nothing_there() {
    no_hang(|| {
        let drops = Rc::new(Cell::new(0));
        for round in 0..1_000 {
            let executor = LocalExecutor::new();
            let waker = Arc::new(Mutex::new(None));
            let (home, give) = (Home::new(&drops), waker.clone());
            let task = executor.spawn(async move {
                let _home = home;
                pending_with_waker(|waker| *give.lock().unwrap() = Some(waker)).await;
            });
            assert!(executor.try_tick());
            let waker = waker.lock().unwrap().take().unwrap();
            let thread = thread::spawn(move || {
                // In either order; the first of them cancels, or makes the task ready to run.
                if round % 2 == 0 {
                    drop(task);
                    drop(waker);
                } else {
                    waker.wake();
                    drop(task);
                }
            });
            if round % 4 < 2 {
                block_on(executor.run(async {
                    while !executor.is_empty() {
                        yield_now().await;
                    }
                }));
                assert_eq!(drops.get(), round + 1);
            }
            drop(executor);
            assert_eq!(drops.get(), round + 1);
            thread.join().unwrap();
        }
    });
}

/// Each round, threads wake a task while its executor is dropped.
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
        let drops = Rc::new(Cell::new(0));
        for round in 0..ROUNDS {
            // Borrowed, not counted: it is gone right after the executor.
            let borrowed = Cell::new(0);
            let executor = LocalExecutor::new();
            let home = Home::new(&drops);
            let guard = OnDrop(|| borrowed.set(borrowed.get() + 1));
            let task = executor.spawn(async {
                let _all = (home, guard);
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
            assert_eq!((borrowed.get(), drops.get()), (1, round + 1));
            start.wait();
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn nested_and_interleaved_runs() {
    no_hang(|| {
        let executor = Rc::new(LocalExecutor::new());
        let inner = executor.clone();
        let outer = executor.spawn(async move {
            let one = inner.spawn(async { 1 });
            let two = inner.spawn(async { 2 });
            block_on(inner.run(async { one.await + two.await }))
        });
        assert_eq!(block_on(executor.run(outer)), 3);

        let other = LocalExecutor::new();
        let shared = Executor::new();
        let count = Cell::new(0);
        let count_up = async || {
            for _ in 0..100 {
                executor.spawn(yield_now()).await;
                other.spawn(async {}).await;
                shared.spawn(async {}).await;
                count.set(count.get() + 1);
            }
        };
        block_on(zip(
            zip(executor.run(count_up()), executor.run(count_up())),
            zip(other.run(count_up()), shared.run(count_up())),
        ));
        assert_eq!(count.get(), 400);
    });
}

#[test]
fn a_forgotten_or_dropped_run_loses_no_task() {
    for forget in [false, true] {
        let done = Cell::new(0);
        let executor = LocalExecutor::new();
        let mut run = Box::pin(executor.run(async {
            for _ in 0..300 {
                executor.spawn(async { done.set(done.get() + 1) }).detach();
            }
            pending::<()>().await
        }));
        let (wakes, waker) = CountingWaker::new();
        assert!(poll_with(run.as_mut(), &waker).is_pending());
        assert_eq!(wakes.count(), 1, "it wants to be polled again");
        assert!(done.get() < 300, "it returns now and then");
        if forget {
            std::mem::forget(run);
        }
        while executor.try_tick() {}
        assert_eq!(done.get(), 300);
    }
}

#[test]
fn one_sleeper_is_woken_and_passes_it_on() {
    let executor = LocalExecutor::new();
    let (first_wakes, first_waker) = CountingWaker::new();
    let (second_wakes, second_waker) = CountingWaker::new();
    let mut first = Box::pin(executor.run(pending::<()>()));
    let mut second = Box::pin(executor.tick());
    assert!(poll_with(first.as_mut(), &first_waker).is_pending());
    assert!(poll_with(second.as_mut(), &second_waker).is_pending());
    let task = executor.spawn(async {});
    assert_eq!((first_wakes.count(), second_wakes.count()), (0, 1));
    drop(second);
    assert_eq!(first_wakes.count(), 1);
    assert!(poll_with(first.as_mut(), &first_waker).is_pending());
    assert!(task.is_finished());
}

#[test]
fn tasks_in_every_state_are_dropped_once() {
    let drops = Rc::new(Cell::new(0));
    let wakers = Mutex::new(Vec::new());
    let executor = LocalExecutor::new();
    let mut kept = Vec::new();
    for n in 0..30 {
        let home = Home::new(&drops);
        let task = executor.spawn(async {
            let _home = home;
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
    wakers.lock().unwrap().drain(..5).for_each(Waker::wake);
    drop(executor);
    assert_eq!(drops.get(), 30);
    wakers
        .into_inner()
        .unwrap()
        .into_iter()
        .for_each(Waker::wake);
    for task in kept {
        assert_eq!(block_on(task.cancel()), None);
    }
    assert_eq!(drops.get(), 30);
}

/// In a thread-local, it is dropped when the thread ends.
#[test]
fn in_a_thread_local() {
    thread_local! {
        static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    }
    let count = Arc::new(AtomicUsize::new(0));
    let (slot, counter) = (Arc::new(Mutex::new(None::<Waker>)), count.clone());
    let give = slot.clone();
    thread::spawn(move || {
        EXECUTOR.with(|executor| {
            let guard = OnDrop(move || {
                counter.fetch_add(1, Ordering::Relaxed);
            });
            let task = executor.spawn(async move {
                let _guard = guard;
                pending_with_waker(|waker| *give.lock().unwrap() = Some(waker)).await;
            });
            task.detach();
            assert!(executor.try_tick());
        });
    })
    .join()
    .unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    slot.lock().unwrap().take().unwrap().wake();
}

#[test]
fn debug_output_counts() {
    let executor = LocalExecutor::new();
    assert_eq!(format!("{executor:?}"), "LocalExecutor { .. }");
    let _tasks = [executor.spawn(async {}), executor.spawn(async {})];
    assert!(executor.try_tick());
    assert_eq!(
        format!("{executor:?}"),
        "LocalExecutor { tasks: 1, queued: 1, woken_abroad: 0, asleep: 0, .. }"
    );
    assert!(block_on(poll_once(executor.tick())).is_some());
}
