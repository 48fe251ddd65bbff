//! Sockets and timers on threads that are no workers: under any executor, many at once, and with one thread if that is
//! enough.
#![cfg(unix)]

#[cfg(target_os = "linux")]
#[path = "../../tests/storm/mod.rs"]
mod storm;
mod watchdog;

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use leno_reactor::{Async, Parker, Reactor, Timer, block_on};
#[cfg(target_os = "linux")]
use storm::Storm;
use watchdog::within_limit;

const IN_CHILD: &str = "LENO_REACTOR_TEST_IN_CHILD";

/// Wakes a thread that sleeps in `park`. A hand-made executor needs no more.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor.
fn run_by_hand<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Runs as a worker does: parks in a reactor of its own, and never in `block_on`.
fn run_as_worker<T>(future: impl Future<Output = T>) -> T {
    let reactor = Reactor::new();
    let _entered = leno_reactor::enter(reactor.clone());
    let mut parker = Parker::new(reactor.clone());
    let unparker = parker.unparker();
    let waker = Waker::from(Arc::new(Call(move || unparker.unpark())));
    let mut future = pin!(future);
    let output = loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => break output,
            Poll::Pending => {
                parker.park(None);
            }
        }
        parker.leave();
    };
    reactor.retire();
    output
}

/// A waker that calls a function.
struct Call<F>(F);

impl<F: Fn() + Send + Sync> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Sockets of every kind, and timers.
async fn a_bit_of_everything() -> io::Result<()> {
    let start = Instant::now();
    Timer::after(Duration::from_millis(2)).await;
    assert!(start.elapsed() >= Duration::from_millis(2));
    let ticks = Timer::interval(Duration::from_micros(300)).take(3).count();
    assert_eq!(ticks.await, 3);

    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    let address = listener.get_ref().local_addr()?;
    let (client, server) =
        future::try_zip(Async::<TcpStream>::connect(address), listener.accept()).await?;
    echo(client, server.0, 20).await?;

    let (one, other) = Async::<UnixStream>::pair()?;
    echo(one, other, 20).await?;

    let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    let peer = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    let mut buffer = [0; 8];
    let send = async {
        Timer::after(Duration::from_millis(1)).await;
        peer.send_to(b"ping", socket.get_ref().local_addr()?).await
    };
    let (received, _) = future::try_zip(socket.recv(&mut buffer), send).await?;
    assert_eq!(received, 4);
    Ok(())
}

/// Round trips, some with a rest on the way, so that both sides have to wait.
async fn echo<S>(mut client: Async<S>, mut server: Async<S>, rounds: u32) -> io::Result<()>
where
    Async<S>: futures_lite::AsyncRead + futures_lite::AsyncWrite + Unpin,
{
    let ask = async {
        for i in 0..rounds {
            client.write_all(&i.to_ne_bytes()).await?;
            let mut answer = [0; 4];
            client.read_exact(&mut answer).await?;
            assert_eq!(u32::from_ne_bytes(answer), i + 1);
        }
        drop(client);
        io::Result::Ok(())
    };
    let answer = async {
        let mut request = [0; 4];
        while server.read(&mut request[..1]).await? == 1 {
            server.read_exact(&mut request[1..]).await?;
            let i = u32::from_ne_bytes(request);
            if i % 7 == 0 {
                Timer::after(Duration::from_micros(200)).await;
            }
            server.write_all(&(i + 1).to_ne_bytes()).await?;
        }
        io::Result::Ok(())
    };
    let (asked, answered) = future::zip(ask, answer).await;
    asked.and(answered)
}

#[test]
fn under_futures_lite() {
    within_limit(|| future::block_on(a_bit_of_everything()).unwrap());
}

#[test]
fn under_the_smallest_executor() {
    within_limit(|| run_by_hand(a_bit_of_everything()).unwrap());
}

#[test]
fn on_many_threads_of_every_sort() {
    within_limit(|| {
        std::thread::scope(|scope| {
            for i in 0..12 {
                scope.spawn(move || {
                    for _ in 0..30 {
                        match i % 4 {
                            0 => future::block_on(a_bit_of_everything()).unwrap(),
                            1 => run_by_hand(a_bit_of_everything()).unwrap(),
                            2 => block_on(a_bit_of_everything()).unwrap(),
                            _ => run_as_worker(a_bit_of_everything()).unwrap(),
                        }
                    }
                });
            }
        });
    });
}

#[test]
fn eight_threads_in_block_on_share_the_guest_reactor() {
    const ROUNDS: u32 = 3000;
    within_limit(|| {
        let (done, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for i in 0..4 {
                let (client, server) = Async::<UnixStream>::pair().unwrap();
                let (done, sum) = (&done, &sum);
                // Each side on a thread of its own, in a `block_on` a round: seat and bench change all the time.
                scope.spawn(move || {
                    let mut client = client;
                    for n in 0..ROUNDS {
                        block_on(async {
                            client.write_all(&n.to_ne_bytes()).await?;
                            let mut answer = [0; 4];
                            client.read_exact(&mut answer).await?;
                            sum.fetch_add(u32::from_ne_bytes(answer) as usize, Ordering::Relaxed);
                            io::Result::Ok(())
                        })
                        .unwrap();
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                });
                scope.spawn(move || {
                    let mut server = server;
                    for n in 0..ROUNDS {
                        block_on(async {
                            let mut request = [0; 4];
                            server.read_exact(&mut request).await?;
                            if (n + i) % 50 == 0 {
                                Timer::after(Duration::from_micros(100)).await;
                            }
                            server.write_all(&request).await
                        })
                        .unwrap();
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(done.into_inner(), 8);
        let once = (ROUNDS * (ROUNDS - 1) / 2) as usize;
        assert_eq!(sum.into_inner(), 4 * once);
    });
}

#[test]
fn eight_threads_with_timers_only() {
    // Without a socket there is nothing to poll, and all keep the time by themselves.
    in_child("eight_threads_with_timers_only", || {
        std::thread::scope(|scope| {
            for i in 0..8_u64 {
                scope.spawn(move || {
                    for n in 0..500 {
                        let timer = Timer::after(Duration::from_micros((n * 37 + i * 101) % 700));
                        if i < 6 {
                            block_on(timer);
                        } else {
                            run_by_hand(timer);
                        }
                    }
                });
            }
        });
    });
}

/// Polls once on this thread; whoever is woken later says so.
fn poll_and_leave(future: &mut (impl Future + Unpin), woken: mpsc::Sender<()>) {
    let waker = Waker::from(Arc::new(Call(move || {
        // Nobody listens any more if the test has failed.
        let _ = woken.send(());
    })));
    assert!(
        pin!(future)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
}

#[test]
fn what_block_on_leaves_behind_is_attended_to() {
    in_child("what_block_on_leaves_behind_is_attended_to", || {
        let (woken, wakeups) = mpsc::channel();
        let mut timer = Timer::after(Duration::from_millis(20));
        let (one, other) = Async::<UnixStream>::pair().unwrap();
        let mut readable = one.readable();
        block_on(async {
            poll_and_leave(&mut timer, woken.clone());
            poll_and_leave(&mut readable, woken.clone());
        });
        // This thread now waits without leno's help.
        wakeups.recv().unwrap();
        rustix::io::write(&other, b"x").unwrap();
        wakeups.recv().unwrap();
        run_by_hand(timer);
        run_by_hand(readable).unwrap();
    });
}

#[test]
fn what_was_left_behind_beside_another_block_on_is_attended_to_when_that_ends() {
    in_child(
        "what_was_left_behind_beside_another_block_on_is_attended_to_when_that_ends",
        || {
            for _ in 0..50 {
                let (woken, wakeups) = mpsc::channel();
                let barrier = Barrier::new(2);
                std::thread::scope(|scope| {
                    let (barrier, woken) = (&barrier, &woken);
                    scope.spawn(move || {
                        barrier.wait();
                        block_on(Timer::after(Duration::from_millis(1)));
                    });
                    barrier.wait();
                    let mut timer = Timer::after(Duration::from_millis(50));
                    block_on(async {
                        poll_and_leave(&mut timer, woken.clone());
                        Timer::after(Duration::from_micros(900)).await;
                    });
                    wakeups.recv().unwrap();
                });
            }
        },
    );
}

#[test]
fn a_socket_of_the_guests_can_be_awaited_by_a_worker() {
    // It stays registered where it was for a while, and there nobody sits any more.
    in_child("a_socket_of_the_guests_can_be_awaited_by_a_worker", || {
        for _ in 0..3 {
            let (mut one, mut other) = Async::<UnixStream>::pair().unwrap();
            block_on(async {
                future::zip(one.readable(), other.write_all(b"x")).await.1?;
                one.read_exact(&mut [0]).await
            })
            .unwrap();
            let worker = std::thread::spawn(move || {
                run_as_worker(async {
                    for _ in 0..40 {
                        one.read_exact(&mut [0]).await?;
                        one.write_all(b"y").await?;
                    }
                    io::Result::Ok(())
                })
                .unwrap();
            });
            let mut peer = other.into_inner().unwrap();
            peer.set_nonblocking(false).unwrap();
            for _ in 0..40 {
                std::thread::sleep(Duration::from_millis(1));
                io::Write::write_all(&mut peer, b"x").unwrap();
                io::Read::read_exact(&mut peer, &mut [0]).unwrap();
            }
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_timer_of_the_guests_can_be_awaited_anywhere() {
    in_child("a_timer_of_the_guests_can_be_awaited_anywhere", || {
        let timer = || {
            let mut timer = Timer::after(Duration::from_millis(30));
            block_on(future::poll_once(&mut timer));
            timer
        };
        run_as_worker(timer());
        run_by_hand(timer());
        // The thread that polled it first does not come back to it.
        let (send, receive) = mpsc::channel();
        let other = std::thread::spawn(move || run_by_hand(receive.recv().unwrap()));
        block_on(async {
            let mut timer = Timer::after(Duration::from_millis(30));
            future::poll_once(&mut timer).await;
            send.send(timer).unwrap();
            other.join().unwrap();
        });
    });
}

#[test]
fn a_nearer_deadline_reaches_a_thread_that_sleeps_until_a_far_one() {
    in_child(
        "a_nearer_deadline_reaches_a_thread_that_sleeps_until_a_far_one",
        || {
            // First without anything to poll, then with.
            for round in 0..2 {
                let _socket =
                    (round == 1).then(|| Async::new(UnixStream::pair().unwrap().0).unwrap());
                let (stop, stopped) = mpsc::channel();
                let far = std::thread::spawn(move || {
                    let mut far = Timer::after(Duration::from_secs(3600));
                    poll_and_leave(&mut far, stop);
                    far
                });
                let mut far = far.join().unwrap();
                for _ in 0..100 {
                    run_by_hand(Timer::after(Duration::from_micros(500)));
                    block_on(Timer::after(Duration::from_micros(500)));
                    // While another one is awake that will not sleep again.
                    block_on(async {
                        Timer::after(Duration::from_micros(200)).await;
                        std::thread::spawn(|| run_by_hand(Timer::after(Duration::from_millis(1))))
                            .join()
                            .unwrap();
                    });
                }
                far.set_after(Duration::from_millis(1));
                stopped.recv().unwrap();
            }
        },
    );
}

/// Runs `case` in a process of its own, with one thread but for those of the case.
fn in_child(name: &str, case: impl FnOnce() + Send + 'static) {
    if std::env::var_os(IN_CHILD).is_some() {
        return case();
    }
    let name = name.to_owned();
    within_limit(move || {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture", "--test-threads=1"])
            .env(IN_CHILD, "1")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // Killed before the parent's limit is over, so that nothing stays.
        let end = Instant::now() + Duration::from_secs(50);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{}\n{out}{err}", output.status);
        // It has run the case, not filtered it away.
        assert!(out.contains("1 passed"), "{out}");
    });
}

#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[cfg(target_os = "linux")]
#[test]
fn block_on_alone_starts_no_thread() {
    in_child("block_on_alone_starts_no_thread", || {
        let before = threads();
        block_on(async {
            a_bit_of_everything().await?;
            assert_eq!(threads(), before);
            io::Result::Ok(())
        })
        .unwrap();
        // Polled once and dropped, with the future and before it: nothing is left behind.
        block_on(future::poll_once(Timer::after(Duration::from_secs(9))));
        let (socket, _peer) = Async::<UnixStream>::pair().unwrap();
        block_on(future::poll_once(async {
            socket.readable().await.unwrap()
        }));
        block_on(async { block_on(async {}) });
        assert_eq!(threads(), before);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn other_executors_cost_one_thread() {
    in_child("other_executors_cost_one_thread", || {
        let before = threads();
        for _ in 0..3 {
            future::block_on(a_bit_of_everything()).unwrap();
            run_by_hand(a_bit_of_everything()).unwrap();
            assert_eq!(threads(), before + 1);
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_storm_of_signals_harms_nobody() {
    in_child("a_storm_of_signals_harms_nobody", || {
        let _storm = Storm::new();
        std::thread::scope(|scope| {
            for i in 0..6 {
                scope.spawn(move || {
                    for _ in 0..40 {
                        match i % 3 {
                            0 => block_on(a_bit_of_everything()).unwrap(),
                            1 => future::block_on(a_bit_of_everything()).unwrap(),
                            _ => run_as_worker(a_bit_of_everything()).unwrap(),
                        }
                    }
                });
            }
            // More than the sockets' buffers hold, so that reads and writes wait in the middle.
            scope.spawn(|| {
                let (mut one, mut other) = Async::<UnixStream>::pair().unwrap();
                let send = async {
                    one.write_all(&vec![5; 8 << 20]).await?;
                    drop(one);
                    io::Result::Ok(())
                };
                let mut all = Vec::new();
                let (sent, received) = block_on(future::zip(send, other.read_to_end(&mut all)));
                sent.unwrap();
                assert_eq!(received.unwrap(), 8 << 20);
            });
        });
        assert!(storm::signals() > 1000);
    });
}

/// For loops that are not leno's: the descriptor tells of what this thread waits for, and stays the same.
#[cfg(target_os = "linux")]
#[test]
fn the_descriptor_of_the_reactor_can_be_waited_on() {
    use rustix::event::{PollFd, PollFlags, Timespec};
    use std::os::fd::AsRawFd;

    let descriptor = leno_reactor::os::unix::reactor_fd().expect("epoll has a descriptor");
    let again = leno_reactor::os::unix::reactor_fd().unwrap();
    assert_eq!(descriptor.as_raw_fd(), again.as_raw_fd());

    let mut descriptors = [PollFd::new(&descriptor, PollFlags::IN)];
    let polled = rustix::event::poll(&mut descriptors, Some(&Timespec::default()));
    assert!(polled.is_ok());
    assert!(
        !descriptors[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::NVAL)
    );
}
