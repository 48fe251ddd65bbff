//! What several test files need.
#![allow(dead_code, reason = "each file of tests uses some of it")]

#[path = "../../../tests/child/mod.rs"]
pub mod child;
#[cfg(target_os = "linux")]
pub mod seccomp;

use std::thread;
use std::time::{Duration, Instant};

use leno_process::Command;
use leno_reactor::Timer;
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

/// Runs `body` in processes of their own in which children are waited for by a pidfd, by `SIGCHLD`, and by the clock.
#[cfg(target_os = "linux")]
pub fn in_every_way(test: &'static str, body: impl Fn()) {
    let no_pidfd = (libc::SYS_pidfd_open, libc::ENOSYS);
    let no_sockets = (libc::SYS_socketpair, libc::EMFILE);
    let ways: [(&str, &[_]); 3] = [
        ("pidfd", &[]),
        ("bell", &[no_pidfd]),
        ("clock", &[no_pidfd, no_sockets]),
    ];
    for (way, refused) in ways {
        child::Child::of(test).variant(way).workers(2).run(|| {
            seccomp::refuse(refused);
            body();
        });
    }
}

/// In the one way that there is.
#[cfg(not(target_os = "linux"))]
pub fn in_every_way(test: &'static str, body: impl Fn()) {
    child::Child::of(test).workers(2).run(body);
}

/// A shell that runs this line.
pub fn sh(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

/// Waits until `done`, on a thread that does nothing else.
pub fn eventually(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what} never happened");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What children this process has, running ones and zombies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    None,
    /// Some, all of which run.
    Running,
    /// One of them has ended, and nobody has collected its status.
    Zombie,
}

pub fn children() -> Children {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::All, options) {
        Ok(Some(_)) => Children::Zombie,
        Ok(None) => Children::Running,
        Err(Errno::CHILD) => Children::None,
        Err(error) => panic!("{error}"),
    }
}

/// A number in `/proc/self/status`.
#[cfg(target_os = "linux")]
pub fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"));
    line.unwrap().trim().parse().unwrap()
}

/// More descriptors than the reactors of a few threads keep open, on any backend.
pub const FEW: usize = 12;

pub fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

/// Fails if `future` takes longer than any machine should need.
pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    use futures_lite::FutureExt;
    future
        .or(async {
            Timer::after(Duration::from_secs(100)).await;
            panic!("it hangs");
        })
        .await
}
