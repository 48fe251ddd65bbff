//! Reading ahead, and what becomes of it.

use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;

use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use leno_executor::Unblock;

use crate::{eventually, in_time, pattern};

/// Each read yields what the test sends, and waits for it; the end of the channel is the end of the file.
struct SlowReader {
    parts: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// How many reads have begun.
    begun: Arc<AtomicUsize>,
}

/// The other end of a `SlowReader`.
struct Feed {
    parts: mpsc::Sender<io::Result<Vec<u8>>>,
    begun: Arc<AtomicUsize>,
}

impl SlowReader {
    fn new() -> (Feed, Unblock<SlowReader>) {
        let (sender, receiver) = mpsc::channel();
        let begun = Arc::new(AtomicUsize::new(0));
        let feed = Feed {
            parts: sender,
            begun: begun.clone(),
        };
        let reader = SlowReader {
            parts: receiver,
            begun,
        };
        (feed, Unblock::new(reader))
    }
}

impl Feed {
    fn send(&self, part: &[u8]) {
        self.parts.send(Ok(part.to_vec())).unwrap();
    }

    fn fail(&self, kind: io::ErrorKind) {
        self.parts.send(Err(kind.into())).unwrap();
    }

    /// Waits until the pool is in its `count`th read.
    fn wait_for_read(&self, count: usize) {
        eventually("the pool reads", || self.begun.load(SeqCst) == count);
    }
}

impl Read for SlowReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.begun.fetch_add(1, SeqCst);
        let Ok(bytes) = self.parts.recv() else {
            return Ok(0);
        };
        let bytes = bytes?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for SlowReader {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn bytes_are_there_as_soon_as_they_are_read() {
    let (feed, mut reader) = SlowReader::new();
    in_time(async move {
        let mut buf = [0; 16];
        for part in ["warp", "weft", "x"] {
            feed.send(part.as_bytes());
            // The next blocking read is pending all the while.
            let count = reader.read(&mut buf).await.unwrap();
            assert_eq!(&buf[..count], part.as_bytes());
        }
        drop(feed);
        assert_eq!(reader.read(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn a_dropped_read_loses_no_byte() {
    let (feed, mut reader) = SlowReader::new();
    let data = pattern(30_000);
    let expected = data.clone();
    let feeder = thread::spawn(move || {
        for part in data.chunks(37) {
            feed.send(part);
        }
    });
    let read = in_time(async move {
        let mut read: Vec<u8> = Vec::new();
        let mut buf = [0; 64];
        loop {
            // Dropped after one poll, as a time-out would.
            match poll_once(reader.read(&mut buf)).await {
                None => thread::yield_now(),
                Some(Ok(0)) => return read,
                Some(count) => read.extend_from_slice(&buf[..count.unwrap()]),
            }
        }
    });
    feeder.join().unwrap();
    assert!(read == expected);
}

#[test]
fn a_dropped_switch_to_another_operation_loses_no_byte() {
    let (feed, mut reader) = SlowReader::new();
    in_time(async move {
        let mut buf = [0; 4];
        feed.send(b"012345");
        reader.read_exact(&mut buf).await.unwrap();
        // While the pool is in a blocking read, nothing else can be done.
        feed.wait_for_read(2);
        assert!(poll_once(reader.write(b"x")).await.is_none());
        assert!(poll_once(reader.get_mut()).await.is_none());
        feed.send(b"67");
        reader.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"4567");
        feed.send(b"89ab");
        reader.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"89ab");
    });
}

#[test]
fn what_was_read_ahead_outlives_a_write() {
    let (feed, mut reader) = SlowReader::new();
    in_time(async move {
        let mut buf = [0; 4];
        feed.send(b"012345");
        reader.read_exact(&mut buf).await.unwrap();
        feed.wait_for_read(2);
        // Tells the pool to stop reading, so that it doesn't begin a third read.
        assert!(poll_once(reader.write(b"x")).await.is_none());
        feed.send(b"67");
        reader.write_all(b"written").await.unwrap();
        reader.flush().await.unwrap();
        reader.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"4567");
        drop(feed);
        assert_eq!(reader.read(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn a_full_buffer_holds_no_thread_and_stops_when_told() {
    // Reads for ever, one byte at a time.
    struct Endless(Arc<AtomicUsize>);
    impl Read for Endless {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            buf[0] = self.0.fetch_add(1, SeqCst) as u8;
            Ok(1)
        }
    }
    impl Seek for Endless {
        fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
            let SeekFrom::Current(offset) = pos else {
                panic!("not asked for");
            };
            let position = self.0.load(SeqCst) as u64;
            let target = position.checked_add_signed(offset).unwrap();
            self.0.store(target as usize, SeqCst);
            Ok(target)
        }
    }

    let position = Arc::new(AtomicUsize::new(0));
    let handle = Endless(position.clone());
    in_time(async move {
        let mut endless = Unblock::with_capacity(1000, handle);
        let mut ten = [0; 10];
        endless.read_exact(&mut ten).await.unwrap();
        eventually("the buffer is full", || position.load(SeqCst) == 1010);
        // The job sleeps now; this has to wake it.
        assert_eq!(endless.seek(SeekFrom::Current(5)).await.unwrap(), 15);
        endless.read_exact(&mut ten).await.unwrap();
        assert_eq!(ten[0], 15);
        eventually("the buffer is full", || position.load(SeqCst) == 1025);
        assert_eq!(Arc::strong_count(&position), 2);
        // Dropped while the job sleeps.
        drop(endless);
        eventually("the handle is dropped", || {
            Arc::strong_count(&position) == 1
        });
    });
}

#[test]
fn a_read_error_comes_after_the_bytes_before_it_and_only_once() {
    let (feed, mut reader) = SlowReader::new();
    in_time(async move {
        feed.send(b"good");
        feed.fail(io::ErrorKind::Interrupted);
        feed.send(b"news");
        feed.fail(io::ErrorKind::TimedOut);
        let mut buf = [0; 8];
        reader.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"goodnews");
        let error = reader.read(&mut buf).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        feed.send(b"again");
        assert_eq!(reader.read(&mut buf).await.unwrap(), 5);
    });
}

#[test]
fn empty_buffers_are_ready_at_once() {
    let (_sender, mut reader) = SlowReader::new();
    block_on(async {
        assert_eq!(reader.read(&mut []).await.unwrap(), 0);
        assert_eq!(reader.write(&[]).await.unwrap(), 0);
        assert!(format!("{:?}", Unblock::new(3)) == "Unblock { io: 3 }");
    });
    let polled = block_on(poll_fn(|cx| {
        Poll::Ready(pin!(reader.flush()).poll(cx).is_ready())
    }));
    assert!(polled);
}
