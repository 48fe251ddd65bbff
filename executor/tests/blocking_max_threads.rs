//! The limit on the pool's threads, as a whole process sees it.
#![cfg(not(loom))]

use std::env;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use futures_lite::future::block_on;
use leno_executor::unblock;

const IN_CHILD: &str = "LENO_TEST_MAX_THREADS_CHILD";

/// Runs `a_process_that_unblocks` in a process of its own.
fn run_with(limit: &str) -> (Output, usize) {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_unblocks", "--nocapture"])
        .env("BLOCKING_MAX_THREADS", limit)
        .env(IN_CHILD, "yes")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, rest) = text.split_once("most at once: ").unwrap();
    let most = rest.split_whitespace().next().unwrap().parse().unwrap();
    (output, most)
}

/// Does nothing but in the child.
#[test]
fn a_process_that_unblocks() {
    if env::var_os(IN_CHILD).is_none() {
        return;
    }
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (running, most) = (running.clone(), most.clone());
            unblock(move || {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::yield_now();
                running.fetch_sub(1, SeqCst);
            })
        })
        .collect();
    for task in tasks {
        block_on(task);
    }
    println!("most at once: {}", most.load(SeqCst));
}

#[test]
fn the_limit_is_kept() {
    for limit in [1, 2] {
        let (output, most) = run_with(&limit.to_string());
        assert!((1..=limit).contains(&most), "{most}");
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn a_bad_limit_is_refused_once_and_with_advice() {
    for bad in ["abc", "0", "10001"] {
        let (output, _) = run_with(bad);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains(&format!("BLOCKING_MAX_THREADS={bad} ")),
            "{text}"
        );
        assert!(text.contains("using 500. Set it to"), "{text}");
    }
}
