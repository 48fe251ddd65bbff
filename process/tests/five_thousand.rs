//! Five thousand short-lived children leave no zombie, no descriptor and no thread. One test a process.
#![cfg(target_os = "linux")]

mod support;

use futures_lite::future;
use leno_process::Command;
use leno_reactor::block_on;
use support::{Children, FEW, children, descriptors, eventually, in_every_way, in_time, threads};

const CHILDREN: usize = 5_000;
/// In the ways other than by pidfd.
const FEWER: usize = 1_000;

fn short() -> Command {
    let mut command = Command::new("true");
    command.stdin(leno_process::Stdio::null());
    command
}

/// One in three is awaited, one dropped as it runs, and one dropped in the middle of waiting for it.
async fn run(count: usize) {
    let mut waits = Vec::new();
    for n in 0..count {
        let mut child = short().spawn().unwrap();
        match n % 3 {
            0 => waits.push(Box::pin(async move { child.status().await })),
            1 => drop(child),
            _ => drop(future::poll_once(child.status()).await),
        }
        if waits.len() == 20 {
            for wait in waits.drain(..) {
                assert!(wait.await.unwrap().success());
            }
        }
    }
    for wait in waits {
        assert!(wait.await.unwrap().success());
    }
}

#[test]
fn on_one_thread() {
    support::child::Child::of("on_one_thread").run(|| {
        let (before, open) = (threads(), descriptors());
        block_on(in_time(run(CHILDREN)));
        // Nobody drives anything any more, and still the last ones are reaped.
        eventually("the end of the last child", || children() == Children::None);
        assert_eq!(threads(), before, "a thread was started");
        // The reactor's own stay.
        assert!(
            descriptors() <= open + FEW,
            "{open}, then {}",
            descriptors()
        );
    });
}

#[test]
fn as_tasks_of_workers() {
    support::child::Child::of("as_tasks_of_workers")
        .workers(2)
        .run(|| {
            // The workers are there.
            block_on(leno_executor::spawn(run(3)));
            let (before, open) = (threads(), descriptors());
            let tasks: Vec<_> = (0..5)
                .map(|_| leno_executor::spawn(run(CHILDREN / 5)))
                .collect();
            block_on(in_time(async {
                for task in tasks {
                    task.await;
                }
            }));
            eventually("the end of the last child", || children() == Children::None);
            assert_eq!(threads(), before, "a thread was started");
            assert!(
                descriptors() <= open + FEW,
                "{open}, then {}",
                descriptors()
            );
        });
}

#[test]
fn in_every_way_of_waiting() {
    in_every_way("in_every_way_of_waiting", || {
        let (before, open) = (threads(), descriptors());
        block_on(in_time(run(FEWER)));
        eventually("the end of the last child", || children() == Children::None);
        assert_eq!(threads(), before, "a thread was started");
        assert!(
            descriptors() <= open + FEW,
            "{open}, then {}",
            descriptors()
        );
    });
}
