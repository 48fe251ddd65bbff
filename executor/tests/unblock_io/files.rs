//! Reading, writing and seeking in turn.

use std::io::{self, Seek, SeekFrom, Write};

use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use leno_executor::Unblock;

use crate::temp_file::TempFile;
use crate::{in_time, pattern};

#[test]
fn a_big_file_is_written_and_read_back_whole() {
    let temp = TempFile::new("big", b"");
    let data = pattern(5_000_000);
    let file = temp.open();
    let expected = data.clone();
    in_time(async move {
        let mut file = Unblock::new(file);
        for part in data.chunks(70_001) {
            file.write_all(part).await.unwrap();
        }
        file.close().await.unwrap();
    });
    assert!(temp.content() == expected);

    let file = temp.open();
    let read = in_time(async move {
        let mut file = Unblock::new(file);
        let mut read = Vec::new();
        file.read_to_end(&mut read).await.unwrap();
        // The end of a file is no end of reading: it may grow.
        assert_eq!(file.read(&mut [0; 8]).await.unwrap(), 0);
        file.get_mut().await.write_all(b"more").unwrap();
        file.seek(SeekFrom::Current(-4)).await.unwrap();
        let mut more = [0; 4];
        file.read_exact(&mut more).await.unwrap();
        assert_eq!(&more, b"more");
        read
    });
    assert!(read == expected);
}

#[test]
fn a_capacity_of_one_byte_is_enough() {
    for capacity in [0, 1, 2, 7] {
        let temp = TempFile::new(&format!("capacity-{capacity}"), b"");
        let file = temp.open();
        in_time(async move {
            let mut file = Unblock::with_capacity(capacity, file);
            file.write_all(b"through the eye of a needle")
                .await
                .unwrap();
            file.seek(SeekFrom::Start(8)).await.unwrap();
            let mut read = String::new();
            file.read_to_string(&mut read).await.unwrap();
            assert_eq!(read, "the eye of a needle");
        });
        assert_eq!(temp.content(), b"through the eye of a needle");
    }
}

#[test]
fn seeking_counts_from_the_last_byte_given_out() {
    let temp = TempFile::new("seek", b"0123456789");
    let file = temp.open();
    in_time(async move {
        let mut file = Unblock::new(file);
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"01");
        // The pool has read all ten by now or will before it stops.
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 2);
        file.write_all(b"ab").await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 4);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"45");
        assert_eq!(file.seek(SeekFrom::Current(-4)).await.unwrap(), 2);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"ab");
        assert_eq!(file.seek(SeekFrom::End(-1)).await.unwrap(), 9);
        file.read_exact(&mut two[..1]).await.unwrap();
        assert_eq!(&two[..1], b"9");
        assert_eq!(file.seek(SeekFrom::Start(1)).await.unwrap(), 1);
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 2);
        // What is given back stands where seeking has put it.
        let mut file = file.into_inner().await;
        assert_eq!(file.stream_position().unwrap(), 2);
    });
    assert_eq!(temp.content(), b"01ab456789");
}

#[test]
fn a_seek_that_fails_moves_nothing_and_loses_nothing() {
    let temp = TempFile::new("bad-seek", b"0123456789");
    let file = temp.open();
    in_time(async move {
        let mut file = Unblock::new(file);
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert!(file.seek(SeekFrom::Current(-3)).await.is_err());
        let error = file.seek(SeekFrom::Current(i64::MIN)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 4);
    });
}

#[test]
fn a_seek_dropped_half_way_is_waited_for() {
    let temp = TempFile::new("dropped-seek", b"0123456789");
    let file = temp.open();
    in_time(async move {
        let mut file = Unblock::new(file);
        let mut one = [0];
        file.read_exact(&mut one).await.unwrap();
        for _ in 0..100 {
            // Either done at once, or left under way.
            let _ = poll_once(file.seek(SeekFrom::Start(7))).await;
            let _ = poll_once(file.seek(SeekFrom::Start(7))).await;
            assert_eq!(file.seek(SeekFrom::Start(3)).await.unwrap(), 3);
            file.read_exact(&mut one).await.unwrap();
            assert_eq!(&one, b"3");
        }
    });
}

#[test]
fn without_a_seek_a_write_lands_behind_what_was_read_ahead() {
    let temp = TempFile::new("no-seek", b"0123456789");
    let file = temp.open();
    in_time(async move {
        let mut file = Unblock::new(file);
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        file.write_all(b"abc").await.unwrap();
        // What was read before the write is still to come.
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        // But the position is that of the write.
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 13);
        assert_eq!(file.read(&mut two).await.unwrap(), 0);
    });
    assert_eq!(temp.content(), b"0123456789abc");
}
