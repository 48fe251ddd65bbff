//! Promise 11: nothing grows without bound: descriptors, threads, memory.
//!
//! Each test has a process of its own, whose descriptors and threads are counted in `/proc`.

#![cfg(target_os = "linux")]

mod child;

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::pending;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use child::{Child, with_few_and_many_workers};
use leno::net::{TcpListener, TcpStream, UdpSocket, unix::UnixStream};
use leno::prelude::*;
use leno::{Async, Executor, LocalExecutor, Task, Timer, block_on, future, spawn, unblock};

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicIsize = AtomicIsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocated() -> isize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// What each descriptor is open on.
fn descriptors() -> Vec<String> {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok())
        .map(|target| target.display().to_string())
        .collect()
}

/// Whether a reactor has this descriptor open for itself, on any backend.
fn is_pollers(descriptor: &str) -> bool {
    ["eventpoll", "eventfd", "timerfd"]
        .iter()
        .any(|kind| descriptor.contains(kind))
}

fn threads() -> Vec<String> {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok())
        .map(|name| name.trim().to_string())
        .collect()
}

/// Whether a thread of this name is a worker, and so has a reactor.
fn is_worker(name: &str) -> bool {
    name.strip_prefix("leno-")
        .is_some_and(|index| index.parse::<usize>().is_ok())
}

/// Waits until `done`: threads end, and destructors run, some time after they can be counted on.
fn eventually(what: impl Fn() -> String, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{} never happened", what());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Fails unless what `round` needs is given back: after the first few, further rounds leave nothing behind.
fn expect_no_growth(mut round: impl FnMut()) {
    for _ in 0..3 {
        round();
    }
    // The guests' attendant and the vigil are one thread each, started when it is first needed, which may be in any round.
    const LATE: [&str; 2] = ["leno-guest", "leno-vigil"];
    let others = || {
        threads()
            .iter()
            .filter(|name| !LATE.contains(&name.as_str()))
            .count()
    };
    let sockets = || descriptors().iter().filter(|fd| !is_pollers(fd)).count();
    let (fds, tasks, bytes) = (sockets(), others(), allocated());
    for _ in 0..5 {
        round();
    }
    eventually(
        || format!("closing all but {fds} of {:?}", descriptors()),
        || sockets() <= fds,
    );
    // A worker opens its poller with the first socket that it meets, which may be in any round: one each, and the guests'.
    let pollers = descriptors()
        .iter()
        .filter(|fd| fd.contains("eventpoll"))
        .count();
    let served = threads().iter().filter(|name| is_worker(name)).count() + 1;
    assert!(
        pollers <= served,
        "{pollers} pollers for {served} reactors: {:?}",
        descriptors()
    );
    let own = descriptors().iter().filter(|fd| is_pollers(fd)).count();
    assert!(own <= 3 * pollers, "{own}: {:?}", descriptors());
    eventually(
        || format!("the end of every thread: {:?}", threads()),
        || others() <= tasks,
    );
    for late in LATE {
        let count = threads().iter().filter(|name| *name == late).count();
        assert!(count <= 1, "{count} times {late}");
    }
    // Buffers that are kept may grow a little, and a thread may be about to free something.
    eventually(
        || "freeing the memory".into(),
        || allocated() < bytes + 200_000,
    );
}

#[test]
fn ten_thousand_executors() {
    Child::of("ten_thousand_executors").workers(2).run(|| {
        expect_no_growth(|| {
            for n in 0..2_000 {
                let executor = Executor::new();
                let local = LocalExecutor::new();
                let tasks: [Task<()>; 2] = [executor.spawn(pending()), local.spawn(pending())];
                match n % 4 {
                    0 => drop(tasks),
                    1 => tasks.into_iter().for_each(Task::detach),
                    2 => {
                        let (a, b) = (executor.spawn(async { 1 }), local.spawn(async { 2 }));
                        let both = executor.run(local.run(future::zip(a, b)));
                        assert_eq!(block_on(both), (1, 2));
                    }
                    _ => {
                        let timer = executor.spawn(Timer::after(Duration::from_micros(10)));
                        block_on(executor.run(timer));
                    }
                }
            }
        });
        // None of them has started anything.
        assert_eq!(
            threads()
                .iter()
                .filter(|name| name.starts_with("leno-"))
                .count(),
            0
        );
    });
}

#[test]
fn ten_thousand_sockets() {
    with_few_and_many_workers("ten_thousand_sockets", || {
        async fn exchange() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (accepted, connected) =
                future::zip(listener.accept(), TcpStream::connect(address)).await;
            let ((mut accepted, _), mut connected) = (accepted.unwrap(), connected.unwrap());
            connected.write_all(b"x").await.unwrap();
            accepted.read_exact(&mut [0]).await.unwrap();
            let (mut reader, mut writer) = UnixStream::pair().unwrap();
            let (read, written) = future::zip(reader.read(&mut [0]), writer.write(b"x")).await;
            assert_eq!((read.unwrap(), written.unwrap()), (1, 1));
        }
        expect_no_growth(|| {
            for _ in 0..40 {
                block_on(exchange());
                let tasks: Vec<_> = (0..5).map(|_| spawn(exchange())).collect();
                block_on(async {
                    for task in tasks {
                        task.await;
                    }
                });
            }
            // Waited for and dropped, in a task and on this thread, without an event.
            for _ in 0..50 {
                let socket = block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
                let reader = socket.clone();
                let task = spawn(async move { reader.recv(&mut [0]).await });
                block_on(async {
                    let _ = future::poll_once(socket.recv(&mut [0])).await;
                });
                drop(task);
                let plain = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                let plain = Async::new(plain).unwrap();
                drop(block_on(future::poll_once(plain.readable())));
                drop(plain.into_inner().unwrap());
            }
        });
    });
}

#[test]
fn a_crowd_of_tasks_and_timers() {
    with_few_and_many_workers("a_crowd_of_tasks_and_timers", || {
        expect_no_growth(|| {
            let tasks: Vec<_> = (0..20_000u64)
                .map(|n| {
                    spawn(async move {
                        match n % 4 {
                            0 => drop(Timer::after(Duration::from_micros(n % 500)).await),
                            1 => future::yield_now().await,
                            2 => {
                                assert!(
                                    future::poll_once(Timer::after(Duration::from_secs(60)))
                                        .await
                                        .is_none()
                                )
                            }
                            _ => pending().await,
                        }
                        n
                    })
                })
                .collect();
            block_on(async {
                for (n, task) in tasks.into_iter().enumerate() {
                    if n % 4 == 3 {
                        assert_eq!(task.cancel().await, None);
                    } else {
                        assert_eq!(task.await, n as u64);
                    }
                }
            });
        });
    });
}

#[test]
fn a_timer_that_is_set_again_and_again() {
    Child::of("a_timer_that_is_set_again_and_again")
        .workers(2)
        .run(|| {
            let work = async || {
                let mut timer = Timer::never();
                for n in 0..100_000u64 {
                    timer.set_after(Duration::from_secs(n % 1_000 + 1));
                    assert!(future::poll_once(&mut timer).await.is_none());
                }
            };
            expect_no_growth(|| {
                block_on(work());
                block_on(spawn(async move { work().await }));
            });
        });
}

#[test]
fn threads_that_come_and_go() {
    Child::of("threads_that_come_and_go").workers(2).run(|| {
        expect_no_growth(|| {
            let threads: Vec<_> = (0..50)
                .map(|_| {
                    thread::spawn(|| {
                        block_on(async {
                            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                            let own = socket.local_addr().unwrap();
                            let _ = future::poll_once(socket.recv(&mut [0])).await;
                            socket.send_to(b"x", own).await.unwrap();
                            socket.recv(&mut [0]).await.unwrap();
                            Timer::after(Duration::from_micros(50)).await;
                            spawn(async { block_on(async {}) }).await;
                        });
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
    });
}

#[test]
fn an_idle_pool_has_no_threads() {
    Child::of("an_idle_pool_has_no_threads").workers(2).run(|| {
        let pool = || {
            threads()
                .iter()
                .filter(|name| name.starts_with("leno-blocking"))
                .count()
        };
        for _ in 0..2 {
            let (sender, receiver) = std::sync::mpsc::channel::<()>();
            let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let receiver = receiver.clone();
                    unblock(move || receiver.lock().unwrap().recv().is_ok())
                })
                .collect();
            // All run at once, and each in a thread of its own.
            eventually(|| "a thread for each".into(), || pool() == 50);
            drop(sender);
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            eventually(|| "the end of the idle threads".into(), || pool() == 0);
        }
        assert_eq!(block_on(unblock(|| 1)), 1);
    });
}

#[test]
fn the_pool_is_bounded() {
    Child::of("the_pool_is_bounded")
        .workers(2)
        .env("BLOCKING_MAX_THREADS", "3")
        .run(|| {
            use std::sync::Arc;
            use std::sync::atomic::AtomicUsize;

            let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let tasks: Vec<_> = (0..200)
                .map(|_| {
                    let (running, most) = (running.clone(), most.clone());
                    unblock(move || {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::sleep(Duration::from_micros(200));
                        running.fetch_sub(1, Ordering::SeqCst);
                    })
                })
                .collect();
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            assert!(most.load(Ordering::SeqCst) <= 3);
        });
}

#[test]
fn a_long_queue_is_given_back() {
    with_few_and_many_workers("a_long_queue_is_given_back", || {
        // A burst of 100,000 tasks, spawned before any of them can run.
        let before = allocated();
        expect_no_growth(|| {
            let tasks: Vec<_> = (0..100_000u64).map(|n| spawn(async move { n })).collect();
            let sum: u64 = block_on(async {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                sum
            });
            assert_eq!(sum, 4_999_950_000);
        });
        eventually(
            || "freeing the queues".into(),
            || allocated() < before + 2_000_000,
        );
    });
}
