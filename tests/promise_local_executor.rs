//! Promise 4: the futures of a `LocalExecutor` stay on their thread and are dropped there; wakers may fire from
//! anywhere.

mod child;
mod tally;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use child::Watchdog;
use leno::net::{TcpListener, TcpStream};
use leno::prelude::*;
use leno::{LocalExecutor, Task, Timer, block_on, channel, future, spawn, unblock};
use tally::Tally;

/// Not `Send`, and sees to it that it is used and dropped where it was made.
struct Local {
    home: ThreadId,
    not_send: Rc<()>,
}

impl Local {
    fn new() -> Local {
        Local {
            home: thread::current().id(),
            not_send: Rc::new(()),
        }
    }

    fn touch(&self) {
        assert_eq!(thread::current().id(), self.home);
        drop(self.not_send.clone());
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if thread::current().id() != self.home {
            eprintln!("a local future was dropped on another thread");
            std::process::abort();
        }
    }
}

#[test]
fn futures_need_not_be_send() {
    let _watchdog = Watchdog::new("local tasks");
    let sum = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..1_000)
        .map(|n| {
            let sum = sum.clone();
            executor.spawn(async move {
                future::yield_now().await;
                sum.set(sum.get() + n);
                sum
            })
        })
        .collect();
    block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
    assert_eq!(sum.get(), 499_500);
    assert!(executor.is_empty());
}

#[test]
fn it_may_live_in_a_thread_local() {
    thread_local!(static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() });

    let _watchdog = Watchdog::new("executors in thread-locals");
    let tally = Tally::new();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let tally = tally.clone();
            thread::spawn(move || {
                EXECUTOR.with(|executor| {
                    let local = Local::new();
                    let task = executor.spawn(async move { local.touch() });
                    block_on(executor.run(task));
                    // Dropped when the thread ends, in the destructor of the executor.
                    let (local, member) = (Local::new(), tally.member());
                    executor
                        .spawn(async move {
                            let _held = (local, member);
                            pending::<()>().await;
                        })
                        .detach();
                    executor.try_tick();
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    tally.expect_all_dropped_once();
}

#[test]
fn wakers_may_fire_from_anywhere() {
    let _watchdog = Watchdog::new("wake-ups from other threads");
    let executor = LocalExecutor::new();
    let total = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..20u64)
        .map(|n| {
            let total = total.clone();
            let local = Local::new();
            executor.spawn(async move {
                for round in 0..20 {
                    // Woken by a worker, a thread of the blocking pool, a timer.
                    let (one, two) = future::zip(
                        spawn(async move {
                            future::yield_now().await;
                            n
                        }),
                        unblock(move || round),
                    )
                    .await;
                    if n % 4 == 0 {
                        Timer::after(Duration::from_micros(one * 10 + two)).await;
                    }
                    local.touch();
                    total.set(total.get() + 1);
                }
            })
        })
        .collect();
    block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
    assert_eq!(total.get(), 400);
}

#[test]
fn sockets_and_channels_work_in_it() {
    let _watchdog = Watchdog::new("an echo server in a local executor");
    let executor = Rc::new(LocalExecutor::new());
    block_on(executor.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Rc::new(RefCell::new(Vec::new()));
        let (done, all_done) = channel::unbounded();
        let server = executor.spawn({
            let served = served.clone();
            let executor = Rc::downgrade(&executor);
            async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let served = served.clone();
                    let executor = executor.upgrade().expect("it runs this task");
                    executor
                        .spawn(async move {
                            let mut byte = [0];
                            stream.read_exact(&mut byte).await.unwrap();
                            served.borrow_mut().push(byte[0]);
                            stream.write_all(&byte).await.unwrap();
                        })
                        .detach();
                }
            }
        });
        for n in 0..30u8 {
            let done = done.clone();
            executor
                .spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(&[n]).await.unwrap();
                    let mut byte = [0];
                    stream.read_exact(&mut byte).await.unwrap();
                    done.send(byte[0]).await.unwrap();
                })
                .detach();
        }
        let mut replies: Vec<u8> = all_done.take(30).collect().await;
        replies.sort_unstable();
        assert!(replies.into_iter().eq(0..30));
        assert_eq!(served.borrow().len(), 30);
        let cancelled: Option<()> = server.cancel().await;
        assert!(cancelled.is_none());
    }));
}

#[test]
fn a_handle_that_is_dropped_elsewhere_drops_the_future_here() {
    let _watchdog = Watchdog::new("a handle dropped on another thread");
    for round in 0..200 {
        let tally = Tally::new();
        let executor = LocalExecutor::new();
        let (local, member) = (Local::new(), tally.member());
        let task: Task<()> = executor.spawn(async move {
            let _held = (local, member);
            pending().await
        });
        if round % 2 == 0 {
            executor.try_tick();
        }
        // The handle is `Send`, for its output is.
        thread::spawn(move || drop(task)).join().unwrap();
        if round % 4 < 2 {
            while executor.try_tick() {}
            tally.expect_all_dropped_once();
            assert!(executor.is_empty());
        }
        drop(executor);
        tally.expect_all_dropped_once();
    }
}

#[test]
fn the_last_waker_may_be_dropped_elsewhere() {
    let _watchdog = Watchdog::new("a last waker on another thread");
    for round in 0..200 {
        let tally = Tally::new();
        let executor = LocalExecutor::new();
        let (sender, receiver) = mpsc::channel::<Waker>();
        let (local, member) = (Local::new(), tally.member());
        executor
            .spawn(async move {
                let _held = (local, member);
                poll_fn(|cx| {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::<()>::Pending
                })
                .await;
            })
            .detach();
        assert!(executor.try_tick());
        let waker = receiver.recv().unwrap();
        let thread = thread::spawn(move || match round % 3 {
            0 => drop(waker),
            1 => waker.wake(),
            _ => {
                for _ in 0..100 {
                    waker.wake_by_ref();
                    thread::yield_now();
                }
            }
        });
        if round % 2 == 0 {
            executor.try_tick();
        }
        // The wake-ups may come before, during and after the drop.
        drop(executor);
        tally.expect_all_dropped_once();
        thread.join().unwrap();
        tally.expect_all_dropped_once();
    }
}

#[test]
fn what_is_woken_abroad_and_at_home_takes_turns() {
    let _watchdog = Watchdog::new("a busy local executor");
    let executor = LocalExecutor::new();
    let stop = Rc::new(Cell::new(false));
    // Never waits, and must not keep the other from what a worker sends it.
    let busy = executor.spawn({
        let stop = stop.clone();
        async move {
            while !stop.get() {
                future::yield_now().await;
            }
        }
    });
    let (sender, receiver) = channel::bounded(1);
    let feeder = spawn(async move {
        for n in 0..200u32 {
            sender.send(n).await.unwrap();
        }
    });
    let eater = executor.spawn(async move { receiver.fold(0, |a, b| a + b).await });
    let sum = block_on(executor.run(async {
        let sum = eater.await;
        stop.set(true);
        busy.await;
        feeder.await;
        sum
    }));
    assert_eq!(sum, 19_900);
}

#[test]
fn ticks_alone_can_run_every_task() {
    let _watchdog = Watchdog::new("ticks of a local executor");
    let executor = LocalExecutor::new();
    let done = Rc::new(Cell::new(0));
    for _ in 0..1_000 {
        let done = done.clone();
        executor
            .spawn(async move {
                future::yield_now().await;
                done.set(done.get() + 1);
            })
            .detach();
    }
    let mut ticks = 0;
    while executor.try_tick() {
        ticks += 1;
    }
    assert_eq!((ticks, done.get()), (2_000, 1_000));

    // And waiting for those that are woken elsewhere.
    let finished = Rc::new(Cell::new(false));
    executor
        .spawn({
            let finished = finished.clone();
            async move {
                for _ in 0..50 {
                    unblock(|| ()).await;
                }
                finished.set(true);
            }
        })
        .detach();
    block_on(async {
        while !finished.get() {
            executor.tick().await;
        }
    });
}

#[test]
fn runs_may_be_nested_and_interleaved() {
    let _watchdog = Watchdog::new("runs of local executors");
    let one = LocalExecutor::new();
    let two = LocalExecutor::new();
    for _ in 0..50 {
        let sum = block_on(one.run(
            two.run(one.run(async { one.spawn(async { 1 }).await + two.spawn(async { 2 }).await })),
        ));
        assert_eq!(sum, 3);
        let served = Cell::new(0);
        let work = |executor: &LocalExecutor<'_>| {
            let task = executor.spawn(async { Timer::after(Duration::from_micros(30)).await });
            let served = &served;
            async move {
                task.await;
                served.set(served.get() + 1);
                while served.get() < 3 {
                    future::yield_now().await;
                }
            }
        };
        block_on(future::zip(
            one.run(work(&two)),
            future::zip(two.run(work(&one)), one.run(work(&one))),
        ));
    }
    assert!(one.is_empty() && two.is_empty());
}

#[test]
fn dropping_it_drops_every_task_once() {
    let _watchdog = Watchdog::new("tasks of a dropped local executor");
    for round in 0..60 {
        let tally = Tally::new();
        let executor = LocalExecutor::new();
        let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
        let mut handles = Vec::new();
        for n in 0..30 {
            let (local, member, wakers) = (Local::new(), tally.member(), wakers.clone());
            // Its drop wakes those that have not been dropped yet, and those that have.
            struct WakeAll(Rc<RefCell<Vec<Waker>>>);
            impl Drop for WakeAll {
                fn drop(&mut self) {
                    self.0.borrow().iter().for_each(Waker::wake_by_ref);
                }
            }
            let task = executor.spawn(async move {
                let _held = (local, member, WakeAll(wakers.clone()));
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                wakers.borrow_mut().push(waker);
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
        drop(executor);
        tally.expect_all_dropped_once();
        drop(handles);
        wakers.borrow_mut().drain(..).for_each(Waker::wake);
        tally.expect_all_dropped_once();
    }
}

#[test]
fn a_forgotten_run_loses_no_task() {
    let tally = Tally::new();
    let done = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let mut run: Pin<Box<dyn Future<Output = ()>>> = Box::pin(executor.run(async {
        for _ in 0..500 {
            let (done, member) = (done.clone(), tally.member());
            executor
                .spawn(async move {
                    let _member = member;
                    done.set(done.get() + 1);
                })
                .detach();
        }
        pending().await
    }));
    let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    std::mem::forget(run);
    while executor.try_tick() {}
    assert_eq!(done.get(), 500);
    tally.expect_all_dropped_once();
}

#[test]
fn other_threads_wake_it_while_it_sleeps() {
    let _watchdog = Watchdog::new("a sleeping local executor");
    let executor = LocalExecutor::new();
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel::<Waker>();
    let waking = thread::spawn({
        let stop = stop.clone();
        move || {
            for waker in receiver {
                waker.wake();
            }
            stop.store(true, Ordering::SeqCst);
        }
    });
    let task = executor.spawn(async move {
        for _ in 0..2_000 {
            let mut sent = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut sent, true) {
                    return Poll::Ready(());
                }
                sender.send(cx.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
        }
    });
    block_on(executor.run(task));
    waking.join().unwrap();
    assert!(stop.load(Ordering::SeqCst));
}
