//! Other executors inside of leno: their `block_on` may keep a thread that leno takes for its own, and their wakers may be
//! anything.

mod child;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use child::{Child, Watchdog};
use futures::stream::FuturesUnordered;
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{Async, Timer, block_on, channel, spawn};

/// Needs a timer and both ends of a socket; nothing of it runs as a task.
async fn echo_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mut client, (mut server, _)) =
        leno::future::try_zip(TcpStream::connect(address), listener.accept())
            .await
            .unwrap();
    let mut word = [0; 5];
    let write = async {
        Timer::after(Duration::from_millis(1)).await;
        client.write_all(b"hello").await.unwrap();
    };
    let ((), ()) = leno::future::zip(write, async {
        server.read_exact(&mut word).await.unwrap();
    })
    .await;
    assert_eq!(&word, b"hello");
}

#[test]
fn a_foreign_block_on_inside_of_ours() {
    Child::of("a_foreign_block_on_inside_of_ours").run(|| {
        for _ in 0..3 {
            block_on(async {
                futures::executor::block_on(Timer::after(Duration::from_millis(1)));
                futures::executor::block_on(echo_by_itself());
            });
            // And all is as before afterwards.
            block_on(echo_by_itself());
        }
    });
}

/// `futures`' `block_on` has one waker for each thread: the second wait is with a waker that the timer knows already.
#[test]
fn a_foreign_block_on_that_goes_on_with_a_wait() {
    Child::of("a_foreign_block_on_that_goes_on_with_a_wait").run(|| {
        block_on(async {
            let mut timer = Timer::after(Duration::from_millis(300));
            futures::executor::block_on(async {
                assert!(leno::future::poll_once(&mut timer).await.is_none());
            });
            // The thread comes back to its reactor for long enough to be trusted again.
            Timer::after(Duration::from_millis(100)).await;
            futures::executor::block_on(timer);
        });
    });
}

#[test]
fn a_foreign_block_on_in_the_tasks_of_an_executor() {
    Child::of("a_foreign_block_on_in_the_tasks_of_an_executor").run(|| {
        let executor = leno::Executor::new();
        let local = leno::LocalExecutor::new();
        block_on(local.run(executor.run(async {
            let task = executor.spawn(async { futures::executor::block_on(echo_by_itself()) });
            task.await;
            local
                .spawn(async { futures::executor::block_on(echo_by_itself()) })
                .await;
        })));
    });
}

#[test]
fn a_foreign_block_on_on_every_worker() {
    for workers in [1, 2, 4] {
        Child::of("a_foreign_block_on_on_every_worker")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                for _ in 0..3 {
                    let tasks: Vec<_> = (0..workers)
                        .map(|_| spawn(async { futures::executor::block_on(echo_by_itself()) }))
                        .collect();
                    block_on(async {
                        for task in tasks {
                            task.await;
                        }
                    });
                }
                block_on(spawn(echo_by_itself()));
            });
    }
}

/// Wakers of one's own that come back look like those of an executor that does not.
#[test]
fn combinators_with_wakers_of_their_own() {
    Child::of("combinators_with_wakers_of_their_own")
        .workers(1)
        .run(|| {
            async fn many() {
                let mut all: FuturesUnordered<_> = (0..50).map(|_| echo_by_itself()).collect();
                while all.next().await.is_some() {}
            }
            block_on(many());
            block_on(spawn(many()));
        });
}

/// After the end of the runtime a worker that still runs waits in a reactor that nobody else looks at.
#[test]
fn a_nested_block_on_outlives_the_runtime() {
    Child::of("a_nested_block_on_outlives_the_runtime")
        .workers(1)
        .run(|| {
            let (started, starts) = channel::bounded(1);
            let (goes_on, go_on) = channel::bounded::<()>(1);
            let (ended, ends) = std::sync::mpsc::channel();
            let stays = spawn(async move {
                started.send(()).await.unwrap();
                block_on(async {
                    go_on.recv().await.unwrap();
                    echo_by_itself().await;
                });
                ended.send(()).unwrap();
            });
            stays.detach();
            block_on(starts.recv()).unwrap();
            assert_eq!(leno::shutdown(Duration::from_millis(1)).unwrap(), 1);
            block_on(goes_on.send(())).unwrap();
            // Not in `block_on`, which would serve the worker as well.
            ends.recv().unwrap();
        });
}

/// Runs a closure once, when woken.
struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(on_wake: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnWake(on_wake)))
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

fn udp() -> Async<std::net::UdpSocket> {
    Async::<std::net::UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap()
}

#[test]
fn a_panicking_waker_in_a_crowd_leaves_the_others_awake() {
    let _watchdog = Watchdog::new("a panicking waker in a crowd");
    let socket = Arc::new(udp());
    let (sender, woken) = std::sync::mpsc::channel();
    let mut waits: Vec<_> = (0..20).map(|_| socket.clone().readable_owned()).collect();
    for (index, wait) in waits.iter_mut().enumerate() {
        let sender = sender.clone();
        let waker = waker(move || {
            if index % 2 == 0 {
                panic!("a waker that panics, as it should");
            }
            sender.send(index).unwrap();
        });
        assert!(poll(Pin::new(wait), &waker).is_pending());
    }
    let address = socket.get_ref().local_addr().unwrap();
    socket.get_ref().send_to(b"x", address).unwrap();
    let mut seen: Vec<usize> = (0..10)
        .map(|_| woken.recv_timeout(Duration::from_secs(20)).unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..20).step_by(2).collect::<Vec<_>>());
    for wait in &mut waits {
        assert!(poll(Pin::new(wait), Waker::noop()).is_ready());
    }
}

/// A waker is user code, and user code drops sockets: those of the same reactor, and the very one that it waits for.
#[test]
fn a_waker_that_drops_sockets() {
    let _watchdog = Watchdog::new("a waker that drops sockets");
    for _ in 0..200 {
        let sockets: Arc<Vec<_>> = Arc::new((0..4).map(|_| Arc::new(udp())).collect());
        let (sender, woken) = std::sync::mpsc::channel();
        let mut waits = Vec::new();
        for socket in sockets.iter() {
            let drops = std::sync::Mutex::new(Some((udp(), socket.clone())));
            // Registered with the reactor, or dropping it there would do nothing.
            let _ = poll(
                std::pin::pin!(drops.lock().unwrap().as_ref().unwrap().0.readable()),
                Waker::noop(),
            );
            let sender = sender.clone();
            let mut wait = socket.clone().readable_owned();
            let waker = waker(move || {
                drop(drops.lock().unwrap().take());
                let _ = sender.send(());
            });
            assert!(poll(Pin::new(&mut wait), &waker).is_pending());
            waits.push(wait);
        }
        let addresses: Vec<_> = sockets
            .iter()
            .map(|socket| socket.get_ref().local_addr().unwrap())
            .collect();
        drop(sockets);
        let other = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for address in addresses {
            other.send_to(b"x", address).unwrap();
        }
        for _ in 0..4 {
            woken.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }
}

/// Many threads wait for one socket, each under an executor of its own.
#[test]
fn a_crowd_of_foreign_threads() {
    let _watchdog = Watchdog::new("a crowd of foreign threads");
    let socket = Arc::new(block_on(UdpSocket::bind("127.0.0.1:0")).unwrap());
    let address = socket.local_addr().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let socket = socket.clone();
            thread::spawn(move || {
                let mut byte = [0];
                futures::executor::block_on(socket.recv(&mut byte)).unwrap()
            })
        })
        .collect();
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..8 {
        sender.send_to(b"x", address).unwrap();
    }
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 1);
    }
}
