//! Readiness is neither lost nor made up: every wait ends when there is something to do, and only then.
#![cfg(unix)]

mod watchdog;

use std::cell::Cell;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use leno_reactor::{Async, IoSafe, Timer};
use watchdog::{everywhere, within_limit};

/// Long enough for a local event to arrive and be noted.
async fn pause() {
    Timer::after(Duration::from_millis(3)).await;
}

fn would_block<T>(result: io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Counts how often a future is polled.
async fn counted<T>(polls: &Cell<usize>, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    future::poll_fn(|cx| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(cx)
    })
    .await
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

fn tcp_pair() -> io::Result<(Async<TcpStream>, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    peer.set_nodelay(true)?;
    Ok((Async::try_from(listener.accept()?.0)?, peer))
}

fn unix_pair() -> io::Result<(Async<UnixStream>, UnixStream)> {
    let (one, peer) = UnixStream::pair()?;
    Ok((Async::try_from(one)?, peer))
}

// Reading behind leno's back.

#[test]
fn readable_stays_true_until_everything_is_read() {
    everywhere(|| async {
        let (stream, mut peer) = unix_pair()?;
        peer.write_all(b"hello")?;
        let mut byte = [0];
        for expected in b"hello" {
            stream.readable().await?;
            stream.readable().await?;
            stream.get_ref().read_exact(&mut byte)?;
            assert_eq!(byte[0], *expected);
        }
        assert!(future::poll_once(stream.readable()).await.is_none());
        assert!(would_block(stream.get_ref().read(&mut byte)));
        peer.write_all(b"!")?;
        stream.readable().await?;
        Ok(())
    });
}

#[test]
fn readable_waits_again_after_its_data_was_taken_behind_its_back() {
    everywhere(|| async {
        let (stream, mut peer) = tcp_pair()?;
        for round in 0..50_u32 {
            let polls = Cell::new(0);
            let send = async {
                pause().await;
                peer.write_all(&round.to_ne_bytes())?;
                // The reader may have seen the event; what it saw is taken away here.
                if round % 2 == 0 {
                    pause().await;
                }
                io::Result::Ok(())
            };
            let receive = async {
                stream.readable().await?;
                let mut data = [0; 4];
                stream.get_ref().read_exact(&mut data)?;
                assert_eq!(data, round.to_ne_bytes());
                assert!(future::poll_once(stream.readable()).await.is_none());
                io::Result::Ok(())
            };
            let (received, sent) = future::zip(counted(&polls, receive), send).await;
            received.and(sent)?;
            // Each timer of the other half polls this one too: an executor with one task has one waker.
            assert!(polls.get() < 20, "{} polls", polls.get());
        }
        Ok(())
    });
}

#[test]
fn every_mixture_of_ways_to_read() {
    // Six ways to take some bytes, in every order of three, with data that comes before or after the wait.
    everywhere(|| async {
        for order in 0..6 * 6 * 6 {
            let (mut stream, mut peer) = unix_pair()?;
            let mut left = 0;
            for way in [order % 6, order / 6 % 6, order / 36] {
                let before = order % 2 == 0;
                if left == 0 && before {
                    peer.write_all(&[0; 4])?;
                }
                let late = left == 0 && !before;
                if left == 0 {
                    left = 4;
                }
                let send = async {
                    if late {
                        future::yield_now().await;
                        peer.write_all(&[0; 4])?;
                    }
                    io::Result::Ok(())
                };
                let take = async {
                    let mut buffer = [0; 4];
                    match way {
                        // A part, and everything with room to spare, through `AsyncRead`.
                        0 => stream.read(&mut buffer[..1]).await,
                        1 => stream.read(&mut [0; 16]).await,
                        // The same behind its back.
                        2 => {
                            stream.readable().await?;
                            stream.get_ref().read(&mut buffer[..1])
                        }
                        3 => {
                            stream.readable().await?;
                            let n = stream.get_ref().read(&mut [0; 16])?;
                            assert!(would_block(stream.get_ref().read(&mut buffer)));
                            Ok(n)
                        }
                        // With a closure, and without taking anything before.
                        4 => stream.read_with(|mut io| io.read(&mut buffer[..1])).await,
                        _ => {
                            future::poll_fn(|cx| stream.poll_readable(cx)).await?;
                            future::poll_fn(|cx| stream.poll_readable(cx)).await?;
                            stream.read_with(|mut io| io.read(&mut buffer)).await
                        }
                    }
                };
                let (taken, sent) = future::zip(take, send).await;
                sent?;
                left -= taken?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_wait_for_nothing_is_polled_once() {
    everywhere(|| async {
        let (mut stream, _peer) = tcp_pair()?;
        let (readable, reading, with) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let nothing = |n: usize| async move {
            for _ in 0..n {
                Timer::after(Duration::from_millis(1)).await;
            }
        };
        // Under a waker of its own each, so that the others' wake-ups don't count.
        let (count, waker) = Count::new();
        let mut cx = Context::from_waker(&waker);
        {
            let mut waits = pin!(counted(&readable, stream.readable()));
            assert!(waits.as_mut().poll(&mut cx).is_pending());
            let mut waits = pin!(counted(
                &with,
                stream.read_with(|mut io| io.read(&mut [0; 4]))
            ));
            assert!(waits.as_mut().poll(&mut cx).is_pending());
            nothing(10).await;
        }
        let mut buffer = [0; 4];
        let mut waits = pin!(counted(&reading, stream.read(&mut buffer)));
        assert!(waits.as_mut().poll(&mut cx).is_pending());
        nothing(10).await;
        // The first report says "writable", which is not what they wait for; one that wakes for it is still no spin.
        assert!(count.get() <= 3, "{} wake-ups", count.get());
        Ok(())
    });
}

#[test]
fn a_loop_that_reads_to_the_last_byte_makes_few_tries() {
    everywhere(|| async {
        const ROUNDS: usize = 100;
        let (stream, mut peer) = unix_pair()?;
        let tries = Cell::new(0);
        let read = async {
            let (mut left, mut buffer) = (ROUNDS * 10, [0; 64]);
            while left > 0 {
                left -= stream
                    .read_with(|mut io| {
                        tries.set(tries.get() + 1);
                        io.read(&mut buffer)
                    })
                    .await?;
            }
            io::Result::Ok(())
        };
        let send = async {
            for _ in 0..ROUNDS {
                Timer::after(Duration::from_micros(100)).await;
                peer.write_all(&[1; 10])?;
            }
            io::Result::Ok(())
        };
        let (read, sent) = future::zip(read, send).await;
        read.and(sent)?;
        // One that succeeds and one that waits; without edges one more for each poll of the task, which the sender's
        // timers wake too.
        assert!(tries.get() <= 4 * ROUNDS + 4, "{} tries", tries.get());
        Ok(())
    });
}

// Writing.

#[test]
fn a_writer_waits_while_the_socket_is_full_and_goes_on_when_it_is_drained() {
    everywhere(|| async {
        for behind in [false, true] {
            let (mut stream, mut peer) = unix_pair()?;
            for _ in 0..3 {
                // Full: by what we write, or by what is written behind our back.
                let mut filled = 0;
                loop {
                    let n = if behind {
                        match stream.get_ref().write(&[0; 5000]) {
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                            result => result?,
                        }
                    } else {
                        match future::poll_once(stream.write(&[0; 5000])).await {
                            None => break,
                            Some(result) => result?,
                        }
                    };
                    filled += n;
                }
                assert!(future::poll_once(stream.writable()).await.is_none());
                let (count, waker) = Count::new();
                let mut cx = Context::from_waker(&waker);
                assert!(stream.poll_writable(&mut cx).is_pending());
                pause().await;
                // Without edges a task that waits may be woken to look again; it must not be woken all the time.
                assert!(count.get() <= 1, "{} wake-ups", count.get());

                let drain = async {
                    pause().await;
                    peer.read_exact(&mut vec![0; filled])
                };
                let (wrote, drained) = future::zip(stream.write(b"more"), drain).await;
                drained?;
                assert_eq!(wrote?, 4);
                stream.writable().await?;
                future::poll_fn(|cx| stream.poll_writable(cx)).await?;
                peer.read_exact(&mut [0; 4])?;
            }
        }
        Ok(())
    });
}

#[test]
fn short_writes_lose_nothing() {
    fn transfer<S>(mut stream: Async<S>, mut peer: S) -> impl Future<Output = io::Result<()>>
    where
        S: Read + Send + 'static,
        Async<S>: AsyncWrite + Unpin,
    {
        const LENGTH: usize = 6 << 20;
        async move {
            let reader = std::thread::spawn(move || {
                let (mut total, mut buffer) = (0, vec![0; 99_991]);
                loop {
                    let n = peer.read(&mut buffer)?;
                    if n == 0 {
                        return io::Result::Ok(total);
                    }
                    for (i, byte) in buffer[..n].iter().enumerate() {
                        assert_eq!(*byte, ((total + i) % 251) as u8);
                    }
                    total += n;
                }
            });
            let data: Vec<u8> = (0..LENGTH).map(|i| (i % 251) as u8).collect();
            let mut short = 0;
            let mut rest = &data[..];
            while !rest.is_empty() {
                let n = stream.write(rest).await?;
                short += usize::from(n < rest.len());
                rest = &rest[n..];
            }
            assert!(short > 0, "the writes were to be short");
            drop(stream);
            assert_eq!(reader.join().unwrap()?, LENGTH);
            Ok(())
        }
    }
    everywhere(|| async {
        let (stream, peer) = tcp_pair()?;
        transfer(stream, peer).await?;
        let (stream, peer) = unix_pair()?;
        transfer(stream, peer).await
    });
}

// Handles that are no sockets.

/// Reads through a buffer, so a read comes short although more is there.
struct Buffered(BufReader<TcpStream>);

impl AsFd for Buffered {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

impl Read for Buffered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

// SAFETY: the descriptor stays the same as long as the value lives.
unsafe impl IoSafe for Buffered {}

#[test]
fn a_buffering_reader_comes_short_without_being_drained() {
    everywhere(|| async {
        let (stream, mut peer) = tcp_pair()?;
        let reader = BufReader::with_capacity(7, stream.into_inner()?);
        let mut stream = Async::new(Buffered(reader))?;
        for see_the_event_first in [false, true] {
            let send = async {
                pause().await;
                peer.write_all(b"a line that is longer than the buffer")
            };
            let receive = async {
                if see_the_event_first {
                    stream.readable().await?;
                }
                let mut buffer = [0; 37];
                let mut received = 0;
                while received < buffer.len() {
                    // Five of seven, then two: short, with more to come.
                    let end = buffer.len().min(received + 5);
                    received += stream.read(&mut buffer[received..end]).await?;
                }
                assert_eq!(&buffer, b"a line that is longer than the buffer");
                io::Result::Ok(())
            };
            let (received, sent) = future::zip(receive, send).await;
            received.and(sent)?;
        }
        peer.shutdown(Shutdown::Write)?;
        assert_eq!(stream.read(&mut [0; 64]).await?, 0);
        Ok(())
    });
}

/// A descriptor of any kind, read and written as it is.
struct Raw(OwnedFd);

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.0, buf)?)
    }
}

impl Write for Raw {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.0, buf)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// SAFETY: the descriptor stays the same as long as the value lives.
unsafe impl IoSafe for Raw {}

#[test]
fn pipes() {
    everywhere(|| async {
        let (read, write) = rustix::pipe::pipe()?;
        let (mut read, mut write) = (Async::new(Raw(read))?, Async::new(Raw(write))?);
        let data: Vec<u8> = (0..1 << 20).map(|i| i as u8).collect();
        let send = async {
            pause().await;
            write.write_all(&data).await?;
            drop(write);
            io::Result::Ok(())
        };
        let mut received = Vec::new();
        let (got, sent) = future::zip(read.read_to_end(&mut received), send).await;
        sent?;
        assert_eq!(got?, data.len());
        assert_eq!(received, data);

        // Packets come one by one, short each time.
        #[cfg(target_os = "linux")]
        {
            let flags = rustix::pipe::PipeFlags::DIRECT | rustix::pipe::PipeFlags::NONBLOCK;
            let (read, write) = rustix::pipe::pipe_with(flags)?;
            let mut read = Async::new(Raw(read))?;
            for packet in [&b"one"[..], b"three", b"seven"] {
                rustix::io::write(&write, packet)?;
            }
            let mut buffer = [0; 64];
            for length in [3, 5, 5] {
                assert_eq!(read.read(&mut buffer).await?, length);
            }
            assert!(future::poll_once(read.read(&mut buffer)).await.is_none());
        }

        // The reader goes while the writer waits.
        let (read, write) = rustix::pipe::pipe()?;
        let mut write = Async::new(Raw(write))?;
        let leave = async {
            pause().await;
            drop(read);
        };
        let (wrote, ()) = future::zip(write.write_all(&data), leave).await;
        assert_eq!(wrote.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn event_counters_and_timers_and_watches() {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::fs::inotify;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    everywhere(|| async {
        let counter = eventfd(0, EventfdFlags::SEMAPHORE)?;
        let mut counter = Async::new(Raw(counter))?;
        let mut value = [0; 8];
        let add = |n: u64| rustix::io::write(counter.get_ref(), &n.to_ne_bytes());
        add(3)?;
        for _ in 0..3 {
            assert_eq!(counter.read(&mut value).await?, 8);
            assert_eq!(u64::from_ne_bytes(value), 1);
        }
        assert!(future::poll_once(counter.read(&mut value)).await.is_none());
        let writer = counter.get_ref().0.try_clone()?;
        let add = async {
            pause().await;
            rustix::io::write(&writer, &1_u64.to_ne_bytes())
        };
        // With room to spare: an event counter gives eight bytes, never more.
        let mut room = [0; 64];
        let (read, added) = future::zip(counter.read(&mut room), add).await;
        assert_eq!((read?, added?), (8, 8));

        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::empty())?;
        let tick = Timespec {
            tv_sec: 0,
            tv_nsec: 500_000,
        };
        let every = Itimerspec {
            it_interval: tick,
            it_value: tick,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &every)?;
        let mut timer = Async::new(Raw(timer))?;
        let mut ticks = 0;
        while ticks < 20 {
            assert_eq!(timer.read(&mut room).await?, 8);
            ticks += u64::from_ne_bytes(room[..8].try_into().unwrap());
        }

        let directory = std::env::temp_dir().join(format!(
            "leno-watch-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::create_dir(&directory)?;
        let watch = inotify::init(inotify::CreateFlags::empty())?;
        inotify::add_watch(&watch, &directory, inotify::WatchFlags::CREATE)?;
        let mut watch = Async::new(Raw(watch))?;
        for name in ["one", "two"] {
            let create = async {
                pause().await;
                std::fs::write(directory.join(name), b"")
            };
            let mut event = [0; 512];
            let (read, created) = future::zip(watch.read(&mut event), create).await;
            created?;
            let event = String::from_utf8_lossy(&event[..read?]).into_owned();
            assert!(event.contains(name));
        }
        std::fs::remove_dir_all(&directory)
    });
}

#[cfg(target_os = "linux")]
#[test]
fn terminals() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    everywhere(|| async {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&main)?;
        unlockpt(&main)?;
        let name = ptsname(&main, Vec::new())?;
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let line = rustix::fs::open(&name, flags, rustix::fs::Mode::empty())?;
        let (mut main, mut line) = (Async::new(Raw(main))?, Async::new(Raw(line))?);
        // A terminal gives out one line a read, whatever room there is.
        let type_in = async {
            pause().await;
            main.write_all(b"one\ntwo\n").await?;
            pause().await;
            main.write_all(b"three\n").await
        };
        let read = async {
            let mut buffer = [0; 256];
            for expected in [&b"one\n"[..], b"two\n", b"three\n"] {
                let n = line.read(&mut buffer).await?;
                assert_eq!(&buffer[..n], expected);
            }
            io::Result::Ok(())
        };
        let (read, typed) = future::zip(read, type_in).await;
        read.and(typed)
    });
}

#[test]
fn what_cannot_be_waited_for_is_refused_and_says_why() {
    within_limit(|| {
        for path in [std::env::current_exe().unwrap(), std::env::temp_dir()] {
            let error = Async::new(std::fs::File::open(path).unwrap()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            let text = error.to_string();
            assert!(
                text.contains("regular file") && text.contains("unblock"),
                "{text}"
            );
        }
    });
}
