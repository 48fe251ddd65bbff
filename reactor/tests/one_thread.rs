//! A program that only uses `block_on` has one thread, whatever its futures leave behind. The only test of its process.
#![cfg(target_os = "linux")]

use std::time::Duration;

use futures_lite::FutureExt;
use leno_reactor::{Timer, block_on};

#[test]
fn a_future_that_is_dropped_needs_no_attendant() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    for _ in 0..10 {
        // The loser still waits when the winner is ready.
        let loser = async {
            Timer::after(Duration::from_secs(3600)).await;
        };
        let winner = async {
            Timer::after(Duration::from_millis(1)).await;
        };
        block_on(loser.or(winner));
    }
    assert_eq!(threads(), before);
}
