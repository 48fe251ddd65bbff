//! Executors that are never dropped.
#![cfg(not(loom))]

mod support;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

use futures_lite::future::{block_on, or, yield_now};
use leno_executor::{Executor, LocalExecutor, StaticExecutor, Task};
use support::no_hang;

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in the drop");
    }
}

#[test]
fn threads_share_the_tasks_of_a_static() {
    static EXECUTOR: StaticExecutor = StaticExecutor::new();
    const TASKS: u32 = 2_000;

    no_hang(|| {
        let tasks: Vec<Task<u32>> = (0..TASKS)
            .map(|n| {
                EXECUTOR.spawn(async move {
                    yield_now().await;
                    let inner = EXECUTOR.spawn(async move { n });
                    yield_now().await;
                    inner.await
                })
            })
            .collect();
        let done = async move {
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            sum
        };
        let (stop, stopped) = async_stop();
        thread::scope(|scope| {
            let helpers = [(); 2].map(|()| {
                let stopped = stopped.clone();
                scope.spawn(move || block_on(EXECUTOR.run(stopped.wait())))
            });
            assert_eq!(block_on(EXECUTOR.run(done)), (0..TASKS).sum());
            stop();
            for helper in helpers {
                helper.join().unwrap();
            }
        });
    });
}

/// A flag that futures can wait for, by looking again and again.
fn async_stop() -> (impl FnOnce(), Stopped) {
    let flag = std::sync::Arc::new(AtomicU32::new(0));
    let stopped = Stopped(flag.clone());
    (move || flag.store(1, SeqCst), stopped)
}

#[derive(Clone)]
struct Stopped(std::sync::Arc<AtomicU32>);

impl Stopped {
    async fn wait(self) {
        while self.0.load(SeqCst) == 0 {
            yield_now().await;
        }
    }
}

#[test]
fn tasks_from_before_the_leak_go_on() {
    no_hang(|| {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        let started = executor.spawn(async {
            yield_now().await;
            1
        });
        assert!(executor.try_tick());
        let waiting = executor.spawn(async { 2 });
        let executor = executor.leak();
        let after = executor.spawn(async { 4 });
        let sum = block_on(executor.run(async {
            polls.set(polls.get() + 1);
            started.await + waiting.await + after.await
        }));
        assert_eq!(sum, 7);
        assert!(polls.get() > 0);
        assert!(!executor.try_tick());
    });
}

#[test]
fn a_leak_cancels_nothing() {
    let executor = Executor::new();
    executor
        .spawn(async {
            let _bomb = Bomb;
            pending::<()>().await
        })
        .detach();
    executor.try_tick();
    // Dropping the executor would drop the bomb.
    let executor = executor.leak();
    assert!(!executor.try_tick());
}

#[test]
fn a_task_may_borrow_if_it_ends_in_time() {
    static EXECUTOR: StaticExecutor = StaticExecutor::new();
    let count = AtomicU32::new(0);
    // SAFETY: `run` returns when the task has ended.
    let task = unsafe {
        EXECUTOR.spawn_scoped(async {
            yield_now().await;
            count.fetch_add(1, SeqCst)
        })
    };
    assert_eq!(block_on(EXECUTOR.run(task)), 0);
    assert_eq!(count.into_inner(), 1);
}

#[test]
fn panics_go_where_they_go_in_other_executors() {
    static EXECUTOR: StaticExecutor = StaticExecutor::new();
    let awaited =
        |task: Task<()>| catch_unwind(AssertUnwindSafe(|| block_on(EXECUTOR.run(task)))).is_err();
    assert!(awaited(EXECUTOR.spawn(async { panic!("in the task") })));
    // The drop of a future that is ready belongs to its outcome.
    let bomb = Bomb;
    assert!(awaited(EXECUTOR.spawn(poll_fn(move |_| {
        let _ = &bomb;
        Poll::Ready(())
    }))));
    // That of a cancelled one ends here.
    let bomb = Bomb;
    drop(EXECUTOR.spawn(async move {
        let _bomb = bomb;
        pending::<()>().await
    }));
    assert!(EXECUTOR.try_tick());
    assert!(!EXECUTOR.try_tick());
}

#[test]
fn local_tasks_from_before_and_after_the_leak_stay_here() {
    no_hang(|| {
        let executor = LocalExecutor::new();
        let sum = Rc::new(Cell::new(0));
        let add = |n| {
            let sum = sum.clone();
            async move {
                yield_now().await;
                sum.set(sum.get() + n);
            }
        };
        let before = executor.spawn(add(1));
        let executor = executor.leak();
        let after = executor.spawn(add(2));
        // Woken from abroad, too.
        let (sender, receiver) = std::sync::mpsc::channel();
        let woken = executor.spawn(async move {
            let mut told = false;
            poll_fn(|cx| {
                if told {
                    return Poll::Ready(());
                }
                told = true;
                sender.send(cx.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
        });
        let waker = thread::spawn(move || receiver.recv().unwrap().wake());
        block_on(executor.run(async {
            before.await;
            after.await;
            woken.await;
        }));
        waker.join().unwrap();
        assert_eq!(sum.get(), 3);
    });
}

#[test]
fn what_nobody_used_can_be_leaked() {
    let executor = Executor::new().leak();
    assert!(!executor.try_tick());
    assert_eq!(block_on(or(executor.run(async { 5 }), pending())), 5);
    let executor = LocalExecutor::new().leak();
    assert!(!executor.try_tick());
    assert_eq!(block_on(executor.run(async { 6 })), 6);
}
