//! Promise 7: no wake-up is lost. The protocols have models of their own; here all of them work at once, thousands of
//! times, and each round must end.

mod child;
mod tally;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use child::{Child, Watchdog, with_few_and_many_workers};
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{
    Executor, LocalExecutor, Task, Timer, block_on, channel, future, spawn, timeout, unblock,
};
use tally::Tally;

/// Numbers without a pattern, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A thread that wakes whatever it is sent.
fn waking_thread() -> (mpsc::Sender<Waker>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel::<Waker>();
    let thread = thread::spawn(move || receiver.into_iter().for_each(Waker::wake));
    (sender, thread)
}

/// Pending until that thread has woken it.
async fn woken_abroad(sender: &mpsc::Sender<Waker>) {
    let mut asked = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        sender.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

#[test]
fn of_tasks_spawned_from_anywhere() {
    with_few_and_many_workers("of_tasks_spawned_from_anywhere", || {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                thread::spawn(|| {
                    // The workers fall asleep between some of these, and are about to between others.
                    for round in 0..3_000u32 {
                        assert_eq!(block_on(spawn(async move { round })), round);
                        if round % 64 == 0 {
                            thread::sleep(Duration::from_micros(200));
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn of_tasks_that_other_threads_wake() {
    with_few_and_many_workers("of_tasks_that_other_threads_wake", || {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (sender, thread) = waking_thread();
                let task = spawn(async move {
                    for _ in 0..3_000 {
                        woken_abroad(&sender).await;
                    }
                });
                (task, thread)
            })
            .collect();
        for (task, thread) in tasks {
            block_on(task);
            thread.join().unwrap();
        }
    });
}

#[test]
fn of_tasks_that_wake_each_other() {
    with_few_and_many_workers("of_tasks_that_wake_each_other", || {
        // A ring of tasks, and a few messages that go round.
        const STATIONS: usize = 20;
        const MESSAGES: usize = 5;
        let links: Vec<_> = (0..STATIONS).map(|_| channel::unbounded::<u32>()).collect();
        let (finished, all_finished) = channel::unbounded();
        let _stations: Vec<Task<()>> = (0..STATIONS)
            .map(|n| {
                let receiver = links[n].1.clone();
                let sender = links[(n + 1) % STATIONS].0.clone();
                let finished = finished.clone();
                spawn(async move {
                    while let Ok(hops) = receiver.recv().await {
                        let next = if hops == 0 { &finished } else { &sender };
                        next.send(hops.saturating_sub(1)).await.unwrap();
                    }
                })
            })
            .collect();
        for n in 0..MESSAGES {
            links[n * 3].0.try_send(4_000).unwrap();
        }
        block_on(async {
            for _ in 0..MESSAGES {
                all_finished.recv().await.unwrap();
            }
        });
    });
}

#[test]
fn of_many_tasks_that_spawn_tasks() {
    with_few_and_many_workers("of_many_tasks_that_spawn_tasks", || {
        fn tree(depth: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
            Box::pin(async move {
                if depth == 0 {
                    return 1;
                }
                let branches = [spawn(tree(depth - 1)), spawn(tree(depth - 1))];
                let mut leaves = 0;
                for branch in branches {
                    leaves += branch.await;
                }
                leaves
            })
        }
        for _ in 0..5 {
            assert_eq!(block_on(spawn(tree(10))), 1_024);
        }
    });
}

/// Everything at once: what each participant does is drawn by lot.
async fn mixture(seed: u64, address: std::net::SocketAddr, abroad: mpsc::Sender<Waker>) -> u64 {
    let mut random = Random(seed * 2 + 1);
    let mut done = 0;
    for _ in 0..25 {
        match random.below(9) {
            0 => future::yield_now().await,
            1 => drop(Timer::after(Duration::from_micros(random.below(300))).await),
            2 => {
                let micros = random.below(100);
                unblock(move || thread::sleep(Duration::from_micros(micros))).await;
            }
            3 => woken_abroad(&abroad).await,
            4 => {
                // Cancelled at any moment.
                let abroad = abroad.clone();
                let task = spawn(async move {
                    loop {
                        woken_abroad(&abroad).await;
                        future::yield_now().await;
                    }
                });
                Timer::after(Duration::from_micros(random.below(100))).await;
                assert!(Task::<()>::cancel(task).await.is_none());
            }
            5 => {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let message = random.below(u64::MAX).to_ne_bytes();
                stream.write_all(&message).await.unwrap();
                let mut reply = [0; 8];
                stream.read_exact(&mut reply).await.unwrap();
                assert_eq!(reply, message);
            }
            6 => {
                // A time-out that fires about when the event comes.
                let (sender, receiver) = channel::bounded::<u32>(1);
                let micros = random.below(100);
                spawn(async move {
                    Timer::after(Duration::from_micros(micros)).await;
                    let _ = sender.send(1).await;
                })
                .detach();
                let limit = Duration::from_micros(random.below(100));
                let _ = timeout(limit, receiver.recv()).await;
            }
            7 => {
                let (one, two) = future::zip(
                    spawn(async { 1 }),
                    future::or(
                        async {
                            future::yield_now().await;
                            2
                        },
                        future::pending(),
                    ),
                )
                .await;
                assert_eq!(one + two, 3);
            }
            _ => {
                // A socket that moves: made here, used by a task.
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let own = socket.local_addr().unwrap();
                let _ = future::poll_once(socket.recv(&mut [0])).await;
                let sending = socket.clone();
                let task = spawn(async move {
                    let mut byte = [0];
                    socket.recv(&mut byte).await.unwrap();
                    byte[0]
                });
                sending.send_to(b"x", own).await.unwrap();
                assert_eq!(task.await, b'x');
            }
        }
        done += 1;
    }
    done
}

/// Sends back every eight bytes.
async fn echo(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        spawn(async move {
            let mut message = [0; 8];
            while stream.read_exact(&mut message).await.is_ok() {
                if stream.write_all(&message).await.is_err() {
                    return;
                }
            }
        })
        .detach();
    }
}

#[test]
fn of_everything_at_once() {
    with_few_and_many_workers("of_everything_at_once", || {
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let _server = spawn(echo(listener));
        let (abroad, thread) = waking_thread();
        for round in 0..25u64 {
            let _watchdog = Watchdog::new(format!("round {round} of everything"));
            // On the runtime, in an executor that two threads run, in a local one, and on bare threads.
            let tasks: Vec<_> = (0..8)
                .map(|n| spawn(mixture(round * 100 + n, address, abroad.clone())))
                .collect();
            let executor = Executor::new();
            let sum: u64 = thread::scope(|scope| {
                let (stop, stopped) = channel::bounded::<()>(1);
                let runners: Vec<_> = (0..2)
                    .map(|_| {
                        let (stopped, executor) = (stopped.clone(), &executor);
                        scope.spawn(move || block_on(executor.run(stopped.recv())))
                    })
                    .collect();
                let own: Vec<_> = (10..14)
                    .map(|n| executor.spawn(mixture(round * 100 + n, address, abroad.clone())))
                    .collect();
                let bare = [(20, true), (21, false)].map(|(n, ours)| {
                    let abroad = abroad.clone();
                    scope.spawn(move || {
                        let work = mixture(round * 100 + n, address, abroad);
                        if ours {
                            block_on(work)
                        } else {
                            future::block_on(work)
                        }
                    })
                });
                let local = LocalExecutor::new();
                let at_home: Vec<_> = (30..32)
                    .map(|n| local.spawn(mixture(round * 100 + n, address, abroad.clone())))
                    .collect();
                let sum = block_on(local.run(async {
                    let mut sum = 0;
                    for task in tasks.into_iter().chain(own).chain(at_home) {
                        sum += task.await;
                    }
                    sum
                }));
                drop(stop);
                for runner in runners {
                    assert!(runner.join().unwrap().is_err());
                }
                bare.into_iter()
                    .fold(sum, |sum, bare| sum + bare.join().unwrap())
            });
            assert_eq!(sum, 16 * 25);
        }
        drop(abroad);
        drop(_server);
        thread.join().unwrap();
    });
}

#[test]
fn of_tasks_that_are_cancelled_while_they_are_woken() {
    with_few_and_many_workers("of_tasks_that_are_cancelled_while_they_are_woken", || {
        let tally = Tally::new();
        let (abroad, thread) = waking_thread();
        for round in 0..1_500u64 {
            let member = tally.member();
            let abroad = abroad.clone();
            let task: Task<()> = spawn(async move {
                let _member = member;
                loop {
                    woken_abroad(&abroad).await;
                }
            });
            match round % 3 {
                0 => drop(task),
                1 => assert!(block_on(task.cancel()).is_none()),
                _ => {
                    block_on(future::yield_now());
                    drop(task);
                }
            }
        }
        drop(abroad);
        thread.join().unwrap();
        while tally.alive() > 0 {
            thread::yield_now();
        }
        tally.expect_all_dropped_once();
    });
}

#[test]
fn of_sockets_that_many_await() {
    with_few_and_many_workers("of_sockets_that_many_await", || {
        for _ in 0..50 {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let own = socket.local_addr().unwrap();
            let socket = Arc::new(leno::Async::new(socket).unwrap());
            let readers: Vec<_> = (0..8)
                .map(|n| {
                    let socket = socket.clone();
                    spawn(async move {
                        let mut byte = [0];
                        if n % 2 == 0 {
                            socket.readable().await.unwrap();
                        }
                        socket.recv(&mut byte).await.unwrap();
                        byte[0]
                    })
                })
                .collect();
            block_on(async {
                for n in 0..8u8 {
                    socket.send_to(&[n], own).await.unwrap();
                    if n % 3 == 0 {
                        future::yield_now().await;
                    }
                }
                let mut seen = Vec::new();
                for reader in readers {
                    seen.push(reader.await);
                }
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..8));
            });
        }
    });
}

#[test]
fn of_tasks_beside_one_that_blocks_its_thread() {
    // With one worker nobody can take over, and the others go on afterwards.
    for workers in [2, 4] {
        Child::of("of_tasks_beside_one_that_blocks_its_thread")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                for _ in 0..3 {
                    let released = Arc::new(AtomicBool::new(false));
                    let (report, reports) = mpsc::channel();
                    let blocker = spawn({
                        let released = released.clone();
                        async move {
                            // A socket, a timer and a ready task, all at home on this very worker.
                            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                            let own = socket.local_addr().unwrap();
                            let (reader, writer) = (socket.clone(), socket);
                            let tasks = [
                                spawn(count_packets(reader, report.clone())),
                                spawn(count_ticks(report.clone())),
                            ];
                            future::yield_now().await;
                            let more = spawn(async move { report.send("a task").unwrap() });
                            // It goes on for 200 ms, and as long as the others have not all done their part.
                            let from = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                            let mut seen = std::collections::BTreeMap::new();
                            let start = std::time::Instant::now();
                            while start.elapsed() < Duration::from_millis(200) || seen.len() < 3 {
                                from.send_to(b"x", own).unwrap();
                                let what = reports.recv_timeout(Duration::from_millis(5));
                                if let Ok(what) = what {
                                    *seen.entry(what).or_insert(0) += 1;
                                }
                                assert!(
                                    start.elapsed() < Duration::from_secs(60),
                                    "only these went on: {seen:?}"
                                );
                            }
                            released.store(true, Ordering::SeqCst);
                            drop((writer, more));
                            tasks
                        }
                    });
                    let tasks = block_on(blocker);
                    assert!(released.load(Ordering::SeqCst));
                    drop(tasks);
                }
            });
    }
}

async fn count_packets(socket: UdpSocket, report: mpsc::Sender<&'static str>) {
    loop {
        socket.recv(&mut [0]).await.unwrap();
        let _ = report.send("a socket");
    }
}

async fn count_ticks(report: mpsc::Sender<&'static str>) {
    loop {
        Timer::after(Duration::from_millis(1)).await;
        let _ = report.send("a timer");
    }
}

#[test]
fn of_tasks_beside_a_socket_that_is_always_readable() {
    with_few_and_many_workers("of_tasks_beside_a_socket_that_is_always_readable", || {
        let stop = Arc::new(AtomicBool::new(false));
        let greedy: Vec<_> = (0..4)
            .map(|_| {
                let stop = stop.clone();
                spawn(async move {
                    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                    socket
                        .send_to(b"x", socket.local_addr().unwrap())
                        .await
                        .unwrap();
                    let mut reads = 0;
                    while !stop.load(Ordering::SeqCst) {
                        // The data stays where it is.
                        socket.peek(&mut [0]).await.unwrap();
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let ticks = block_on(spawn(async {
            let mut ticks = 0;
            for _ in 0..50 {
                Timer::after(Duration::from_micros(100)).await;
                ticks += 1;
            }
            ticks
        }));
        assert_eq!(ticks, 50);
        stop.store(true, Ordering::SeqCst);
        block_on(async {
            for task in greedy {
                assert!(task.await > 0);
            }
        });
    });
}

#[test]
fn of_a_task_with_an_executor_of_its_own() {
    with_few_and_many_workers("of_a_task_with_an_executor_of_its_own", || {
        // What runs inside of a task must not wait for a budget that only the worker can refill.
        let task = spawn(async {
            future::block_on(async {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let own = socket.local_addr().unwrap();
                for _ in 0..1_000 {
                    socket.send_to(b"x", own).await.unwrap();
                    socket.recv(&mut [0]).await.unwrap();
                }
            });
            let executor = Executor::new();
            let local = LocalExecutor::new();
            let (a, b) = (
                executor.spawn(async { Timer::after(Duration::ZERO).await }),
                executor.spawn(async { 1 }),
            );
            future::block_on(local.run(executor.run(async {
                for _ in 0..1_000 {
                    Timer::after(Duration::ZERO).await;
                }
                a.await;
                b.await
            })))
        });
        assert_eq!(block_on(task), 1);
    });
}

#[test]
fn of_tasks_under_an_executor_that_leno_does_not_know() {
    /// Wakes by a channel, like the simplest of executors.
    struct Bell(Mutex<mpsc::Sender<()>>, AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::SeqCst);
            let _ = self.0.lock().unwrap().send(());
        }
    }

    let threads: Vec<_> = (0..4u64)
        .map(|n| {
            thread::spawn(move || {
                let (sender, receiver) = mpsc::channel();
                let bell = Arc::new(Bell(Mutex::new(sender), AtomicUsize::new(0)));
                let waker = Waker::from(bell);
                for round in 0..200 {
                    let mut work = Box::pin(async {
                        Timer::after(Duration::from_micros((round * 7 + n * 31) % 300)).await;
                        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                        let own = socket.local_addr().unwrap();
                        let _ = future::poll_once(socket.recv(&mut [0])).await;
                        socket.send_to(b"x", own).await.unwrap();
                        socket.recv(&mut [0]).await.unwrap();
                        unblock(|| 1).await + spawn(async { 2 }).await
                    });
                    let sum = loop {
                        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                            Poll::Ready(sum) => break sum,
                            Poll::Pending => receiver
                                .recv_timeout(Duration::from_secs(30))
                                .expect("a wake-up was lost"),
                        }
                    };
                    assert_eq!(sum, 3);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn after_the_main_future_has_ended() {
    for workers in [1, 2, 4] {
        Child::of("after_the_main_future_has_ended")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                #[leno::main]
                async fn main() -> UdpSocket {
                    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                    // At home with the worker that the main thread was.
                    let _ = future::poll_once(socket.recv(&mut [0])).await;
                    assert_eq!(spawn(async { 7 }).await, 7);
                    socket
                }

                for round in 0..3 {
                    let socket = main();
                    let own = socket.local_addr().unwrap();
                    let reader = socket.clone();
                    let task = spawn(async move { reader.recv(&mut [0]).await.unwrap() });
                    block_on(async {
                        Timer::after(Duration::from_millis(5)).await;
                        socket.send_to(b"x", own).await.unwrap();
                        assert_eq!(task.await, 1, "round {round}");
                    });
                }
            });
    }
}
