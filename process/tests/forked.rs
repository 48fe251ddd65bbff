//! After `fork`: the child leaves its parent's processes alone, and has its own.
#![cfg(unix)]

mod support;

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_lite::future;
use leno_process::{Command, Stdio};
use leno_reactor::block_on;
use support::{Children, children, eventually, in_every_way, in_time, sh};

/// Runs `child` in a forked process, and fails unless it returns there.
fn in_fork(child: impl FnOnce()) {
    // SAFETY: the child runs Rust code that allocates, which the C libraries that leno supports allow.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let result = catch_unwind(AssertUnwindSafe(child));
        // SAFETY: ends the process without the parent's exit handlers.
        unsafe { libc::_exit(i32::from(result.is_err())) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was started above.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0, "the forked child failed");
}

fn use_everything() {
    block_on(in_time(async {
        for _ in 0..3 {
            let output = sh("echo x; exit 3").output().await.unwrap();
            assert_eq!(
                (output.stdout, output.status.code()),
                (b"x\n".to_vec(), Some(3))
            );
            drop(sh("sleep 0.05").spawn().unwrap());
            drop(
                Command::new("sleep")
                    .arg("3600")
                    .kill_on_drop(true)
                    .spawn()
                    .unwrap(),
            );
        }
    }));
}

#[test]
fn the_parents_processes_are_left_alone() {
    in_every_way("the_parents_processes_are_left_alone", || {
        let mut child = sh("read word; exit 7")
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut status = Box::pin(child.status());
        assert!(block_on(future::poll_once(&mut status)).is_none());
        // Two that are dropped: one is reaped by the parent while the forked child lives, one later.
        drop(sh("sleep 0.1").spawn().unwrap());
        drop(sh("sleep 0.4").spawn().unwrap());
        let mut things = Some((child, status));
        in_fork(|| {
            let (mut child, status) = things.take().unwrap();
            assert!(child.id() > 0);
            let kind = |error: std::io::Error| error.kind();
            assert_eq!(child.kill().map_err(kind), Err(ErrorKind::Unsupported));
            assert_eq!(
                child.try_status().map_err(kind),
                Err(ErrorKind::Unsupported)
            );
            let error = block_on(in_time(child.status())).unwrap_err();
            assert!(
                error.to_string().contains(&child.id().to_string()),
                "{error}"
            );
            use_everything();
            drop((child, status));
            use_everything();
            eventually("the end of its own", || children() == Children::None);
        });
        let (mut child, mut status) = things.unwrap();
        assert!(block_on(future::poll_once(&mut status)).is_none());
        assert_eq!(child.try_status().unwrap(), None);
        drop(stdin);
        assert_eq!(block_on(in_time(status)).unwrap().code(), Some(7));
        use_everything();
        eventually("the end of the last child", || children() == Children::None);
    });
}
