//! Nobody keeps a worker for himself: not a socket that is always ready, not a listener that can't accept, not a task that
//! blocks its thread.

mod child;

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use child::{Child, Watchdog};
use leno::future;
use leno::net::{TcpListener, TcpStream};
use leno::prelude::*;
use leno::{Async, Timer, block_on, spawn};

/// After how many operations a task has to let others run.
const BUDGET: usize = 128;

const TURNS: usize = 500;

/// Runs `operation` for ever on the only worker, beside a task that yields and one that ticks. `operation` is ready at
/// once, always.
fn hog<F: Future<Output = ()> + Send + 'static>(
    test: &'static str,
    make: impl Fn(Arc<AtomicUsize>) -> F,
) {
    Child::of(test).workers(1).run(|| {
        let _watchdog = Watchdog::new(test);
        let operations = Arc::new(AtomicUsize::new(0));
        let count = operations.clone();
        let future = make(count);
        block_on(async {
            let hog = spawn(future);
            while operations.load(Ordering::Relaxed) == 0 {
                Timer::after(Duration::from_millis(1)).await;
            }
            let seen = operations.clone();
            let polite = spawn(async move {
                let before = seen.load(Ordering::Relaxed);
                for _ in 0..TURNS {
                    future::yield_now().await;
                }
                seen.load(Ordering::Relaxed) - before
            });
            let ticker = spawn(async {
                let mut ticks = Timer::interval(Duration::from_millis(1));
                for _ in 0..20 {
                    ticks.next().await;
                }
            });
            let between = polite.await;
            // Both take turns, so in each the hog has used up its budget once at most.
            assert!(
                between <= (TURNS + 2) * BUDGET,
                "{between} operations in {TURNS} turns"
            );
            assert!(between >= TURNS, "the hog gets its turns too");
            ticker.await;
            hog.cancel().await;
        });
    });
}

#[test]
fn a_socket_that_is_always_readable() {
    hog("a_socket_that_is_always_readable", |count| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        client.write_all(b"stays").await.unwrap();
        loop {
            assert_ne!(server.peek(&mut [0; 8]).await.unwrap(), 0);
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_socket_that_is_always_writable() {
    hog("a_socket_that_is_always_writable", |count| async move {
        let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        loop {
            socket.writable().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_stream_that_has_ended() {
    hog("a_stream_that_has_ended", |count| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(TcpStream::connect(address).await.unwrap());
        let (mut server, _) = listener.accept().await.unwrap();
        loop {
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_timer_that_is_always_due() {
    hog("a_timer_that_is_always_due", |count| async move {
        loop {
            Timer::after(Duration::ZERO).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn an_interval_without_length() {
    hog("an_interval_without_length", |count| async move {
        let mut ticks = Timer::interval(Duration::ZERO);
        while ticks.next().await.is_some() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// An executor inside of a task polls on in the same turn: who has used up the task's budget must not be refused for ever.
#[test]
fn executors_inside_of_a_task() {
    async fn many_operations() {
        let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        for _ in 0..10 * BUDGET {
            socket.writable().await.unwrap();
        }
    }
    Child::of("executors_inside_of_a_task").workers(1).run(|| {
        let _watchdog = Watchdog::new("an executor inside of a task");
        block_on(spawn(async { future::block_on(many_operations()) }));
        block_on(spawn(async { block_on(many_operations()) }));
        block_on(spawn(async {
            let executor = leno::Executor::new();
            let tasks = [(); 3].map(|()| executor.spawn(many_operations()));
            while !tasks.iter().all(leno::Task::is_finished) {
                executor.tick().await;
            }
        }));
        block_on(spawn(async {
            let executor = leno::Executor::new();
            let task = executor.spawn(many_operations());
            executor.run(task).await;
        }));
    });
}

/// How many turns a task of 5 ms each gets on the only worker before a timer of 1 ms is seen, after the task `before`.
fn long_turns(test: &'static str, before: impl AsyncFnOnce() + Copy) {
    Child::of(test).workers(1).run(|| {
        let _watchdog = Watchdog::new(test);
        let turns = Arc::new(AtomicUsize::new(0));
        block_on(before());
        let count = turns.clone();
        let turns = block_on(spawn(async {
            let hog = spawn(async move {
                loop {
                    count.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                    future::yield_now().await;
                }
            });
            let ticker = spawn(async move {
                Timer::after(Duration::from_millis(1)).await;
                turns.load(Ordering::Relaxed)
            });
            let turns = ticker.await;
            hog.cancel().await;
            turns
        }));
        assert!(turns <= 4, "{turns} long turns before a timer was seen");
    });
}

/// A timer that is due comes between the first long tasks, also if those before them were short: a worker must not take it that
/// the next ones will be.
#[test]
fn the_first_long_tasks_are_noticed() {
    long_turns("the_first_long_tasks_are_noticed", async || {});
}

#[test]
fn long_tasks_after_short_ones_and_a_sleep_are_noticed() {
    long_turns(
        "long_tasks_after_short_ones_and_a_sleep_are_noticed",
        async || {
            for _ in 0..50 {
                spawn(async {
                    for _ in 0..50 {
                        future::yield_now().await;
                    }
                })
                .await;
            }
            Timer::after(Duration::from_millis(20)).await;
        },
    );
}

/// Takes all descriptors there are.
#[cfg(unix)]
fn exhaust() -> Vec<std::fs::File> {
    // SAFETY: the call only reads the limits.
    unsafe {
        let mut limits: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limits), 0);
        limits.rlim_cur = 80;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limits), 0);
    }
    std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect()
}

#[cfg(unix)]
fn is_limit(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMFILE)
}

#[cfg(unix)]
#[test]
fn an_accept_loop_at_the_descriptor_limit() {
    for workers in [1, 2, 4] {
        Child::of("an_accept_loop_at_the_descriptor_limit")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| block_on(spawn(accept_at_the_limit())));
    }
}

#[cfg(unix)]
async fn accept_at_the_limit() {
    const CLIENTS: usize = 10;
    let _watchdog = Watchdog::new("an accept loop at the descriptor limit");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // An older connection, which goes on.
    let mut old_client = TcpStream::connect(address).await.unwrap();
    let (mut old_server, _) = listener.accept().await.unwrap();
    let echo = spawn(async move {
        let mut byte = [0];
        while old_server.read(&mut byte).await.unwrap() == 1 {
            old_server.write_all(&byte).await.unwrap();
        }
    });
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    let taken = exhaust();
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = failures.clone();
    let acceptor = spawn(async move {
        let mut accepted = Vec::new();
        while accepted.len() < CLIENTS {
            match listener.accept().await {
                Ok((stream, _)) => accepted.push(stream),
                Err(error) => {
                    assert!(is_limit(&error), "{error}");
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        accepted
    });
    // Three round trips at least, and as many as it takes until the acceptor has failed three times.
    let mut rounds = 0;
    while rounds < 3 || failures.load(Ordering::Relaxed) < 3 {
        old_client.write_all(b"x").await.unwrap();
        old_client.read_exact(&mut [0]).await.unwrap();
        Timer::after(Duration::from_millis(10)).await;
        rounds += 1;
    }
    // With rests of 10, 20 and 40 ms at least between two tries, each of which sees some ticks.
    assert!(
        failures.load(Ordering::Relaxed) <= rounds + 1,
        "{} tries in {rounds} ticks",
        failures.load(Ordering::Relaxed)
    );
    drop(taken);
    let accepted = acceptor.await;
    assert_eq!(accepted.len(), CLIENTS);
    drop(old_client);
    echo.await;
    for (mut client, mut server) in clients.into_iter().zip(accepted) {
        client.write_all(b"late, but served").await.unwrap();
        drop(client);
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text.len(), 16);
    }
}

/// The same with the listener of `std`, which knows no rest: its loop may try again and again, but not starve others.
#[cfg(unix)]
#[test]
fn a_plain_accept_loop_at_the_descriptor_limit() {
    Child::of("a_plain_accept_loop_at_the_descriptor_limit")
        .workers(1)
        .run(|| {
            let _watchdog = Watchdog::new("a plain accept loop");
            block_on(spawn(async {
                let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
                let address = listener.get_ref().local_addr().unwrap();
                let client = TcpStream::connect(address).await.unwrap();
                Timer::after(Duration::from_millis(1)).await;
                let taken = exhaust();
                let failed = Arc::new(AtomicBool::new(false));
                let seen = failed.clone();
                let acceptor = spawn(async move {
                    loop {
                        match listener.accept().await {
                            Ok(_) => return,
                            Err(error) => {
                                assert!(is_limit(&error), "{error}");
                                seen.store(true, Ordering::Relaxed);
                            }
                        }
                    }
                });
                for _ in 0..20 {
                    Timer::after(Duration::from_millis(1)).await;
                }
                assert!(failed.load(Ordering::Relaxed));
                drop(taken);
                acceptor.await;
                drop(client);
            }));
        });
}

/// Sockets and timers whose worker is blocked until they have done their work.
async fn work_beside(block: impl FnOnce(mpsc::Receiver<()>)) {
    const ROUNDS: usize = 10;
    let (done, all_done) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for _ in 0..3 {
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        // They wait on this worker before it is blocked: a timer, and both ends of a connection.
        let finished = done.clone();
        spawn(async move {
            for _ in 0..ROUNDS {
                client.write_all(b"x").await.unwrap();
                client.read_exact(&mut [0]).await.unwrap();
                Timer::after(Duration::from_micros(300)).await;
            }
            finished.send(()).unwrap();
        })
        .detach();
        spawn(async move {
            let mut byte = [0];
            while server.read(&mut byte).await.unwrap() == 1 {
                server.write_all(&byte).await.unwrap();
            }
        })
        .detach();
        let finished = done.clone();
        spawn(async move {
            for _ in 0..ROUNDS {
                Timer::after(Duration::from_micros(700)).await;
            }
            finished.send(()).unwrap();
        })
        .detach();
    }
    drop(done);
    Timer::after(Duration::from_micros(500)).await;
    block(all_done);
}

fn wait_for_all(all_done: &mpsc::Receiver<()>) {
    for _ in 0..6 {
        all_done.recv().unwrap();
    }
}

#[test]
fn a_task_that_blocks_its_thread() {
    for workers in [2, 4] {
        Child::of("a_task_that_blocks_its_thread")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                let _watchdog = Watchdog::new("a task that blocks its thread");
                for round in 0..10 {
                    block_on(spawn(work_beside(move |all_done| {
                        if round == 0 {
                            std::thread::sleep(Duration::from_millis(200));
                        }
                        wait_for_all(&all_done);
                    })));
                }
            });
    }
}

/// A worker whose tasks are all short keeps them for itself, however many there are: until one of them blocks.
#[test]
fn a_short_task_that_blocks_its_thread_after_many_that_did_not() {
    for workers in [2, 4] {
        Child::of("a_short_task_that_blocks_its_thread_after_many_that_did_not")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                block_on(spawn(async {
                    // More than a ring holds.
                    let brisk: Vec<_> = (0..1000)
                        .map(|_| {
                            spawn(async {
                                for _ in 0..200 {
                                    future::yield_now().await;
                                }
                            })
                        })
                        .collect();
                    for _ in 0..100 {
                        future::yield_now().await;
                    }
                    let (done, all_done) = mpsc::channel();
                    for _ in 0..1000 {
                        let done = done.clone();
                        spawn(async move { done.send(()).unwrap() }).detach();
                    }
                    drop(done);
                    // It blocks its thread, so nobody else runs them there.
                    assert_eq!(all_done.iter().count(), 1000);
                    for task in brisk {
                        task.await;
                    }
                }));
            });
    }
}

#[test]
fn a_task_that_blocks_its_thread_in_block_on() {
    for workers in [1, 2, 4] {
        Child::of("a_task_that_blocks_its_thread_in_block_on")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                let _watchdog = Watchdog::new("a task in a block_on of its own");
                for _ in 0..5 {
                    block_on(spawn(work_beside(|_| {
                        block_on(async {
                            let (mut one, mut other) = socket_pair().await;
                            for _ in 0..20 {
                                one.write_all(b"x").await.unwrap();
                                other.read_exact(&mut [0]).await.unwrap();
                                Timer::after(Duration::from_micros(200)).await;
                            }
                        });
                    })));
                }
            });
    }
}

#[test]
fn a_task_that_blocks_its_thread_under_another_executor() {
    for workers in [2, 4] {
        Child::of("a_task_that_blocks_its_thread_under_another_executor")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                let _watchdog = Watchdog::new("a task under another executor");
                for _ in 0..5 {
                    block_on(spawn(work_beside(|all_done| {
                        future::block_on(async {
                            let (mut one, mut other) = socket_pair().await;
                            for _ in 0..5 {
                                let late = async {
                                    Timer::after(Duration::from_micros(200)).await;
                                    one.write_all(b"x").await.unwrap();
                                };
                                let mut byte = [0];
                                let (read, ()) =
                                    future::zip(other.read_exact(&mut byte), late).await;
                                read.unwrap();
                            }
                        });
                        wait_for_all(&all_done);
                    })));
                }
            });
    }
}

async fn socket_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}
