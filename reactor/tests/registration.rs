//! What happens to a handle while it is registered: sharing, moving, dropping, being replaced.
#![cfg(unix)]

mod watchdog;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt, FutureExt, future};
use leno_reactor::{Async, Batch, Parker, Reactor, Timer, block_on, enter};
use watchdog::{everywhere, within_limit};

/// Long enough for a local event to arrive and be noted.
async fn pause() {
    Timer::after(Duration::from_millis(3)).await;
}

fn unix_pair() -> io::Result<(Async<UnixStream>, UnixStream)> {
    let (one, peer) = UnixStream::pair()?;
    Ok((Async::try_from(one)?, peer))
}

/// Counts wake-ups. Written by whoever wakes, read by the test.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// Several handles, several tasks.

#[test]
fn clones_of_one_socket_are_handles_of_their_own() {
    everywhere(|| async {
        let (one, mut peer) = unix_pair()?;
        let other = Async::try_from(one.get_ref().try_clone()?)?;
        let received = Cell::new(0);
        let reader = |stream: Async<UnixStream>| {
            let received = &received;
            async move {
                let (mut stream, mut buffer) = (stream, [0; 10]);
                loop {
                    match stream.read(&mut buffer).await? {
                        0 => return io::Result::Ok(()),
                        n => received.set(received.get() + n),
                    }
                }
            }
        };
        let (first, second) = (reader(one), reader(other));
        let send = async {
            for i in 0..200 {
                peer.write_all(&[1; 25])?;
                if i % 10 == 0 {
                    pause().await;
                }
            }
            drop(peer);
            io::Result::Ok(())
        };
        let ((a, b), sent) = future::zip(future::zip(first, second), send).await;
        a.and(b).and(sent)?;
        assert_eq!(received.get(), 200 * 25);
        Ok(())
    });
}

#[test]
fn dropping_a_clone_leaves_the_other_registered() {
    everywhere(|| async {
        let (one, mut peer) = unix_pair()?;
        for _ in 0..50 {
            let mut other = Async::try_from(one.get_ref().try_clone()?)?;
            assert!(future::poll_once(one.readable()).await.is_none());
            assert!(future::poll_once(other.read(&mut [0])).await.is_none());
            drop(other);
            let send = async {
                future::yield_now().await;
                peer.write_all(b"x")
            };
            let (readable, sent) = future::zip(one.readable(), send).await;
            readable.and(sent)?;
            one.get_ref().read_exact(&mut [0])?;
        }
        Ok(())
    });
}

#[test]
fn the_task_that_polled_last_is_woken() {
    everywhere(|| async {
        let (stream, mut peer) = unix_pair()?;
        let polls: [fn(&Async<UnixStream>, &mut Context<'_>) -> bool; 2] = [
            |stream, cx| stream.poll_readable(cx).is_pending(),
            |mut stream, cx| Pin::new(&mut stream).poll_read(cx, &mut [0]).is_pending(),
        ];
        for poll in polls {
            let tasks: Vec<_> = (0..5).map(|_| Count::new()).collect();
            for (_, waker) in tasks.iter().chain(&tasks[..2]) {
                assert!(poll(&stream, &mut Context::from_waker(waker)));
            }
            pause().await;
            let before: Vec<_> = tasks.iter().map(|(count, _)| count.get()).collect();
            assert_eq!(
                before.iter().sum::<usize>(),
                0,
                "a task that is replaced is not woken"
            );
            peer.write_all(b"x")?;
            while tasks[1].0.get() == 0 {
                pause().await;
            }
            assert_eq!(tasks.iter().map(|(count, _)| count.get()).sum::<usize>(), 1);
            assert!(!poll(&stream, &mut Context::from_waker(&tasks[1].1)));
            // One of the ways took the byte, the other did not.
            let _ = stream.get_ref().read(&mut [0; 8]);
        }
        Ok(())
    });
}

#[test]
fn a_closure_that_panics_keeps_the_readiness_for_others() {
    everywhere(|| async {
        for waits_first in [false, true] {
            let (stream, mut peer) = unix_pair()?;
            if waits_first {
                assert!(future::poll_once(stream.readable()).await.is_none());
            }
            // Both wait, and one of them panics at the event.
            let mut bad = Box::pin(AssertUnwindSafe(stream.read_with(|io| {
                if rustix::io::ioctl_fionread(io)? > 0 {
                    panic!("on purpose");
                }
                io::Result::<usize>::Err(io::ErrorKind::WouldBlock.into())
            })));
            assert!(future::poll_once(&mut bad).await.is_none());
            let mut buffer = [0; 8];
            let mut good = Box::pin(stream.read_with(|mut io| io.read(&mut buffer)));
            assert!(future::poll_once(&mut good).await.is_none());
            peer.write_all(b"data")?;
            pause().await;
            let outcome = bad.catch_unwind().await;
            assert!(outcome.is_err(), "it has panicked");
            assert_eq!(good.await?, 4);
        }
        Ok(())
    });
}

#[test]
fn a_waker_that_panics_harms_no_other() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    everywhere(|| async {
        let (bad, mut bad_peer) = unix_pair()?;
        let (good, mut good_peer) = unix_pair()?;
        for _ in 0..5 {
            let waker = Waker::from(Arc::new(Bad));
            let mut cx = Context::from_waker(&waker);
            assert!(bad.poll_readable(&mut cx).is_pending());
            let mut timer = pin!(Timer::after(Duration::from_millis(1)));
            assert!(timer.as_mut().poll(&mut cx).is_pending());
            assert!(future::poll_once(good.readable()).await.is_none());
            bad_peer.write_all(b"x")?;
            good_peer.write_all(b"x")?;
            pause().await;
            good.readable().await?;
            timer.await;
            bad.get_ref().read_exact(&mut [0])?;
            good.get_ref().read_exact(&mut [0])?;
        }
        Ok(())
    });
}

// Moving.

/// One thread that polls a reactor all the time, as a worker would.
struct Home {
    reactor: Arc<Reactor>,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    unparker: leno_reactor::Unparker,
}

impl Home {
    fn new() -> Home {
        let reactor = Reactor::new();
        let mut parker = Parker::new(reactor.clone());
        let unparker = parker.unparker();
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::SeqCst) {
                parker.park(None);
                parker.leave();
            }
        });
        Home {
            reactor,
            over,
            thread: Some(thread),
            unparker,
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.unparker.unpark();
        self.thread.take().unwrap().join().unwrap();
        self.reactor.retire();
    }
}

/// Polls a future now here and now there: after each poll that was pending it goes on at the next place, `stay` polls at
/// each. With `None` it is polled as a guest.
fn wander<T>(homes: &[Option<Arc<Reactor>>], stay: usize, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut polls = 0;
    future::block_on(future::poll_fn(|cx| {
        let place = homes[polls / stay % homes.len()].clone();
        polls += 1;
        let _entered = place.map(enter);
        future.as_mut().poll(cx)
    }))
}

#[test]
fn a_socket_that_wanders_between_reactors_loses_no_byte() {
    within_limit(|| {
        let homes: Vec<_> = (0..3).map(|_| Home::new()).collect();
        let mut places: Vec<_> = homes
            .iter()
            .map(|home| Some(home.reactor.clone()))
            .collect();
        places.push(None);
        // One wait at each place never moves it, 16 just do, 40 leave it at home for a while.
        for stay in [1, 15, 16, 17, 40] {
            const MESSAGES: u32 = 600;
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().unwrap();
            let (mut client, mut server) = (
                Async::try_from(client).unwrap(),
                Async::try_from(server).unwrap(),
            );
            let (ours, mut theirs) = (places.clone(), places.clone());
            theirs.reverse();
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    wander(&ours, stay, async {
                        for n in 0..MESSAGES {
                            client.write_all(&n.to_ne_bytes()).await?;
                            let mut answer = [0; 4];
                            client.read_exact(&mut answer).await?;
                            assert_eq!(u32::from_ne_bytes(answer), n);
                        }
                        drop(client);
                        io::Result::Ok(())
                    })
                    .unwrap();
                });
                scope.spawn(move || {
                    wander(&theirs, stay, async {
                        let mut request = [0; 4];
                        for _ in 0..MESSAGES {
                            // Two waits for one message.
                            server.read_exact(&mut request[..2]).await?;
                            server.read_exact(&mut request[2..]).await?;
                            server.write_all(&request).await?;
                        }
                        assert_eq!(server.read(&mut request).await?, 0);
                        io::Result::Ok(())
                    })
                    .unwrap();
                });
            });
        }
    });
}

#[test]
fn reader_and_writer_of_one_socket_pull_it_to_and_fro() {
    within_limit(|| {
        const LENGTH: usize = 3 << 20;
        let homes: Vec<_> = (0..2).map(|_| Home::new()).collect();
        let places: Vec<_> = homes
            .iter()
            .map(|home| Some(home.reactor.clone()))
            .collect();
        let (one, peer) = unix_pair().unwrap();
        std::thread::scope(|scope| {
            let (one, places) = (&one, &places);
            // The peer sends everything back.
            scope.spawn(move || {
                let (mut peer, mut out) = (peer.try_clone().unwrap(), peer);
                let mut buffer = [0; 4096];
                loop {
                    match peer.read(&mut buffer).unwrap() {
                        0 => return,
                        n => out.write_all(&buffer[..n]).unwrap(),
                    }
                }
            });
            scope.spawn(move || {
                wander(&places[..1], 1, async {
                    let mut writer = one;
                    let data: Vec<u8> = (0..LENGTH).map(|i| (i % 251) as u8).collect();
                    for chunk in data.chunks(3001) {
                        writer.write_all(chunk).await.unwrap();
                    }
                    one.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
                });
            });
            wander(&places[1..], 1, async {
                let (mut reader, mut buffer, mut total) = (one, [0; 2048], 0);
                loop {
                    let n = reader.read(&mut buffer).await.unwrap();
                    if n == 0 {
                        break;
                    }
                    for (i, byte) in buffer[..n].iter().enumerate() {
                        assert_eq!(*byte, ((total + i) % 251) as u8);
                    }
                    total += n;
                }
                assert_eq!(total, LENGTH);
            });
        });
    });
}

#[test]
fn a_reactor_that_retires_sends_its_sockets_and_timers_away() {
    within_limit(|| {
        for _ in 0..20 {
            let home = Home::new();
            let (mut stream, mut peer) = unix_pair().unwrap();
            let mut timer = Timer::after(Duration::from_millis(20));
            {
                let _entered = enter(home.reactor.clone());
                let (_, waker) = Count::new();
                let mut cx = Context::from_waker(&waker);
                assert!(pin!(&mut timer).poll(&mut cx).is_pending());
                assert!(
                    Pin::new(&mut stream)
                        .poll_read(&mut cx, &mut [0])
                        .is_pending()
                );
            }
            let mut buffer = [0; 4];
            let both = future::zip(&mut timer, stream.read(&mut buffer));
            let mut both = pin!(both);
            let entered = enter(home.reactor.clone());
            assert!(block_on(future::poll_once(&mut both)).is_none());
            drop(entered);
            drop(home);
            peer.write_all(b"x").unwrap();
            let (_, read) = future::block_on(both);
            assert_eq!(read.unwrap(), 1);
        }
    });
}

// Ending.

#[test]
fn a_descriptor_number_that_is_used_again_gets_no_old_events() {
    within_limit(|| {
        let home = Home::new();
        let _entered = enter(home.reactor.clone());
        let mut reused = 0;
        for _ in 0..3000 {
            // Events for the first are on the way when it is closed.
            let (old, mut old_peer) = unix_pair().unwrap();
            let (old_count, old_waker) = Count::new();
            let mut cx = Context::from_waker(&old_waker);
            assert!(old.poll_readable(&mut cx).is_pending());
            let number = old.as_raw_fd();
            old_peer.write_all(b"x").unwrap();
            drop(old);

            let (new, mut new_peer) = unix_pair().unwrap();
            reused += usize::from(new.as_raw_fd() == number);
            let (new_count, new_waker) = Count::new();
            let mut cx = Context::from_waker(&new_waker);
            assert!(new.poll_readable(&mut cx).is_pending());
            drop(old_peer);
            assert!(new.poll_readable(&mut cx).is_pending());
            assert!(old_count.get() <= 1);
            assert_eq!(new_count.get(), 0, "an event of another handle");
            new_peer.write_all(b"y").unwrap();
            future::block_on(new.readable()).unwrap();
        }
        assert!(reused > 2000, "the numbers were to be used again");
    });
}

#[test]
fn handles_are_dropped_while_another_thread_polls() {
    within_limit(|| {
        let home = Home::new();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _entered = enter(home.reactor.clone());
                    for round in 0..1500 {
                        let (stream, mut peer) = unix_pair().unwrap();
                        let (_, waker) = Count::new();
                        let mut cx = Context::from_waker(&waker);
                        assert!(stream.poll_readable(&mut cx).is_pending());
                        match round % 3 {
                            0 => peer.write_all(b"x").unwrap(),
                            1 => drop(peer),
                            _ => {}
                        }
                        if round % 2 == 0 {
                            drop(stream);
                        } else {
                            // Given back, it is the plain socket it was.
                            let fd = OwnedFd::try_from(stream).unwrap();
                            drop(UnixStream::from(fd));
                        }
                    }
                });
            }
            // And somebody who looks in from outside, as a sentry does.
            let mut batch = Batch::new();
            for _ in 0..3000 {
                home.reactor.turn(&mut batch);
                std::thread::yield_now();
            }
        });
    });
}

#[test]
fn a_handle_given_back_can_be_registered_again() {
    everywhere(|| async {
        let (mut stream, mut peer) = unix_pair()?;
        for round in 0..100 {
            assert!(future::poll_once(stream.read(&mut [0])).await.is_none());
            let plain = stream.into_inner()?;
            if round % 2 == 0 {
                peer.write_all(b"x")?;
            }
            stream = Async::try_from(plain)?;
            let send = async {
                if round % 2 != 0 {
                    future::yield_now().await;
                    peer.write_all(b"x")?;
                }
                io::Result::Ok(())
            };
            let mut buffer = [0; 4];
            let (read, sent) = future::zip(stream.read(&mut buffer), send).await;
            sent?;
            assert_eq!(read?, 1);
        }
        Ok(())
    });
}

#[test]
fn a_handle_belongs_to_one_async() -> io::Result<()> {
    let second_of = |listener: &Async<TcpListener>| Async::new(listener.get_ref()).map(drop);

    // One that has not had to wait, so that no reactor knows it yet.
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    let refusal = second_of(&listener).unwrap_err();
    assert_eq!(refusal.kind(), io::ErrorKind::AlreadyExists);
    // The refused one has taken nothing away.
    assert!(second_of(&listener).is_err());

    let plain = listener.into_inner()?;
    drop(Async::new(&plain)?);
    drop(Async::new(&plain)?);

    // What can't be polled is not had by anybody either.
    #[cfg(target_os = "linux")]
    for _ in 0..2 {
        let file = std::fs::File::open("/proc/self/exe")?;
        assert_eq!(
            Async::new(&file).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }
    Ok(())
}
