//! Promise 3: what an `Executor` is, who may run it and how, and how it ends.

mod child;
mod tally;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use child::Watchdog;
use leno::prelude::*;
use leno::{Executor, LocalExecutor, Task, Timer, block_on, channel, future};
use tally::Tally;

/// Polls `future` once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn it_may_be_a_static() {
    static EXECUTOR: Executor<'_> = Executor::new();

    let _watchdog = Watchdog::new("a static executor");
    let (stop, stopped) = channel::unbounded::<()>();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let stopped = stopped.clone();
            thread::spawn(move || block_on(EXECUTOR.run(stopped.recv())))
        })
        .collect();
    let tasks: Vec<_> = (0..1_000u64)
        .map(|n| {
            EXECUTOR.spawn(async move {
                future::yield_now().await;
                EXECUTOR.spawn(async move { n }).await
            })
        })
        .collect();
    let sum = block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    });
    assert_eq!(sum, 499_500);
    drop(stop);
    for thread in threads {
        assert!(thread.join().unwrap().is_err());
    }
    assert!(EXECUTOR.is_empty());
}

#[test]
fn tasks_may_borrow_what_outlives_it() {
    let _watchdog = Watchdog::new("tasks that borrow");
    let words = ["warp".to_string(), "weft".to_string()];
    let counter = AtomicUsize::new(0);
    {
        let executor = Executor::new();
        let length: Task<usize> = executor.spawn(async { words.iter().map(String::len).sum() });
        executor
            .spawn(async {
                counter.fetch_add(1, Ordering::SeqCst);
                pending::<()>().await;
                assert_eq!(words.len(), 2);
            })
            .detach();
        assert_eq!(block_on(executor.run(length)), 8);
        while executor.try_tick() {}
    }
    assert_eq!(counter.load(Ordering::SeqCst), 1);
    drop(words);
}

#[test]
fn ticks_alone_can_run_every_task() {
    let _watchdog = Watchdog::new("try_tick alone");
    let done = AtomicUsize::new(0);
    let executor = Executor::new();
    for _ in 0..1_000 {
        executor
            .spawn(async {
                for _ in 0..3 {
                    future::yield_now().await;
                }
                done.fetch_add(1, Ordering::SeqCst);
            })
            .detach();
    }
    let mut ticks = 0;
    while executor.try_tick() {
        ticks += 1;
    }
    assert_eq!(done.load(Ordering::SeqCst), 1_000);
    assert_eq!(ticks, 4_000);
    assert!(executor.is_empty());
}

#[test]
fn threads_that_only_tick_share_the_tasks() {
    let _watchdog = Watchdog::new("tick alone");
    let executor = Executor::new();
    let (finished, all_finished) = channel::unbounded();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                block_on(async {
                    while !done.load(Ordering::SeqCst) {
                        executor.tick().await;
                    }
                });
            });
        }
        for n in 0..2_000u64 {
            let finished = finished.clone();
            let executor = &executor;
            executor
                .spawn(async move {
                    if n % 50 == 0 {
                        Timer::after(Duration::from_micros(n)).await;
                    }
                    future::yield_now().await;
                    finished.send(n).await.unwrap();
                })
                .detach();
        }
        let sum: u64 = block_on(all_finished.clone().take(2_000).fold(0, |a, b| a + b));
        assert_eq!(sum, 1_999_000);
        done.store(true, Ordering::SeqCst);
        // Each of the three may be in one more tick.
        for _ in 0..3 {
            executor.spawn(async {}).detach();
        }
    });
}

#[test]
fn ticks_find_what_a_run_has_queued() {
    // A `run` that is polled once gathers tasks; nobody polls it again; ticks must find them all.
    for forgotten in [false, true] {
        let done = AtomicUsize::new(0);
        let executor = Executor::new();
        let mut run = Box::pin(executor.run(async {
            for _ in 0..600 {
                executor
                    .spawn(async {
                        done.fetch_add(1, Ordering::SeqCst);
                    })
                    .detach();
            }
            pending::<()>().await;
        }));
        assert!(poll_once(run.as_mut()).is_pending());
        assert!(
            done.load(Ordering::SeqCst) < 600,
            "a run gives its thread back"
        );
        if forgotten {
            std::mem::forget(run);
            while executor.try_tick() {}
        } else {
            while executor.try_tick() {}
            drop(run);
        }
        assert_eq!(done.load(Ordering::SeqCst), 600);
    }
}

#[test]
fn a_dropped_run_leaves_its_tasks_to_others() {
    let _watchdog = Watchdog::new("a run that is dropped");
    let executor = Executor::new();
    for _ in 0..50 {
        let done = Arc::new(AtomicUsize::new(0));
        let mut run = Box::pin(executor.run(async {
            for _ in 0..400 {
                let done = done.clone();
                executor
                    .spawn(async move {
                        future::yield_now().await;
                        done.fetch_add(1, Ordering::SeqCst);
                    })
                    .detach();
            }
            pending::<()>().await;
        }));
        assert!(poll_once(run.as_mut()).is_pending());
        drop(run);
        block_on(executor.run(async {
            while done.load(Ordering::SeqCst) < 400 {
                future::yield_now().await;
            }
        }));
    }
}

#[test]
fn a_run_may_move_between_threads() {
    let _watchdog = Watchdog::new("a run that moves");
    let executor = Arc::new(Executor::new());
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..100 {
        let done = done.clone();
        executor
            .spawn(async move {
                for _ in 0..20 {
                    future::yield_now().await;
                    Timer::after(Duration::from_micros(30)).await;
                }
                done.fetch_add(1, Ordering::SeqCst);
            })
            .detach();
    }
    let mut run: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin({
        let (executor, done) = (executor.clone(), done.clone());
        async move {
            executor
                .clone()
                .run(poll_fn(move |cx| {
                    if done.load(Ordering::SeqCst) == 100 {
                        return Poll::Ready(());
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }))
                .await;
        }
    });
    let mut hops = 0;
    loop {
        // A new thread each time, so a new thread-local state each time.
        let (back, ready) = thread::spawn(move || {
            let ready = (0..3).any(|_| poll_once(run.as_mut()).is_ready());
            (run, ready)
        })
        .join()
        .unwrap();
        run = back;
        hops += 1;
        if ready {
            break;
        }
    }
    assert!(hops > 1);
    assert!(executor.is_empty());
}

#[test]
fn runs_may_be_nested() {
    let _watchdog = Watchdog::new("nested runs");
    let executor = Executor::new();
    let other = Executor::new();
    let local = LocalExecutor::new();
    let total = Cell::new(0);
    block_on(executor.run(async {
        let before = executor.spawn(async { 1 });
        executor
            .run(other.run(local.run(executor.run(async {
                let a = executor.spawn(async { 10 });
                let b = other.spawn(async { 100 });
                let c = local.spawn(async { 1_000 });
                total.set(a.await + b.await + c.await);
            }))))
            .await;
        // Levels that keep the ones around them from running anything.
        let task = executor.spawn(async { 10_000 });
        total.set(
            total.get() + block_on(executor.run(async { block_on(other.run(executor.run(task))) })),
        );
        total.set(total.get() + before.await);
    }));
    assert_eq!(total.get(), 11_111);
}

#[test]
fn runs_may_be_interleaved_on_one_thread() {
    let _watchdog = Watchdog::new("interleaved runs");
    let one = Executor::new();
    let two = Executor::new();
    for _ in 0..100 {
        // Two of one executor and two of another take turns, and each waits for tasks that any of them may run. So none
        // ends before all are served.
        let served = Cell::new(0);
        let work = |executor: &Executor<'_>, n: u64| {
            let tasks: Vec<_> = (0..30)
                .map(|i| {
                    executor.spawn(async move {
                        for _ in 0..i % 4 {
                            future::yield_now().await;
                        }
                        if i % 10 == 0 {
                            Timer::after(Duration::from_micros(50)).await;
                        }
                        n
                    })
                })
                .collect();
            let served = &served;
            async move {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                served.set(served.get() + 1);
                while served.get() < 4 {
                    future::yield_now().await;
                }
                sum
            }
        };
        let ((a, b), (c, d)) = block_on(future::zip(
            future::zip(one.run(work(&one, 1)), two.run(work(&two, 2))),
            future::zip(two.run(work(&one, 3)), one.run(work(&two, 4))),
        ));
        assert_eq!([a, b, c, d], [30, 60, 90, 120]);
    }
    assert!(one.is_empty() && two.is_empty());
}

#[test]
fn interleaved_runs_may_end_in_any_order() {
    let _watchdog = Watchdog::new("runs that end out of order");
    let executor = Executor::new();
    let done = Cell::new(0);
    let spawn = |n: usize| {
        for _ in 0..n {
            executor.spawn(async { future::yield_now().await }).detach();
        }
    };
    for round in 0..100usize {
        let mut runs: Vec<_> = (0..4)
            .map(|_| {
                Box::pin(executor.run(async {
                    spawn(300);
                    future::yield_now().await;
                    spawn(300);
                    pending::<()>().await;
                }))
            })
            .collect();
        while let Some(mut run) = (!runs.is_empty()).then(|| runs.swap_remove(round % runs.len())) {
            for other in &mut runs {
                assert!(poll_once(other.as_mut()).is_pending());
            }
            assert!(poll_once(run.as_mut()).is_pending());
        }
        block_on(executor.run(async {
            while !executor.is_empty() {
                future::yield_now().await;
            }
            done.set(done.get() + 1);
        }));
    }
    assert_eq!(done.get(), 100);
}

#[test]
fn a_wake_up_whose_receiver_ends_is_passed_on() {
    let _watchdog = Watchdog::new("a wake-up that must be passed on");
    let executor = Executor::new();
    for _ in 0..200 {
        let (woken, wake_ups) = mpsc::channel();
        let waker = |name: &'static str| -> Waker {
            struct Tell(Mutex<mpsc::Sender<&'static str>>, &'static str);
            impl std::task::Wake for Tell {
                fn wake(self: Arc<Self>) {
                    self.0.lock().unwrap().send(self.1).unwrap();
                }
            }
            Arc::new(Tell(Mutex::new(woken.clone()), name)).into()
        };
        let mut sleepers = [
            ("a", Box::pin(executor.tick())),
            ("b", Box::pin(executor.tick())),
        ];
        for (name, sleeper) in &mut sleepers {
            let waker = waker(name);
            let polled = sleeper.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        let task = executor.spawn(async { 1 });
        // The one that is woken goes away without a look: the other one must be woken for the task.
        let first = wake_ups.recv_timeout(Duration::from_secs(30)).unwrap();
        let [a, b] = sleepers;
        let (gone, mut left) = if a.0 == first { (a, b) } else { (b, a) };
        drop(gone);
        let second = wake_ups.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(second, left.0);
        assert!(poll_once(left.1.as_mut()).is_ready());
        assert_eq!(block_on(task), 1);
    }
}

#[test]
fn the_future_of_run_gets_its_turn() {
    let _watchdog = Watchdog::new("a crowd of tasks that never wait");
    let executor = Executor::new();
    for _ in 0..300 {
        executor
            .spawn(async {
                loop {
                    future::yield_now().await;
                }
            })
            .detach();
    }
    // Neither a future beside it nor a timer in it is starved.
    let beside = Cell::new(0);
    block_on(future::or(
        executor.run(async {
            for _ in 0..20 {
                Timer::after(Duration::from_micros(100)).await;
            }
        }),
        async {
            loop {
                beside.set(beside.get() + 1);
                future::yield_now().await;
            }
        },
    ));
    assert!(beside.get() > 0);
}

#[test]
fn dropping_it_drops_every_task_once() {
    let _watchdog = Watchdog::new("tasks of a dropped executor");
    for round in 0..100 {
        let tally = Tally::new();
        let executor = Executor::new();
        let mut handles = Vec::new();
        let mut wakers = Vec::new();
        let (sender, receiver) = channel::unbounded();
        for n in 0..50 {
            // One that was never polled, or is in a queue again, or waits, or has been cancelled, or is done.
            let member = tally.member();
            let sender = sender.clone();
            let task = executor.spawn(async move {
                let _member = member;
                sender
                    .send(poll_fn(|cx| Poll::Ready(cx.waker().clone())).await)
                    .await
                    .unwrap();
                match n % 3 {
                    0 => pending().await,
                    1 => loop {
                        future::yield_now().await;
                    },
                    _ => {}
                }
            });
            match n % 4 {
                0 => task.detach(),
                1 => drop(task),
                _ => handles.push(task),
            }
        }
        for _ in 0..round {
            executor.try_tick();
        }
        while let Ok(waker) = receiver.try_recv() {
            wakers.push(waker);
        }
        let run = (round % 2 == 0).then(|| {
            let mut run = Box::pin(executor.run(pending::<()>()));
            assert!(poll_once(run.as_mut()).is_pending());
            run
        });
        if round % 4 == 0 {
            std::mem::forget(run);
        } else {
            drop(run);
        }
        drop(executor);
        tally.expect_all_dropped_once();
        // Harmless: what they would wake is gone.
        for waker in &wakers {
            waker.wake_by_ref();
        }
        drop(handles);
        wakers.into_iter().for_each(Waker::wake);
        tally.expect_all_dropped_once();
    }
}

#[test]
fn a_waker_may_fire_while_it_is_dropped() {
    let _watchdog = Watchdog::new("wake-ups during a drop");
    for round in 0..200 {
        let tally = Tally::new();
        let executor = Executor::new();
        let wakers = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..20 {
            let member = tally.member();
            // What it drops wakes all the others.
            let wake_all = OnDrop({
                let wakers = wakers.clone();
                move || {
                    let wakers: Vec<Waker> = wakers.lock().unwrap().clone();
                    wakers.into_iter().for_each(Waker::wake);
                }
            });
            let wakers = wakers.clone();
            executor
                .spawn(async move {
                    let _held = (member, wake_all);
                    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                    wakers.lock().unwrap().push(waker);
                    loop {
                        let mut polled = false;
                        poll_fn(|_| {
                            if std::mem::replace(&mut polled, true) {
                                Poll::Ready(())
                            } else {
                                Poll::Pending
                            }
                        })
                        .await;
                    }
                })
                .detach();
        }
        while executor.try_tick() {}
        // Other threads wake them before, during and after the drop.
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (stop, wakers) = (stop.clone(), wakers.lock().unwrap().clone());
                thread::spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        wakers.iter().for_each(Waker::wake_by_ref);
                    }
                    wakers.into_iter().for_each(Waker::wake);
                })
            })
            .collect();
        if round % 2 == 0 {
            thread::yield_now();
        }
        drop(executor);
        tally.expect_all_dropped_once();
        stop.store(true, Ordering::SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
        tally.expect_all_dropped_once();
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_task_handle_outlives_it() {
    let _watchdog = Watchdog::new("the handle of a cancelled task");
    let executor = Executor::new();
    let done = executor.spawn(async { 1 });
    let waiting = executor.spawn(pending::<u32>());
    assert!(executor.try_tick() && executor.try_tick());
    drop(executor);
    assert_eq!(block_on(done.fallible()), Some(1));
    assert_eq!(block_on(waiting.fallible()), None);
}

#[test]
fn spawn_many_gives_a_handle_for_each() {
    let _watchdog = Watchdog::new("spawn_many");
    let executor = Executor::new();
    // The iterator itself uses the executor: no lock is held meanwhile.
    let mut tasks = Vec::new();
    let futures = (0..500u32).map(|n| {
        executor.spawn(async {}).detach();
        executor.try_tick();
        async move { n }
    });
    executor.spawn_many(futures, &mut tasks);
    assert_eq!(tasks.len(), 500);
    let outputs = block_on(executor.run(async {
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await);
        }
        outputs
    }));
    assert!(outputs.into_iter().eq(0..500));
}

#[test]
fn cancelling_waits_for_the_future_to_be_dropped() {
    let _watchdog = Watchdog::new("cancel");
    let executor = Executor::new();
    let tally = Tally::new();
    thread::scope(|scope| {
        let (stop, stopped) = channel::unbounded::<()>();
        for _ in 0..2 {
            let stopped = stopped.clone();
            let executor = &executor;
            scope.spawn(move || block_on(executor.run(stopped.recv())));
        }
        for _ in 0..500 {
            let member = tally.member();
            let task = executor.spawn(async move {
                let _member = member;
                loop {
                    future::yield_now().await;
                }
            });
            assert_eq!(block_on(task.cancel()), None::<()>);
            tally.expect_all_dropped_once();
        }
        drop(stop);
    });
}

#[test]
fn it_can_be_shown_at_any_time() {
    let executor = Executor::new();
    assert!(format!("{executor:?}").contains("Executor"));
    let mut run = pin!(executor.run(async {
        executor.spawn(async {}).detach();
        format!("{executor:?}")
    }));
    match poll_once(run.as_mut()) {
        Poll::Ready(shown) => assert!(shown.contains("Executor")),
        Poll::Pending => panic!("nothing to wait for"),
    }
}

#[test]
fn it_is_invariant_in_what_tasks_may_borrow() {
    trybuild::TestCases::new().compile_fail("tests/ui/borrow/*.rs");
}
