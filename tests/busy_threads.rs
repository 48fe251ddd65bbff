//! What waits is served while the thread that was to do so does something else: blocks under another executor, or blocks
//! altogether, while somebody else could go on.

#![allow(
    clippy::async_yields_async,
    reason = "timers are handed out of futures on purpose"
)]

mod child;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use child::Child;
use leno::future::{pending, poll_once};
use leno::net::UdpSocket;
use leno::{Executor, LocalExecutor, Timer, block_on, spawn};

/// Longer than anything here takes, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(60);

/// An executor inside of another executor's `block_on`, inside of `outer`.
fn in_a_foreign_block_on(executor: &Executor<'_>) {
    let nap = || Timer::after(Duration::from_millis(5));
    let task = executor.spawn(nap());
    futures::executor::block_on(executor.run(task));
    let local = LocalExecutor::new();
    let task = local.spawn(nap());
    futures::executor::block_on(local.run(task));
    let task = executor.spawn(nap());
    futures::executor::block_on(async {
        while !task.is_finished() {
            executor.tick().await;
        }
    });
}

#[test]
fn an_executor_inside_of_a_foreign_block_on() {
    Child::of("an_executor_inside_of_a_foreign_block_on")
        .workers(1)
        .run(|| {
            block_on(async { in_a_foreign_block_on(&Executor::new()) });
            block_on(spawn(async { in_a_foreign_block_on(&Executor::new()) }));
        });
}

#[test]
fn executors_inside_of_foreign_block_ons_on_all_workers() {
    Child::of("executors_inside_of_foreign_block_ons_on_all_workers")
        .workers(2)
        .run(|| {
            let tasks = [(); 2].map(|()| spawn(async { in_a_foreign_block_on(&Executor::new()) }));
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
        });
}

fn socket() -> (Arc<UdpSocket>, impl Fn() + Send + 'static) {
    let socket = Arc::new(block_on(UdpSocket::bind("127.0.0.1:0")).unwrap());
    let address = socket.local_addr().unwrap();
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    (socket, move || {
        sender.send_to(b"x", address).unwrap();
    })
}

async fn receive(socket: Arc<UdpSocket>) {
    assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 1);
}

/// A task of an executor that two threads run waits on one of them, which then blocks: the other goes on.
#[test]
fn the_thread_that_waited_blocks_and_another_one_could_run_the_task() {
    Child::of("the_thread_that_waited_blocks_and_another_one_could_run_the_task").run(|| {
        static EXECUTOR: Executor<'static> = Executor::new();
        let (socket, send) = socket();
        let (received, receives) = mpsc::channel();
        EXECUTOR
            .spawn(async move {
                receive(socket).await;
                received.send(()).unwrap();
            })
            .detach();
        block_on(EXECUTOR.run(async {
            // The task begins to wait.
            Timer::after(Duration::from_millis(50)).await;
            thread::spawn(|| futures::executor::block_on(EXECUTOR.run(pending::<()>())));
            Timer::after(Duration::from_millis(50)).await;
            send();
            receives
                .recv_timeout(LIMIT)
                .expect("the other thread runs it");
        }));
    });
}

/// One thread leaves something behind while another one waits, which then blocks.
#[test]
fn who_inherits_a_wait_blocks() {
    Child::of("who_inherits_a_wait_blocks").run(|| {
        static EXECUTOR: Executor<'static> = Executor::new();
        let (socket, send) = socket();
        let (received, receives) = mpsc::channel();
        let (go, goes) = leno::channel::bounded::<()>(1);
        let (unblock, blocks) = mpsc::channel::<()>();
        let inherits = thread::spawn(move || {
            block_on(async {
                goes.recv().await.unwrap();
                blocks.recv_timeout(LIMIT).expect("it blocks for so long");
            });
        });
        thread::sleep(Duration::from_millis(50));
        EXECUTOR
            .spawn(async move {
                receive(socket).await;
                received.send(()).unwrap();
            })
            .detach();
        block_on(EXECUTOR.run(Timer::after(Duration::from_millis(20))));
        thread::spawn(|| futures::executor::block_on(EXECUTOR.run(pending::<()>())));
        thread::sleep(Duration::from_millis(50));
        go.try_send(()).unwrap();
        thread::sleep(Duration::from_millis(50));
        send();
        receives.recv_timeout(LIMIT).expect("nobody served it");
        unblock.send(()).unwrap();
        inherits.join().unwrap();
    });
}

/// A socket and a timer that a worker has waited for, which are then awaited elsewhere while all workers block.
#[test]
fn all_workers_block_where_something_waits_for_somebody_else() {
    for workers in [1, 2] {
        Child::of("all_workers_block_where_something_waits_for_somebody_else")
            .variant(workers.to_string())
            .workers(workers)
            .run(move || {
                let (socket, send) = socket();
                let used = socket.clone();
                let timer = block_on(spawn(async move {
                    assert!(poll_once(used.recv(&mut [0; 8])).await.is_none());
                    let mut timer = Timer::after(Duration::from_millis(300));
                    assert!(poll_once(&mut timer).await.is_none());
                    timer
                }));
                let (unblock, blocks) = mpsc::channel::<()>();
                let blocks = Arc::new(std::sync::Mutex::new(blocks));
                let blockers: Vec<_> = (0..workers)
                    .map(|_| {
                        let blocks = blocks.clone();
                        spawn(async move {
                            blocks.lock().unwrap().recv_timeout(LIMIT).unwrap();
                        })
                    })
                    .collect();
                let (done, is_done) = mpsc::channel();
                thread::spawn(move || {
                    block_on(receive(socket));
                    block_on(timer);
                    done.send(()).unwrap();
                });
                thread::sleep(Duration::from_millis(100));
                send();
                is_done.recv_timeout(LIMIT / 2).expect("nobody served it");
                for _ in 0..workers {
                    unblock.send(()).unwrap();
                }
                block_on(async {
                    for blocker in blockers {
                        blocker.await;
                    }
                });
            });
    }
}

/// Each worker is in a foreign `block_on`, for a socket that is at home at the other's reactor.
#[test]
fn workers_block_on_what_is_at_home_with_each_other() {
    Child::of("workers_block_on_what_is_at_home_with_each_other")
        .workers(2)
        .run(|| {
            let pairs: Vec<_> = (0..8).map(|_| socket()).collect();
            let tasks: Vec<_> = pairs
                .iter()
                .map(|(socket, _)| {
                    let socket = socket.clone();
                    spawn(async move {
                        assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
                        socket
                    })
                })
                .collect();
            let sockets: Vec<_> = block_on(async {
                let mut sockets = Vec::new();
                for task in tasks {
                    sockets.push(task.await);
                }
                sockets
            });
            let tasks: Vec<_> = sockets
                .into_iter()
                .map(|socket| spawn(async { futures::executor::block_on(receive(socket)) }))
                .collect();
            thread::sleep(Duration::from_millis(50));
            for (_, send) in &pairs {
                send();
            }
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
        });
}

/// Each wait begins when the vigil, or the attendant, has just seen that nothing waits any more.
#[test]
fn many_waits_in_a_foreign_block_on() {
    for workers in [0, 1, 2] {
        Child::of("many_waits_in_a_foreign_block_on")
            .variant(workers.to_string())
            .workers(workers.max(1))
            .run(move || {
                let waits = async {
                    futures::executor::block_on(async {
                        for _ in 0..300 {
                            Timer::after(Duration::from_micros(100)).await;
                        }
                    });
                };
                match workers {
                    0 => block_on(waits),
                    _ => block_on(spawn(waits)),
                }
            });
    }
}

/// A task that its waker runs on the spot, as some executors do, blocks the worker that calls the waker.
#[test]
fn a_waker_that_blocks_on_a_task() {
    Child::of("a_waker_that_blocks_on_a_task")
        .workers(2)
        .run(|| {
            for delay in 0..30 {
                let (sender, receiver) = mpsc::channel();
                let nap_and_block = async move {
                    Timer::after(Duration::from_millis(delay % 15)).await;
                    block_on(spawn(async {}));
                    sender.send(()).unwrap();
                };
                spawn(async move {
                    let run = |runnable: async_task::Runnable| {
                        runnable.run();
                    };
                    let (runnable, task) = async_task::spawn(nap_and_block, run);
                    runnable.run();
                    task.detach();
                })
                .detach();
                receiver.recv_timeout(LIMIT).unwrap();
            }
        });
}
