//! `Unblock` over files and over handles made for the purpose.
#![cfg(not(loom))]

mod auto_traits;
mod files;
mod handle;
mod reading;
mod streaming;
mod temp_file;
mod writing;

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;

/// Only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `future` to its end, and fails the test, instead of hanging it, when there is none.
fn in_time<F, T>(future: F) -> T
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(block_on(future)));
    result
        .recv_timeout(PATIENCE)
        .expect("ends in time, without a panic")
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
