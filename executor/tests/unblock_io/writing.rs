//! Writing behind the caller's back, and when he hears of it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use futures_lite::AsyncWriteExt;
use futures_lite::future::block_on;
use leno_executor::Unblock;

use crate::{eventually, in_time, pattern};

/// What was done to a `Recorder`.
#[derive(Default, Debug, PartialEq, Clone)]
struct Record {
    written: Vec<u8>,
    flushes: usize,
    dropped: bool,
}

/// Takes three bytes at a time, up to a limit, and fails then.
struct Recorder {
    record: Arc<Mutex<Record>>,
    limit: usize,
}

impl Recorder {
    fn new(limit: usize) -> (Arc<Mutex<Record>>, Recorder) {
        let record = Arc::<Mutex<Record>>::default();
        (record.clone(), Recorder { record, limit })
    }
}

impl Write for Recorder {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut record = self.record.lock().unwrap();
        if record.written.len() >= self.limit {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "limit"));
        }
        let count = buf.len().min(3);
        record.written.extend(&buf[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.record.lock().unwrap().flushes += 1;
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.record.lock().unwrap().dropped = true;
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

#[test]
fn flush_waits_until_all_is_written_and_flushed() {
    let (record, handle) = Recorder::new(usize::MAX);
    in_time(async move {
        let mut writer = Unblock::with_capacity(16, handle);
        let data = pattern(10_000);
        for round in 1..=5 {
            writer.write_all(&data).await.unwrap();
            writer.flush().await.unwrap();
            let record = record.lock().unwrap();
            assert_eq!(record.written.len(), round * 10_000);
            assert_eq!(record.flushes, round);
        }
        writer.flush().await.unwrap();
        assert_eq!(record.lock().unwrap().flushes, 5, "nothing to flush");
        writer.write_all(b"end").await.unwrap();
        writer.close().await.unwrap();
        let record = record.lock().unwrap();
        assert!(record.dropped && record.flushes == 6 && record.written.ends_with(b"end"));
    });
}

#[test]
fn a_write_error_is_reported_by_the_next_operation() {
    in_time(async {
        // By a write, instead of an endless "nothing written".
        let (_, handle) = Recorder::new(30);
        let mut writer = Unblock::with_capacity(8, handle);
        let error = writer.write_all(&[1; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);

        // By a flush, and only once.
        let (_, handle) = Recorder::new(0);
        let mut writer = Unblock::new(handle);
        writer.write_all(b"lost").await.unwrap();
        let error = writer.flush().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        writer.flush().await.unwrap();

        // By a flush after something that can't report it.
        writer.write_all(b"lost").await.unwrap();
        writer.get_mut().await;
        assert!(writer.flush().await.is_err());

        // By a close, which closes all the same.
        writer.write_all(b"lost").await.unwrap();
        assert!(writer.close().await.is_err());
        assert_eq!(
            format!("{writer:?}"),
            r#"Unblock { io: "<closed>" }"#.replace('"', "")
        );
    });
}

#[test]
fn a_handle_that_takes_nothing_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Ok(0)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    in_time(async {
        let mut writer = Unblock::new(Full);
        writer.write_all(b"lost").await.unwrap();
        let error = writer.flush().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    });
}

#[test]
fn dropped_with_data_in_the_buffer_it_is_still_written_and_flushed() {
    for _ in 0..50 {
        let (record, handle) = Recorder::new(usize::MAX);
        let mut writer = Unblock::new(handle);
        let data = pattern(5_000);
        block_on(writer.write_all(&data)).unwrap();
        drop(writer);
        eventually("the handle is dropped", || record.lock().unwrap().dropped);
        let record = record.lock().unwrap();
        assert!(record.written == data);
        assert_eq!(record.flushes, 1);
    }
}
