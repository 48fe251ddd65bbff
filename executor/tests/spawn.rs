//! Spawning on the process-wide runtime.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use leno_executor::spawn;
use leno_reactor::{Async, Timer, block_on};

#[test]
fn tasks_return_their_output_and_may_spawn() {
    let sum = block_on(spawn(async {
        let tasks: Vec<_> = (0..1000u64).map(|i| spawn(async move { i })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    }));
    assert_eq!(sum, 499_500);
}

#[test]
fn every_spawn_from_outside_is_run() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for round in 0..5_000u32 {
                    assert_eq!(block_on(spawn(async move { round })), round);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn tasks_that_yield_take_turns() {
    let count = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let count = count.clone();
            spawn(async move {
                for _ in 0..10_000 {
                    future::yield_now().await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    block_on(async {
        for task in tasks {
            task.await;
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 100_000);
}

#[test]
fn sockets_and_timers_work_in_tasks() {
    block_on(async {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                spawn(async move {
                    let mut stream = &stream;
                    let mut buffer = [0; 64];
                    loop {
                        let length = stream.read(&mut buffer).await.unwrap();
                        if length == 0 {
                            return;
                        }
                        stream.write_all(&buffer[..length]).await.unwrap();
                    }
                })
                .detach();
            }
        })
        .detach();
        let clients: Vec<_> = (0..50u8)
            .map(|i| {
                spawn(async move {
                    let mut stream = Async::<TcpStream>::connect(address).await.unwrap();
                    for round in 0..100u8 {
                        Timer::after(Duration::from_micros(u64::from(round))).await;
                        stream.write_all(&[i, round]).await.unwrap();
                        let mut reply = [0; 2];
                        stream.read_exact(&mut reply).await.unwrap();
                        assert_eq!(reply, [i, round]);
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
    });
}

#[test]
fn a_task_that_blocks_its_thread_delays_the_others_only_for_a_while() {
    // With one worker nobody could take over.
    if leno_executor::workers() < 2 {
        return;
    }
    block_on(async {
        for _ in 0..20 {
            let (sender, receiver) = std::sync::mpsc::channel();
            let blocker = spawn(async move {
                // These are in the queue of the very worker that is about to block.
                let others: Vec<_> = (0..10)
                    .map(|_| {
                        let sender = sender.clone();
                        spawn(async move {
                            Timer::after(Duration::from_millis(1)).await;
                            sender.send(()).unwrap();
                        })
                    })
                    .collect();
                for _ in 0..10 {
                    receiver
                        .recv_timeout(Duration::from_secs(30))
                        .expect("the other workers take over");
                }
                others
            });
            for other in blocker.await {
                other.await;
            }
        }
    });
}
