//! Promise 5: a panic in a task reaches whoever awaits it and harms nobody else.

mod child;
mod tally;

use std::any::Any;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use child::{Child, with_few_and_many_workers};
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{
    Builder, Executor, LocalExecutor, Task, Timer, Unblock, block_on, channel, future, spawn,
    unblock,
};
use tally::Tally;

/// Not a string, to see that the payload itself arrives.
#[derive(Debug, PartialEq)]
struct Payload(u32);

/// Panics when it is dropped.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic while one unwinds ends the process by the rules of the language.
        if !std::thread::panicking() {
            panic_any(Payload(self.0));
        }
    }
}

/// What `f` panicked with.
fn panic_of<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it should have panicked"),
        Err(payload) => payload,
    }
}

fn number_of<R>(f: impl FnOnce() -> R) -> u32 {
    panic_of(f).downcast::<Payload>().expect("another panic").0
}

/// All workers are there and run tasks, sockets and timers.
fn expect_service() {
    let tasks: Vec<_> = (0..100u64)
        .map(|n| {
            spawn(async move {
                Timer::after(Duration::from_micros(n)).await;
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let address = socket.local_addr().unwrap();
                socket.send_to(&[n as u8], address).await.unwrap();
                let mut byte = [0];
                socket.recv_from(&mut byte).await.unwrap();
                assert_eq!(u64::from(byte[0]), n);
                unblock(move || n).await
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
    assert_eq!(sum, 4_950);
    #[cfg(target_os = "linux")]
    {
        // A thread names itself, some time after it was started; until then it goes by the name of the one that started it.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while living_workers() != wanted_workers() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(living_workers(), wanted_workers());
    }
}

/// Counts the threads named as workers are.
#[cfg(target_os = "linux")]
fn living_workers() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok())
        .filter_map(|name| name.trim().strip_prefix("leno-")?.parse::<u32>().ok())
        .count()
}

/// How many the child was told to have.
#[cfg(target_os = "linux")]
fn wanted_workers() -> usize {
    std::env::var("LENO_THREADS").unwrap().parse().unwrap()
}

/// The panics here are on purpose, and would fill the output of a test that fails for another reason.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if !info.payload().is::<Payload>() {
            eprintln!("{info}");
        }
    }));
}

#[test]
fn in_poll() {
    with_few_and_many_workers("in_poll", || {
        quiet();
        let _others = spawn(async {
            loop {
                future::yield_now().await;
            }
        });
        for n in 0..200 {
            let early = spawn(async move { panic_any(Payload(n)) });
            assert_eq!(number_of(|| block_on::<()>(early)), n);
            let late = spawn(async move {
                Timer::after(Duration::from_micros(u64::from(n % 40))).await;
                future::yield_now().await;
                panic_any(Payload(n))
            });
            // Nobody awaits this one.
            spawn(async move { panic_any(Payload(n)) }).detach();
            assert_eq!(number_of(|| block_on::<()>(late)), n);
        }
        // It goes on through a task that awaits the task.
        let through = spawn(async { spawn(async { panic_any(Payload(7)) }).await });
        assert_eq!(number_of(|| block_on::<()>(through)), 7);
        expect_service();
    });
}

#[test]
fn in_the_drop_of_a_future_that_is_ready() {
    with_few_and_many_workers("in_the_drop_of_a_future_that_is_ready", || {
        quiet();
        /// Ready at once; its drop panics.
        struct Ready(Bomb);

        impl Future for Ready {
            type Output = u32;

            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
                Poll::Ready(self.0.0)
            }
        }

        for n in 0..100 {
            let task = spawn(Ready(Bomb(n)));
            assert_eq!(number_of(|| block_on(task)), n);
            spawn(Ready(Bomb(n))).detach();
            drop(spawn(Ready(Bomb(n))));
        }
        expect_service();

        let executor = Executor::new();
        for n in 0..100 {
            let task = executor.spawn(Ready(Bomb(n)));
            executor.spawn(Ready(Bomb(n))).detach();
            assert_eq!(number_of(|| block_on(executor.run(task))), n);
            while executor.try_tick() {}
        }
        assert!(executor.is_empty());

        let executor = LocalExecutor::new();
        for n in 0..100 {
            let task = executor.spawn(Ready(Bomb(n)));
            executor.spawn(Ready(Bomb(n))).detach();
            assert_eq!(number_of(|| block_on(executor.run(task))), n);
            while executor.try_tick() {}
        }
        assert!(executor.is_empty());
    });
}

#[test]
fn in_the_drop_of_a_future_that_is_cancelled() {
    with_few_and_many_workers("in_the_drop_of_a_future_that_is_cancelled", || {
        quiet();
        /// Never ready; its drop panics.
        async fn waiting(n: u32) {
            let _bomb = Bomb(n);
            pending().await
        }

        let tally = Tally::new();
        for n in 0..100 {
            let member = tally.member();
            let task: Task<()> = spawn(async move {
                let _member = member;
                waiting(n).await
            });
            if n % 2 == 0 {
                future::block_on(future::yield_now());
            }
            match n % 3 {
                0 => drop(task),
                1 => assert_eq!(block_on(task.cancel()), None),
                _ => assert_eq!(block_on(task.fallible().cancel()), None),
            }
        }
        expect_service();
        while tally.alive() > 0 {
            std::thread::yield_now();
        }

        // The first panic goes to whoever drops the executor, and the other tasks are dropped all the same.
        let tally = Tally::new();
        let executor = Executor::new();
        for n in 0..10 {
            let member = tally.member();
            executor
                .spawn(async move {
                    let _member = member;
                    waiting(n).await
                })
                .detach();
        }
        while executor.try_tick() {}
        assert!(number_of(|| drop(executor)) < 10);
        tally.expect_all_dropped_once();

        let tally = Tally::new();
        let executor = LocalExecutor::new();
        for n in 0..10 {
            let member = tally.member();
            let task = executor.spawn(async move {
                let _member = member;
                waiting(n).await
            });
            // One that is cancelled alone has nobody to go to.
            if n % 2 == 0 {
                task.detach()
            } else {
                drop(task)
            }
        }
        while executor.try_tick() {}
        assert_eq!(number_of(|| drop(executor)) % 2, 0);
        tally.expect_all_dropped_once();
    });
}

#[test]
fn in_the_drop_of_the_output() {
    with_few_and_many_workers("in_the_drop_of_the_output", || {
        quiet();
        for n in 0..100 {
            // It is dropped by whoever drops the handle, and the panic is theirs.
            let task = spawn(async move { Bomb(n) });
            while !task.is_finished() {
                std::thread::yield_now();
            }
            assert_eq!(number_of(|| drop(task)), n);
            // In a task of its own.
            let dropping = spawn(async move { drop(spawn(async move { Bomb(n) }).await) });
            assert_eq!(number_of(|| block_on(dropping)), n);
            let task = unblock(move || Bomb(n));
            while !task.is_finished() {
                std::thread::yield_now();
            }
            assert_eq!(number_of(|| drop(task)), n);
        }
        expect_service();
    });
}

#[test]
fn in_unblock() {
    with_few_and_many_workers("in_unblock", || {
        quiet();
        for n in 0..100 {
            let task = unblock(move || panic_any(Payload(n)));
            assert_eq!(number_of(|| block_on::<()>(task)), n);
            unblock(move || panic_any(Payload(n))).detach();
            // What the closure owns.
            let bomb = Bomb(n);
            let task = unblock(move || {
                let _bomb = &bomb;
            });
            assert_eq!(number_of(|| block_on(task)), n);
        }

        // A reader that panics.
        struct Reader(u32);

        impl std::io::Read for Reader {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                panic_any(Payload(self.0))
            }
        }

        let mut reader = Unblock::new(Reader(3));
        assert_eq!(number_of(|| block_on(reader.read(&mut [0]))), 3);
        expect_service();
    });
}

/// A waker that panics, and counts.
struct Panics(Arc<AtomicUsize>);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic_any(Payload(0));
    }
}

fn poll_with<F: Future + Unpin>(waker: &Waker, future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls a timer and a socket with a waker that panics; then the timers and sockets of others
/// must go on. Runs on any kind of thread.
async fn use_a_waker_that_panics(calls: Arc<AtomicUsize>) {
    let waker = Waker::from(Arc::new(Panics(calls.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = future::zip(listener.accept(), TcpStream::connect(address)).await;
    let ((mut reader, _), mut writer) = (accepted.unwrap(), connected.unwrap());

    for _ in 0..20 {
        let before = calls.load(Ordering::SeqCst);
        let mut timer = Timer::after(Duration::from_millis(1));
        // The same deadline for one with a good waker, and one on each side of it.
        let mut others = [1_000, 999, 1_001].map(|us| Timer::after(Duration::from_micros(us)));
        assert!(poll_with(&waker, &mut timer).is_pending());
        let mut byte = [0];
        assert!(poll_with(&waker, &mut reader.read(&mut byte)).is_pending());

        writer.write_all(b"x").await.unwrap();
        for other in &mut others {
            other.await;
        }
        while calls.load(Ordering::SeqCst) < before + 2 {
            Timer::after(Duration::from_micros(100)).await;
        }
        reader.read_exact(&mut byte).await.unwrap();
    }
}

#[test]
fn in_a_waker() {
    with_few_and_many_workers("in_a_waker", || {
        quiet();
        let calls = Arc::new(AtomicUsize::new(0));
        // On a worker, on a thread in `block_on`, and under an executor that leno does not know.
        block_on(spawn(use_a_waker_that_panics(calls.clone())));
        block_on(use_a_waker_that_panics(calls.clone()));
        future::block_on(use_a_waker_that_panics(calls.clone()));
        assert_eq!(calls.load(Ordering::SeqCst), 120);
        expect_service();
        future::block_on(Timer::after(Duration::from_millis(1)));
    });
}

#[test]
fn in_a_waker_that_a_task_calls() {
    with_few_and_many_workers("in_a_waker_that_a_task_calls", || {
        quiet();
        // The panic of a waker that user code calls belongs to that code: here to the task that sends.
        let (sender, receiver) = mpsc::channel::<Waker>();
        let calls = Arc::new(AtomicUsize::new(0));
        let task = spawn(async move {
            let waker = receiver.recv().unwrap();
            waker.wake();
        });
        sender
            .send(Waker::from(Arc::new(Panics(calls.clone()))))
            .unwrap();
        assert_eq!(number_of(|| block_on(task)), 0);
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        expect_service();
    });
}

#[test]
fn in_the_iterator_given_to_spawn_many() {
    Child::of("in_the_iterator_given_to_spawn_many")
        .workers(2)
        .run(|| {
            quiet();
            let done = AtomicUsize::new(0);
            let futures = |upto: u32| {
                let done = &done;
                (0..upto + 1).map(move |n| {
                    if n == upto {
                        panic_any(Payload(n));
                    }
                    async move { done.fetch_add(1, Ordering::SeqCst) }
                })
            };
            let executor = Executor::new();
            let local = LocalExecutor::new();
            let mut tasks = Vec::new();
            assert_eq!(
                number_of(|| executor.spawn_many(futures(10), &mut tasks)),
                10
            );
            assert_eq!(number_of(|| local.spawn_many(futures(20), &mut tasks)), 20);
            // The handles that were given out by then are good, and so are the executors.
            assert_eq!(tasks.len(), 30);
            executor.spawn_many((0..5).map(|_| async { 0 }), &mut tasks);
            local.spawn_many((0..5).map(|_| async { 0 }), &mut tasks);
            block_on(executor.run(local.run(async {
                for task in tasks {
                    task.await;
                }
            })));
            assert_eq!(done.load(Ordering::SeqCst), 30);
            assert!(executor.is_empty() && local.is_empty());
            drop((executor, local));
        });
}

#[test]
fn in_the_tasks_of_an_executor() {
    Child::of("in_the_tasks_of_an_executor").workers(2).run(|| {
        quiet();
        let executor = Executor::new();
        let local = LocalExecutor::new();
        for n in 0..100 {
            let (a, b) = (
                executor.spawn(async move { panic_any(Payload(n)) }),
                local.spawn(async move { panic_any(Payload(n)) }),
            );
            executor
                .spawn(async move { panic_any(Payload(n)) })
                .detach();
            local.spawn(async move { panic_any(Payload(n)) }).detach();
            let fine = executor.spawn(async { 1 });
            let both = executor.run(local.run(async {
                let panicked = |task: Task<()>| async {
                    let caught = AssertUnwindSafe(task).catch_unwind().await;
                    caught.unwrap_err().downcast::<Payload>().unwrap().0
                };
                (panicked(a).await, panicked(b).await, fine.await)
            }));
            assert_eq!(block_on(both), (n, n, 1));
        }
        // One that is run by ticks: the panic stays in the task.
        while executor.try_tick() || local.try_tick() {}
        assert!(executor.is_empty() && local.is_empty());
    });
}

#[test]
fn the_hook_of_the_builder_hears_of_each() {
    for tracking in [false, true] {
        Child::of("the_hook_of_the_builder_hears_of_each")
            .variant(tracking.to_string())
            .workers(2)
            .run(move || {
                quiet();
                let (sender, heard) = channel::unbounded();
                Builder::new()
                    .track_tasks(tracking)
                    .on_panic(move |payload| {
                        let number = payload.downcast_ref::<Payload>().unwrap().0;
                        sender.try_send(number).unwrap();
                        // Not even this one does harm.
                        panic_any(Payload(number + 1_000));
                    })
                    .start()
                    .unwrap();
                for n in 0..100 {
                    let task = spawn(async move { panic_any(Payload(n)) });
                    if n % 2 == 0 {
                        task.detach();
                    } else {
                        assert_eq!(number_of(|| block_on::<()>(task)), n);
                    }
                }
                let mut numbers: Vec<u32> = block_on(heard.take(100).collect());
                numbers.sort_unstable();
                assert!(numbers.into_iter().eq(0..100));
                expect_service();
            });
    }
}

#[test]
fn of_a_panicking_main_future_the_tasks_take_no_harm() {
    Child::of("of_a_panicking_main_future_the_tasks_take_no_harm")
        .workers(2)
        .run(|| {
            quiet();
            let executor = Executor::new();
            let local = LocalExecutor::new();
            for n in 0..50 {
                let (a, b) = (executor.spawn(async { 1 }), local.spawn(async { 2 }));
                let run = executor.run(local.run(async move {
                    future::yield_now().await;
                    panic_any(Payload(n))
                }));
                assert_eq!(number_of(|| block_on::<()>(run)), n);
                assert_eq!(block_on(executor.run(local.run(future::zip(a, b)))), (1, 2));
            }
            let mut polls = 0;
            let mut run = pin!(executor.run(poll_fn(|_| {
                polls += 1;
                Poll::<()>::Pending
            })));
            let context = &mut Context::from_waker(Waker::noop());
            assert!(run.as_mut().poll(context).is_pending());
        });
}
