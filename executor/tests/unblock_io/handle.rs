//! Getting at the handle, and losing it.

use std::future::Future;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use leno_executor::Unblock;

use crate::in_time;
use crate::temp_file::TempFile;

#[test]
fn a_closure_with_the_handle_runs_on_the_pool() {
    let temp = TempFile::new("with-mut", b"content");
    let file = temp.open();
    in_time(async move {
        let mut file = Unblock::new(file);
        file.write_all(b"CON").await.unwrap();
        let name = file.with_mut(|file| {
            assert_eq!(file.stream_position().unwrap(), 3, "written by then");
            file.set_len(5).unwrap();
            thread::current().name().map(str::to_owned)
        });
        assert!(name.await.unwrap().starts_with("leno-blocking-"));

        // One that is dropped runs to its end, and the next operation waits for it.
        let (go, wait) = mpsc::channel::<()>();
        let dropped = file.with_mut(move |file| {
            wait.recv().unwrap();
            file.set_len(4).unwrap();
        });
        assert!(poll_once(dropped).await.is_none());
        assert!(format!("{file:?}").contains("<busy>"));
        assert!(poll_once(file.get_mut()).await.is_none());
        go.send(()).unwrap();
        assert_eq!(file.get_mut().await.metadata().unwrap().len(), 4);
        assert!(format!("{file:?}").contains("File"));
    });
    assert_eq!(temp.content(), b"CONt");
}

#[test]
fn what_the_user_does_to_the_handle_counts() {
    in_time(async {
        let mut file = Unblock::new(Cursor::new(b"0123456789".to_vec()));
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        file.get_mut().await.set_position(6);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"67");
        file.with_mut(|cursor| cursor.set_position(1)).await;
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"12");
    });
}

#[test]
fn a_closed_handle_gives_errors() {
    in_time(async {
        let mut file = Unblock::new(Cursor::new(vec![1, 2, 3]));
        file.close().await.unwrap();
        file.close().await.unwrap();
        file.flush().await.unwrap();
        let not_connected = |error: io::Error| error.kind() == io::ErrorKind::NotConnected;
        assert!(file.read(&mut [0]).await.is_err_and(not_connected));
        assert!(file.write(&[0]).await.is_err_and(not_connected));
        let sought = file.seek(SeekFrom::Start(0)).await;
        assert!(sought.is_err_and(not_connected));
    });
}

#[test]
fn a_panic_of_the_handle_reaches_whoever_meets_it() {
    #[derive(Debug)]
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("in read")
        }
    }
    impl Iterator for Panics {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            panic!("in next")
        }
    }
    fn panic_of<T>(future: impl Future<Output = T>) -> String {
        let result = catch_unwind(AssertUnwindSafe(|| block_on(future)));
        let payload = result.err().expect("a panic");
        match payload.downcast::<&str>() {
            Ok(text) => text.to_string(),
            Err(payload) => *payload.downcast::<String>().unwrap(),
        }
    }

    let mut reader = Unblock::new(Panics);
    assert_eq!(panic_of(reader.read(&mut [0])), "in read");
    // The handle is gone with it.
    let error = block_on(reader.read(&mut [0])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    assert_eq!(format!("{reader:?}"), "Unblock { io: <closed> }");

    let mut stream = Unblock::new(Panics);
    assert_eq!(panic_of(stream.next()), "in next");
    assert_eq!(block_on(stream.next()), None);

    let mut handle = Unblock::new(Panics);
    let told = panic_of(handle.with_mut(|_| panic!("in the closure")));
    assert!(told.starts_with("`Unblock::with_mut()` operation has panicked"));
    assert!(panic_of(handle.into_inner()).contains("lost in a panic"));
}
