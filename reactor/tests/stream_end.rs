//! The end of a stream is seen, however it arrives: with the last data, after it, or instead of it.
//!
//! An edge-triggered poller reports data and the end that came with it once. Whoever takes a short read for "drained"
//! and waits for the next report would wait for ever.
#![cfg(unix)]

mod watchdog;

use std::cell::Cell;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use leno_reactor::{Async, IoSafe, Timer};
use watchdog::everywhere;

/// The stream sockets, as far as these tests use them.
trait Socket: Read + Write + IoSafe + AsFd + Sized + Send + Sync + 'static {
    /// Two ends. The second one blocks its thread.
    fn pair() -> io::Result<(Async<Self>, Self)>;

    fn shut(&self, how: Shutdown) -> io::Result<()>;

    fn read_once(&self, buf: &mut [u8]) -> io::Result<usize>;

    fn write_once(&self, buf: &[u8]) -> io::Result<usize>;

    /// Sends `data` and the end of the stream so that the other side gets them in one piece, where that exists.
    fn write_last(self, data: &[u8]) -> io::Result<()>;

    /// Closes so that the other side sees a reset.
    fn reset(self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn pair() -> io::Result<(Async<TcpStream>, TcpStream)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let peer = TcpStream::connect(listener.local_addr()?)?;
        peer.set_nodelay(true)?;
        Ok((Async::try_from(listener.accept()?.0)?, peer))
    }

    fn shut(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn read_once(&self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn write_once(&self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_last(mut self, data: &[u8]) -> io::Result<()> {
        // While the socket is corked a small segment waits for more, and what comes is the FIN.
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_tcp_cork(&self, true)?;
        self.write_all(data)
    }

    fn reset(self) -> io::Result<()> {
        let now = Some(Duration::ZERO);
        Ok(rustix::net::sockopt::set_socket_linger(&self, now)?)
    }
}

impl Socket for UnixStream {
    fn pair() -> io::Result<(Async<UnixStream>, UnixStream)> {
        let (one, peer) = UnixStream::pair()?;
        Ok((Async::try_from(one)?, peer))
    }

    fn shut(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn read_once(&self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn write_once(&self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_last(mut self, data: &[u8]) -> io::Result<()> {
        self.write_all(data)
    }

    fn reset(self) -> io::Result<()> {
        Ok(()) // Closing with unread data does it; the tests see to that.
    }
}

/// Long enough for a local event to arrive and be noted.
async fn pause() {
    Timer::after(Duration::from_millis(3)).await;
}

async fn ends<S: Socket>(stream: &mut Async<S>) -> io::Result<()> {
    for _ in 0..3 {
        assert_eq!(stream.read(&mut [0; 64]).await?, 0, "the end stays the end");
    }
    Ok(())
}

async fn end_with_the_data<S: Socket>() -> io::Result<()> {
    for room in [5, 6, 4096, 1 << 20] {
        let (mut stream, peer) = S::pair()?;
        let mut buffer = vec![0; room];
        let send = async {
            pause().await;
            peer.write_last(b"hello")
        };
        let (read, sent) = future::zip(stream.read(&mut buffer), send).await;
        sent?;
        assert_eq!(&buffer[..read?], b"hello");
        ends(&mut stream).await?;
    }
    Ok(())
}

async fn end_before_the_first_read<S: Socket>() -> io::Result<()> {
    for wait_first in [false, true] {
        let (mut stream, peer) = S::pair()?;
        peer.write_last(b"hello")?;
        if wait_first {
            stream.readable().await?;
        }
        let mut buffer = [0; 64];
        assert_eq!(stream.read(&mut buffer).await?, 5);
        ends(&mut stream).await?;
    }
    Ok(())
}

async fn last_data_and_end_between_two_reads<S: Socket>() -> io::Result<()> {
    for see_the_event_first in [false, true] {
        let (mut stream, mut peer) = S::pair()?;
        let mut buffer = [0; 64];
        let send = async {
            pause().await;
            peer.write_all(b"one")
        };
        let (read, sent) = future::zip(stream.read(&mut buffer), send).await;
        sent?;
        assert_eq!(read?, 3);
        peer.write_last(b"two!")?;
        if see_the_event_first {
            pause().await;
        }
        assert_eq!(stream.read(&mut buffer).await?, 4);
        ends(&mut stream).await?;
    }
    Ok(())
}

async fn end_after_the_data_was_drained<S: Socket>() -> io::Result<()> {
    let (mut stream, mut peer) = S::pair()?;
    let mut buffer = [0; 64];
    peer.write_all(b"hello")?;
    stream.readable().await?;
    assert_eq!(stream.read(&mut buffer).await?, 5);
    let send = async {
        pause().await;
        drop(peer);
    };
    let (read, ()) = future::zip(stream.read(&mut buffer), send).await;
    assert_eq!(read?, 0);
    ends(&mut stream).await
}

async fn much_data_then_the_end<S: Socket>() -> io::Result<()> {
    const LENGTH: usize = 3 << 20;
    for room in [1000, 64 << 10, 8 << 20] {
        let (mut stream, mut peer) = S::pair()?;
        let writer = std::thread::spawn(move || {
            let data: Vec<u8> = (0..LENGTH).map(|i| i as u8).collect();
            for chunk in data.chunks(70_001) {
                peer.write_all(chunk)?;
            }
            peer.write_last(b"end")
        });
        let (mut buffer, mut received) = (vec![0; room], Vec::new());
        loop {
            let n = stream.read(&mut buffer).await?;
            if n == 0 {
                break;
            }
            received.extend_from_slice(&buffer[..n]);
        }
        writer.join().unwrap()?;
        assert_eq!(received.len(), LENGTH + 3);
        assert!(
            received[..LENGTH]
                .iter()
                .enumerate()
                .all(|(i, &b)| b == i as u8)
        );
        ends(&mut stream).await?;
    }
    Ok(())
}

async fn half_close_leaves_the_other_direction<S: Socket>() -> io::Result<()> {
    let (mut stream, mut peer) = S::pair()?;
    peer.write_all(b"request")?;
    peer.shut(Shutdown::Write)?;
    let mut request = String::new();
    stream.read_to_string(&mut request).await?;
    assert_eq!(request, "request");
    // More than fits into the sockets' buffers, so that writing has to wait beside an ended reading side.
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        peer.read_to_end(&mut all).map(|_| all.len())
    });
    let answer = vec![7; 8 << 20];
    stream.write_all(&answer).await?;
    ends(&mut stream).await?;
    stream.get_ref().shut(Shutdown::Write)?;
    assert_eq!(reader.join().unwrap()?, answer.len());
    Ok(())
}

async fn own_shutdown_ends_a_waiting_read<S: Socket>() -> io::Result<()> {
    for how in [Shutdown::Read, Shutdown::Both] {
        let (stream, _peer) = S::pair()?;
        let mut buffer = [0; 8];
        let shut = async {
            pause().await;
            stream.get_ref().shut(how)
        };
        let read = stream.read_with(|io| io.read_once(&mut buffer));
        let (read, shut) = future::zip(read, shut).await;
        shut?;
        assert_eq!(read?, 0);
    }
    Ok(())
}

async fn reset_ends_reader_and_writer<S: Socket>() -> io::Result<()> {
    let (stream, peer) = S::pair()?;
    let wrote = Cell::new(0);
    let write = async {
        let chunk = vec![1; 1 << 16];
        loop {
            match stream.write_with(|io| io.write_once(&chunk)).await {
                Ok(n) => wrote.set(wrote.get() + n),
                Err(error) => return error.kind(),
            }
        }
    };
    let read = async { stream.read_with(|io| io.read_once(&mut [0; 8])).await };
    let reset = async {
        // The peer never reads: the writer has to wait, and closing with unread data is a reset.
        while wrote.get() == 0 {
            pause().await;
        }
        pause().await;
        peer.reset()
    };
    let ((write, read), reset) = future::zip(future::zip(write, read), reset).await;
    reset?;
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    assert!(matches!(write, BrokenPipe | ConnectionReset), "{write:?}");
    match read {
        Ok(0) => {}
        Err(error) if error.kind() == ConnectionReset => {}
        other => panic!("{other:?}"),
    }
    Ok(())
}

/// Readers of every kind share one stream; every byte reaches one of them, and the end all of them.
async fn all_readers_see_the_end<S: Socket>() -> io::Result<()> {
    for round in 0..20 {
        let (stream, mut peer) = S::pair()?;
        let sum = Cell::new(0);
        let reader = |kind: usize| {
            let (stream, sum) = (&stream, &sum);
            async move {
                let mut buffer = vec![0; [3, 64, 1 << 14][kind % 3]];
                loop {
                    let n = if kind < 4 {
                        stream.read_with(|io| io.read_once(&mut buffer)).await?
                    } else {
                        stream.readable().await?;
                        match stream.get_ref().read_once(&mut buffer) {
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                            result => result?,
                        }
                    };
                    if n == 0 {
                        return io::Result::Ok(());
                    }
                    sum.set(sum.get() + n);
                }
            }
        };
        let readers = async {
            let pair = |i| future::zip(reader(i), reader(i + 1));
            let all = future::zip(future::zip(pair(0), pair(2)), future::zip(pair(4), pair(6)));
            let (((a, b), (c, d)), ((e, f), (g, h))) = all.await;
            for result in [a, b, c, d, e, f, g, h] {
                result?;
            }
            io::Result::Ok(())
        };
        let send = async {
            let mut sent = 0;
            for i in 0..round {
                peer.write_all(&vec![1; i * 31])?;
                sent += i * 31;
                if i % 3 == 0 {
                    future::yield_now().await;
                }
                if i % 5 == 0 {
                    pause().await;
                }
            }
            peer.write_last(b"last")?;
            io::Result::Ok(sent + 4)
        };
        let (read, sent) = future::zip(readers, send).await;
        read?;
        assert_eq!(sum.get(), sent?);
    }
    Ok(())
}

/// The same with `poll_read`, whose one waker slot is the last caller's, beside those who wait for themselves.
async fn a_polling_reader_and_others_see_the_end<S: Socket>() -> io::Result<()>
where
    for<'a> &'a S: Read,
{
    for _ in 0..20 {
        let (stream, mut peer) = S::pair()?;
        let sum = Cell::new(0);
        let polling = async {
            let (mut stream, mut buffer) = (&stream, [0; 16]);
            loop {
                match stream.read(&mut buffer).await? {
                    0 => return io::Result::Ok(()),
                    n => sum.set(sum.get() + n),
                }
            }
        };
        let waiting = || async {
            let mut buffer = [0; 64];
            loop {
                match stream.read_with(|io| io.read_once(&mut buffer)).await? {
                    0 => return io::Result::Ok(()),
                    n => sum.set(sum.get() + n),
                }
            }
        };
        let send = async {
            pause().await;
            for _ in 0..5 {
                peer.write_all(&[1; 100])?;
                future::yield_now().await;
            }
            peer.write_last(b"last")
        };
        let readers = future::zip(polling, future::zip(waiting(), waiting()));
        let ((a, (b, c)), sent) = future::zip(readers, send).await;
        a.and(b).and(c).and(sent)?;
        assert_eq!(sum.get(), 504);
    }
    Ok(())
}

/// Every reader on a thread of its own.
fn readers_on_threads_see_the_end<S: Socket>() {
    watchdog::within_limit(|| {
        for _ in 0..50 {
            let (stream, mut peer) = S::pair().unwrap();
            let sum = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for i in 0..4 {
                    let (stream, sum) = (&stream, &sum);
                    scope.spawn(move || {
                        let read = async {
                            let mut buffer = [0; 50];
                            loop {
                                match stream.read_with(|io| io.read_once(&mut buffer)).await? {
                                    0 => return io::Result::Ok(()),
                                    n => sum.fetch_add(n, Ordering::Relaxed),
                                };
                            }
                        };
                        if i % 2 == 0 {
                            leno_reactor::block_on(read).unwrap();
                        } else {
                            future::block_on(read).unwrap();
                        }
                    });
                }
                for _ in 0..10 {
                    peer.write_all(&[1; 77]).unwrap();
                    std::thread::yield_now();
                }
                peer.write_last(b"last").unwrap();
            });
            assert_eq!(sum.into_inner(), 774);
        }
    });
}

/// More slices than the OS takes in one call: what was left out is no sign of a drained or filled socket.
async fn more_slices_than_one_call_takes<S: Socket>() -> io::Result<()> {
    const SLICES: usize = 2500;
    let (mut stream, mut peer) = S::pair()?;
    // Registered before, so that only readiness lets it try.
    peer.write_all(b"?")?;
    stream.readable().await?;
    stream.read_exact(&mut [0]).await?;
    let data = [1; SLICES];

    let mut written = 0;
    while written < SLICES {
        let slices: Vec<_> = data[written..].chunks(1).map(IoSlice::new).collect();
        written += stream.write_vectored(&slices).await?;
    }
    peer.read_exact(&mut [0; SLICES])?;

    let send = async {
        pause().await;
        peer.write_all(&data)
    };
    let receive = async {
        let (mut data, mut received) = ([0; SLICES], 0);
        while received < SLICES {
            let mut slices: Vec<_> = data.chunks_mut(1).map(IoSliceMut::new).collect();
            received += stream.read_vectored(&mut slices).await?;
        }
        io::Result::Ok(())
    };
    let (received, sent) = future::zip(receive, send).await;
    received.and(sent)
}

macro_rules! on_both_kinds {
    ($($test:ident)*) => {
        mod tcp {
            $(#[test] fn $test() { super::everywhere(super::$test::<std::net::TcpStream>) })*
        }
        mod unix {
            $(#[test] fn $test() { super::everywhere(super::$test::<std::os::unix::net::UnixStream>) })*
        }
    };
}

on_both_kinds! {
    end_with_the_data
    end_before_the_first_read
    last_data_and_end_between_two_reads
    end_after_the_data_was_drained
    much_data_then_the_end
    half_close_leaves_the_other_direction
    own_shutdown_ends_a_waiting_read
    reset_ends_reader_and_writer
    all_readers_see_the_end
    a_polling_reader_and_others_see_the_end
    more_slices_than_one_call_takes
}

#[test]
fn tcp_readers_on_threads_see_the_end() {
    readers_on_threads_see_the_end::<TcpStream>();
}

#[test]
fn unix_readers_on_threads_see_the_end() {
    readers_on_threads_see_the_end::<UnixStream>();
}

/// A read stops before data that a descriptor was sent with, whatever room is left.
#[test]
fn a_read_that_stops_at_a_passed_descriptor_has_not_drained_the_socket() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    everywhere(|| async {
        let (mut stream, mut peer) = <UnixStream as Socket>::pair()?;
        let send = async {
            pause().await;
            let fds = [peer.as_fd()];
            let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
            let slices = [IoSlice::new(b"one")];
            sendmsg(&peer, &slices, &mut control, SendFlags::empty())?;
            (&peer).write_all(b"two")
        };
        let mut buffer = [0; 6];
        let (read, sent) = future::zip(stream.read_exact(&mut buffer), send).await;
        sent?;
        read?;
        assert_eq!(&buffer, b"onetwo");
        peer.flush()
    });
}

/// A read stops before urgent data as well.
#[test]
fn a_read_that_stops_at_urgent_data_has_not_drained_the_socket() {
    everywhere(|| async {
        for see_the_event_first in [false, true] {
            let (mut stream, mut peer) = TcpStream::pair()?;
            let send = async {
                pause().await;
                peer.write_all(b"one")?;
                rustix::net::send(&peer, b"!", rustix::net::SendFlags::OOB)?;
                peer.write_all(b"two")
            };
            let mut buffer = [0; 64];
            let receive = async {
                if see_the_event_first {
                    // All three pieces are there, and reported, before the first read.
                    stream.readable().await?;
                    pause().await;
                    pause().await;
                }
                let mut received = 0;
                while received < 6 {
                    received += stream.read(&mut buffer[received..]).await?;
                }
                io::Result::Ok(received)
            };
            let (received, sent) = future::zip(receive, send).await;
            sent?;
            assert_eq!(&buffer[..received?], b"onetwo");
        }
        Ok(())
    });
}
