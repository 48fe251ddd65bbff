//! When the system refuses: an error that says so, nothing left behind, and service goes on as soon as it can.
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::io::ErrorKind;

use futures_lite::{AsyncReadExt, future};
use leno_process::{Command, Stdio};
use leno_reactor::block_on;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::child::Child;
use support::{Children, FEW, children, descriptors, eventually, in_time, seccomp, sh};

/// Takes all descriptors there are.
fn exhaust() -> Vec<File> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(64);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn no_program() {
    block_on(in_time(async {
        for _ in 0..3 {
            let mut command = Command::new("/no/such/program");
            assert_eq!(command.spawn().unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(
                command.status().await.unwrap_err().kind(),
                ErrorKind::NotFound
            );
            assert_eq!(
                command.output().await.unwrap_err().kind(),
                ErrorKind::NotFound
            );
        }
        let error = Command::new("/").spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }));
}

#[test]
fn no_process() {
    Child::of("no_process").run(|| {
        let open = descriptors();
        let refused = [
            (libc::SYS_clone3, libc::EAGAIN),
            (libc::SYS_clone, libc::EAGAIN),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_vfork, libc::EAGAIN),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_fork, libc::EAGAIN),
        ];
        seccomp::refuse(&refused);
        for _ in 0..100 {
            let spawned = sh("exit 0")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            assert_eq!(spawned.unwrap_err().raw_os_error(), Some(libc::EAGAIN));
            let output = block_on(sh("exit 0").output());
            assert_eq!(output.unwrap_err().raw_os_error(), Some(libc::EAGAIN));
        }
        assert_eq!(children(), Children::None);
        assert!(
            descriptors() <= open + FEW,
            "{open}, then {}",
            descriptors()
        );
    });
}

#[test]
fn no_descriptor_for_pipes() {
    Child::of("no_descriptor_for_pipes").run(|| {
        block_on(in_time(async {
            assert!(sh("exit 0").output().await.unwrap().status.success());
            let mut taken = exhaust();
            // With none, one, two, … left, until it works.
            let mut failures = 0;
            let output = loop {
                match sh("echo x").output().await {
                    Ok(output) => break output,
                    Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE)),
                }
                eventually("the end of what was started", || {
                    children() == Children::None
                });
                failures += 1;
                drop(taken.pop().expect("it never works"));
            };
            assert!(failures > 2, "only {failures} failures");
            assert_eq!(output.stdout, b"x\n");
            // Nothing of the attempts is left.
            let free = exhaust().len();
            assert_eq!(free, failures);
        }));
    });
}

#[test]
fn no_descriptor_to_wait_with() {
    Child::of("no_descriptor_to_wait_with").run(|| {
        block_on(in_time(async {
            assert!(sh("exit 0").status().await.unwrap().success());
            let mut early = sh("read word; exit 4")
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let stdin = early.stdin.take();
            let mut taken = exhaust();
            let mut status = Box::pin(early.status());
            assert!(future::poll_once(&mut status).await.is_none());
            drop(stdin);
            assert_eq!(status.await.unwrap().code(), Some(4));
            // A child that needs no pipe can be started and waited for with nearly none, too.
            for _ in 0..10 {
                match sh("sleep 0.02; exit 5").status().await {
                    Ok(status) => assert_eq!(status.code(), Some(5)),
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                        taken.pop();
                    }
                }
            }
            assert_eq!(children(), Children::None);
        }));
    });
}

#[test]
fn no_place_in_the_reactor() {
    Child::of("no_place_in_the_reactor").run(|| {
        let open = descriptors();
        seccomp::refuse(&[(libc::SYS_epoll_ctl, libc::ENOSPC)]);
        // The pipes can't be waited for: to the caller there is no process, so there is none.
        for _ in 0..20 {
            let spawned = Command::new("sleep")
                .arg("3600")
                .stdout(Stdio::piped())
                .spawn();
            assert_eq!(spawned.unwrap_err().kind(), ErrorKind::StorageFull);
        }
        eventually("the end of what was started", || {
            children() == Children::None
        });
        // A process without pipes can be started, and is waited for by the clock.
        let status = block_on(in_time(sh("sleep 0.02; exit 5").status()));
        assert_eq!(status.unwrap().code(), Some(5));
        assert!(
            descriptors() <= open + FEW,
            "{open}, then {}",
            descriptors()
        );
    });
}

#[test]
fn service_resumes() {
    Child::of("service_resumes").run(|| {
        block_on(in_time(async {
            let taken = exhaust();
            assert!(sh("exit 0").output().await.is_err());
            drop(taken);
            for _ in 0..3 {
                let mut child = sh("echo x").stdout(Stdio::piped()).spawn().unwrap();
                let mut text = String::new();
                child
                    .stdout
                    .take()
                    .unwrap()
                    .read_to_string(&mut text)
                    .await
                    .unwrap();
                assert_eq!(text, "x\n");
                assert!(child.status().await.unwrap().success());
            }
        }));
    });
}
