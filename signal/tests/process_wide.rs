//! What a stream of signals does to the process. Each test has one of its own.
#![cfg(unix)]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::{StreamExt, future};
use leno_reactor::{Timer, block_on};
use leno_signal::{Signal, Signals, ctrl_c};
use support::child::Child;
use support::{in_time, raise};

#[test]
fn unheard_of_it_ends_the_process() {
    let ended = Child::of("unheard_of_it_ends_the_process").end(|| {
        raise(Signal::Term);
    });
    if !support::child::is_child() {
        assert_eq!(ended.status.signal(), Some(Signal::Term as i32));
    }
}

#[test]
fn the_default_action_does_not_come_back() {
    Child::of("the_default_action_does_not_come_back").run(|| {
        let mut signals = Signals::new([Signal::Term, Signal::Int]).unwrap();
        signals.remove_signals([Signal::Term]).unwrap();
        raise(Signal::Term);
        drop(signals);
        raise(Signal::Term);
        raise(Signal::Int);
    });
}

#[test]
fn ctrl_c_is_awaited() {
    Child::of("ctrl_c_is_awaited").run(|| {
        block_on(in_time(async {
            for _ in 0..20 {
                let mut waits = [Box::pin(ctrl_c()), Box::pin(ctrl_c())];
                for wait in &mut waits {
                    assert!(future::poll_once(wait).await.is_none());
                }
                let sender = thread::spawn(|| raise(Signal::Int));
                for wait in waits {
                    wait.await.unwrap();
                }
                sender.join().unwrap();
            }
            // One that came before is not seen.
            raise(Signal::Int);
            assert!(future::poll_once(ctrl_c()).await.is_none());
        }));
    });
}

#[test]
fn signals_of_another_process_come_too() {
    Child::of("signals_of_another_process_come_too").run(|| {
        block_on(in_time(async {
            let mut signals = Signals::new([Signal::Usr1]).unwrap();
            for _ in 0..20 {
                let mut kill = std::process::Command::new("/bin/kill")
                    .args(["-USR1", &std::process::id().to_string()])
                    .spawn()
                    .unwrap();
                assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Usr1);
                kill.wait().unwrap();
            }
        }));
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
        unsafe { libc::signal(libc::SIGUSR1, handler as *const () as libc::sighandler_t) };
        let mut signals = Signals::new([Signal::Usr1]).unwrap();
        raise(Signal::Usr1);
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
        assert_eq!(block_on(signals.next()).unwrap().unwrap(), Signal::Usr1);
    });
}

#[test]
fn nothing_is_left_behind() {
    Child::of("nothing_is_left_behind").run(|| {
        let descriptors = || std::fs::read_dir("/dev/fd").unwrap().count();
        let round = || {
            let mut signals = Signals::new([Signal::Usr1, Signal::Usr2]).unwrap();
            raise(Signal::Usr2);
            assert_eq!(block_on(signals.next()).unwrap().unwrap(), Signal::Usr2);
            assert!(block_on(future::poll_once(ctrl_c())).is_none());
        };
        round();
        let open = descriptors();
        for _ in 0..200 {
            round();
        }
        assert_eq!(descriptors(), open);
        #[cfg(target_os = "linux")]
        assert_eq!(
            std::fs::read_dir("/proc/self/task").unwrap().count(),
            2,
            "the main thread and that of the test"
        );
    });
}

#[test]
fn coming_and_going_while_signals_come() {
    Child::of("coming_and_going_while_signals_come").run(|| {
        // The kind has its handler from here on.
        drop(Signals::new([Signal::Usr1]).unwrap());
        let end = Instant::now() + Duration::from_millis(300);
        let sender = thread::spawn(move || {
            while Instant::now() < end {
                raise(Signal::Usr1);
            }
        });
        let readers: Vec<_> = (0..3)
            .map(|_| {
                thread::spawn(move || {
                    while Instant::now() < end {
                        let mut signals = Signals::new([Signal::Usr1]).unwrap();
                        let next = async { signals.next().await.map(|signal| signal.unwrap()) };
                        let moment = async {
                            Timer::after(Duration::from_millis(1)).await;
                            None
                        };
                        let signal = block_on(future::or(next, moment));
                        assert!(matches!(signal, None | Some(Signal::Usr1)));
                    }
                })
            })
            .collect();
        for thread in readers.into_iter().chain([sender]) {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_forked_child_makes_its_own() {
    Child::of("a_forked_child_makes_its_own").run(|| {
        let mut signals = Signals::new([Signal::Usr1]).unwrap();
        // SAFETY: the child runs Rust code that allocates, which the C libraries that leno supports allow.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // Neither does it put its signals into its parent's stream …
                for _ in 0..10 {
                    raise(Signal::Usr1);
                }
                // … nor take from it.
                let error = block_on(in_time(signals.next())).unwrap().unwrap_err();
                assert!(error.to_string().contains("parent"), "{error}");
                let mut own = Signals::new([Signal::Usr1]).unwrap();
                raise(Signal::Usr1);
                let signal = block_on(in_time(own.next())).unwrap();
                assert_eq!(signal.unwrap(), Signal::Usr1);
                drop(signals);
            }));
            // SAFETY: ends the process without the parent's exit handlers.
            unsafe { libc::_exit(i32::from(result.is_err())) };
        }
        let mut status = 0;
        // SAFETY: waits for the child that was started above.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0);
        assert!(block_on(future::poll_once(signals.next())).is_none());
        raise(Signal::Usr1);
        assert_eq!(block_on(signals.next()).unwrap().unwrap(), Signal::Usr1);
    });
}
