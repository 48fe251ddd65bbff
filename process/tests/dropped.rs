//! What becomes of a child that was dropped while it ran. What is looked at belongs to a whole process, so each test has one.
#![cfg(unix)]

mod support;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_lite::future;
use leno_process::{Command, Stdio};
use leno_reactor::block_on;
use support::child::Child;
use support::{Children, children, eventually, in_every_way, in_time, sh};

/// Processes that run until it is dropped.
struct Leash {
    reader: UnixStream,
    _writer: UnixStream,
}

impl Leash {
    fn new() -> Leash {
        let (reader, _writer) = UnixStream::pair().unwrap();
        Leash { reader, _writer }
    }

    fn hold(&self) -> Command {
        let mut command = Command::new("cat");
        let input = OwnedFd::from(self.reader.try_clone().unwrap());
        command.stdin(Stdio::from(input)).stdout(Stdio::null());
        command
    }
}

fn wait_for_none() {
    eventually("the end of the last child", || children() == Children::None);
}

#[test]
fn it_is_reaped_though_no_async_code_ever_runs() {
    Child::of("it_is_reaped_though_no_async_code_ever_runs").run(|| {
        let leash = Leash::new();
        for _ in 0..20 {
            drop(leash.hold().spawn().unwrap());
        }
        assert_eq!(children(), Children::Running);
        drop(leash);
        wait_for_none();
        #[cfg(target_os = "linux")]
        assert_eq!(
            support::threads(),
            2,
            "the main thread and that of the test"
        );
    });
}

#[test]
fn it_is_reaped_after_block_on_is_over() {
    Child::of("it_is_reaped_after_block_on_is_over").run(|| {
        let leash = Leash::new();
        block_on(async {
            for _ in 0..20 {
                // Dropped by a wait that was given up.
                let status = leash.hold().status();
                assert!(future::poll_once(status).await.is_none());
                let output = leash.hold().output();
                assert!(future::poll_once(output).await.is_none());
            }
        });
        assert_eq!(children(), Children::Running);
        drop(leash);
        wait_for_none();
        #[cfg(target_os = "linux")]
        assert_eq!(
            support::threads(),
            2,
            "the main thread and that of the test"
        );
    });
}

#[test]
fn it_is_reaped_whoever_drops_it() {
    Child::of("it_is_reaped_whoever_drops_it")
        .workers(2)
        .run(|| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    thread::spawn(move || {
                        for _ in 0..25 {
                            let child = sh("sleep 0.0$0").arg(n.to_string()).spawn().unwrap();
                            if n % 2 == 0 {
                                drop(child);
                            } else {
                                leno_executor::spawn(async move { drop(child) }).detach();
                            }
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            wait_for_none();
        });
}

#[test]
fn it_goes_on_until_it_ends() {
    Child::of("it_goes_on_until_it_ends").run(|| {
        let (reader, writer) = UnixStream::pair().unwrap();
        let output = Stdio::from(OwnedFd::from(writer));
        drop(sh("sleep 0.1; echo done").stdout(output).spawn().unwrap());
        let mut text = String::new();
        std::io::Read::read_to_string(&mut &reader, &mut text).unwrap();
        assert_eq!(text, "done\n");
        wait_for_none();
    });
}

#[test]
fn it_is_killed_if_asked_for() {
    Child::of("it_is_killed_if_asked_for").run(|| {
        for _ in 0..20 {
            drop(
                Command::new("sleep")
                    .arg("3600")
                    .kill_on_drop(true)
                    .spawn()
                    .unwrap(),
            );
        }
        wait_for_none();
        // By a wait that is dropped, too, but not while there still is one.
        block_on(in_time(async {
            let mut child = Command::new("sleep")
                .arg("3600")
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut status = Box::pin(child.status());
            drop(child);
            assert!(future::poll_once(&mut status).await.is_none());
            assert_eq!(children(), Children::Running);
            drop(status);
            let killed_with_its_output = Command::new("sleep")
                .arg("3600")
                .kill_on_drop(true)
                .output();
            drop(killed_with_its_output);
            // One that is awaited to its end is not killed before.
            let output = sh("sleep 0.05; echo x")
                .kill_on_drop(true)
                .output()
                .await
                .unwrap();
            assert!(output.status.success());
            assert_eq!(output.stdout, b"x\n");
        }));
        wait_for_none();
    });
}

#[test]
fn it_stays_a_zombie_if_asked_for() {
    Child::of("it_stays_a_zombie_if_asked_for").run(|| {
        let leash = Leash::new();
        drop(leash.hold().reap_on_drop(false).spawn().unwrap());
        drop(leash.hold().spawn().unwrap());
        drop(leash);
        eventually("a zombie", || children() == Children::Zombie);
        thread::sleep(Duration::from_millis(200));
        assert_eq!(children(), Children::Zombie);
        let (pid, _) = rustix::process::wait(rustix::process::WaitOptions::empty())
            .unwrap()
            .unwrap();
        assert!(pid.as_raw_nonzero().get() > 0);
        wait_for_none();
    });
}

#[test]
fn children_of_other_code_are_its_own() {
    Child::of("children_of_other_code_are_its_own").run(|| {
        let mut others: Vec<_> = (0..10)
            .map(|_| {
                std::process::Command::new("sh")
                    .args(["-c", "exit 5"])
                    .spawn()
                    .unwrap()
            })
            .collect();
        let leash = Leash::new();
        for _ in 0..10 {
            drop(leash.hold().spawn().unwrap());
        }
        drop(leash);
        let mut awaited = sh("exit 6").spawn().unwrap();
        thread::sleep(Duration::from_millis(300));
        assert_eq!(children(), Children::Zombie);
        for other in &mut others {
            assert_eq!(other.wait().unwrap().code(), Some(5));
        }
        assert_eq!(block_on(awaited.status()).unwrap().code(), Some(6));
        wait_for_none();
    });
}

#[test]
fn a_handler_that_was_there_goes_on() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn handler(_: i32) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    Child::of("a_handler_that_was_there_goes_on").run(|| {
        // SAFETY: the handler only counts.
        unsafe { libc::signal(libc::SIGCHLD, handler as *const () as libc::sighandler_t) };
        let leash = Leash::new();
        drop(leash.hold().spawn().unwrap());
        drop(leash);
        wait_for_none();
        eventually("the call", || CALLS.load(Ordering::Relaxed) > 0);
    });
}

#[test]
fn a_program_that_ignores_its_children_goes_on_doing_so() {
    in_every_way(
        "a_program_that_ignores_its_children_goes_on_doing_so",
        || {
            // SAFETY: changes what is done about a signal.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            drop(sh("sleep 0.05").spawn().unwrap());
            wait_for_none();
            // SAFETY: asks, and changes back at once.
            let action = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            assert_eq!(action, libc::SIG_IGN);
            // There is no status to be had, and that is an error, not a hang.
            let error = block_on(in_time(sh("sleep 0.05").status())).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
            // SAFETY: as above.
            let action = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            assert_eq!(action, libc::SIG_IGN);
        },
    );
}

#[test]
fn without_the_signal_the_next_processes_collect_it() {
    Child::of("without_the_signal_the_next_processes_collect_it").run(|| {
        // SAFETY: blocks a signal on this thread; the main thread has it blocked by the time that it gets one.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGCHLD);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        }
        let leash = Leash::new();
        drop(leash.hold().spawn().unwrap());
        // In place of leno's handler.
        // SAFETY: changes what is done about a signal.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        for _ in 0..40 {
            drop(leash.hold().spawn().unwrap());
        }
        drop(leash);
        eventually("a zombie", || children() == Children::Zombie);
        thread::sleep(Duration::from_millis(200));
        eventually("the end of all zombies", || {
            let mut child = Command::new("true").spawn().unwrap();
            block_on(child.status()).unwrap();
            children() == Children::None
        });
    });
}

#[test]
fn thousands_may_run_on() {
    Child::of("thousands_may_run_on").run(|| {
        let leash = Leash::new();
        for _ in 0..1_000 {
            drop(leash.hold().spawn().unwrap());
        }
        assert_eq!(children(), Children::Running);
        // They all end at once.
        drop(leash);
        wait_for_none();
    });
}
