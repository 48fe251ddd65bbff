//! Waiting for a child: every future that waits is told, in every way in which the system may tell.
#![cfg(unix)]

mod support;

use std::future::poll_fn;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future};
use leno_process::{Child, Command, Stdio, driver};
use leno_reactor::{Timer, block_on};
use support::{Children, children, eventually, in_every_way, in_time, sh};

/// A child that ends when its stdin is closed, which is taken out of it.
fn obedient() -> (Child, leno_process::ChildStdin) {
    let mut child = sh("read word; exit 7")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

#[test]
fn the_status_is_told_once_it_is_there_and_ever_after() {
    in_every_way("the_status_is_told_once_it_is_there_and_ever_after", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            assert_eq!(child.try_status().unwrap(), None);
            assert!(future::poll_once(child.status()).await.is_none());
            drop(stdin);
            for _ in 0..3 {
                assert_eq!(child.status().await.unwrap().code(), Some(7));
                assert_eq!(child.try_status().unwrap().unwrap().code(), Some(7));
            }
            assert_eq!(children(), Children::None);
        }));
    });
}

#[test]
fn a_signal_is_told_of_as_one() {
    in_every_way("a_signal_is_told_of_as_one", || {
        block_on(in_time(async {
            let mut child = Command::new("sleep").arg("3600").spawn().unwrap();
            child.kill().unwrap();
            assert_eq!(child.status().await.unwrap().signal(), Some(libc::SIGKILL));
        }));
    });
}

#[test]
fn many_tasks_wait_for_one_child() {
    in_every_way("many_tasks_wait_for_one_child", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            let mut tasks: Vec<_> = (0..100)
                .map(|_| leno_executor::spawn(child.status()))
                .collect();
            let mut here = pin!(child.status());
            assert!(future::poll_once(&mut here).await.is_none());
            Timer::after(Duration::from_millis(20)).await;
            // One of them is woken for nothing from here on.
            drop(tasks.pop());
            drop(stdin);
            assert_eq!(here.await.unwrap().code(), Some(7));
            for task in tasks {
                assert_eq!(task.await.unwrap().code(), Some(7));
            }
        }));
    });
}

#[test]
fn many_children_end_in_any_order() {
    in_every_way("many_children_end_in_any_order", || {
        block_on(in_time(async {
            let mut tasks = Vec::new();
            let mut ends = Vec::new();
            for _ in 0..60 {
                let (mut child, stdin) = obedient();
                ends.push(stdin);
                tasks.push(leno_executor::spawn(async move { child.status().await }));
            }
            Timer::after(Duration::from_millis(20)).await;
            while !ends.is_empty() {
                // Some by some, from both ends.
                drop(ends.pop());
                drop(ends.drain(..ends.len().min(2)));
                future::yield_now().await;
            }
            for task in tasks {
                assert_eq!(task.await.unwrap().code(), Some(7));
            }
            assert_eq!(children(), Children::None);
        }));
    });
}

#[test]
fn a_wait_that_was_dropped_loses_nothing() {
    in_every_way("a_wait_that_was_dropped_loses_nothing", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            for _ in 0..20 {
                assert!(future::poll_once(child.status()).await.is_none());
                let late = async {
                    Timer::after(Duration::from_micros(300)).await;
                    None
                };
                let status = async { Some(child.status().await) };
                assert!(status.or(late).await.is_none());
            }
            drop(stdin);
            assert_eq!(child.status().await.unwrap().code(), Some(7));
        }));
    });
}

#[test]
fn a_child_may_end_before_anybody_waits() {
    in_every_way("a_child_may_end_before_anybody_waits", || {
        block_on(in_time(async {
            let mut child = sh("exit 3").spawn().unwrap();
            eventually("the end", || children() == Children::Zombie);
            // It can be killed still: nobody has collected its status, so the number is its own.
            child.kill().unwrap();
            assert_eq!(child.status().await.unwrap().code(), Some(3));
            // And now nothing is sent to the number. What std says to that depends on its version.
            let mut in_std = std::process::Command::new("true").spawn().unwrap();
            in_std.wait().unwrap();
            let said = |result: std::io::Result<()>| result.map_err(|error| error.kind());
            assert_eq!(said(child.kill()), said(in_std.kill()));
        }));
    });
}

#[test]
fn waiting_closes_stdin_at_once() {
    in_every_way("waiting_closes_stdin_at_once", || {
        block_on(in_time(async {
            let mut child = Command::new("cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child
                .stdin
                .as_mut()
                .unwrap()
                .write_all(b"meow")
                .await
                .unwrap();
            // Not when it is polled, but when it is called.
            let status = child.status();
            assert!(child.stdin.is_none());
            let mut text = String::new();
            child
                .stdout
                .as_mut()
                .unwrap()
                .read_to_string(&mut text)
                .await
                .unwrap();
            assert_eq!(text, "meow");
            assert!(status.await.unwrap().success());
        }));
    });
}

#[test]
fn output_is_read_on_both_pipes_at_once() {
    in_every_way("output_is_read_on_both_pipes_at_once", || {
        block_on(in_time(async {
            // Each is more than a pipe holds.
            let line = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exit 2";
            let output = sh(line).output().await.unwrap();
            assert_eq!(output.stdout.len(), 600_000);
            assert_eq!(output.stderr.len(), 300_000);
            assert_eq!(output.status.code(), Some(2));
        }));
    });
}

#[test]
fn executors_and_threads_that_leno_does_not_know() {
    in_every_way("executors_and_threads_that_leno_does_not_know", || {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(|| {
                    future::block_on(async {
                        for _ in 0..5 {
                            assert!(sh("sleep 0.01").status().await.unwrap().success());
                            let output = sh("echo x").output().await.unwrap();
                            assert_eq!(output.stdout, b"x\n");
                        }
                    });
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(children(), Children::None);
    });
}

#[test]
fn a_wait_may_move_between_threads() {
    in_every_way("a_wait_may_move_between_threads", || {
        let (mut child, stdin) = obedient();
        let mut status = Box::pin(child.status());
        for round in 0..40 {
            // Polled by `block_on` here, on a thread that ends, and by a foreign executor.
            assert!(block_on(future::poll_once(&mut status)).is_none());
            status = thread::spawn(move || {
                let once = future::poll_once(&mut status);
                let polled = if round % 2 == 0 {
                    block_on(once)
                } else {
                    future::block_on(once)
                };
                assert!(polled.is_none());
                status
            })
            .join()
            .unwrap();
        }
        drop(stdin);
        let task = leno_executor::spawn(in_time(status));
        assert_eq!(block_on(task).unwrap().code(), Some(7));
    });
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    in_every_way("the_last_waker_is_the_one_that_is_woken", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            let mut status = pin!(child.status());
            // Polled first with a waker that does nothing.
            let mut deaf = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(status.as_mut().poll(&mut deaf).is_pending());
            let mut stdin = Some(stdin);
            let status = poll_fn(|cx| {
                let polled = status.as_mut().poll(cx);
                drop(stdin.take());
                polled
            })
            .await;
            assert_eq!(status.unwrap().code(), Some(7));
        }));
    });
}

#[test]
fn a_stopped_child_has_not_ended() {
    in_every_way("a_stopped_child_has_not_ended", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
            let mut status = pin!(child.status());
            for signal in [rustix::process::Signal::STOP, rustix::process::Signal::CONT] {
                rustix::process::kill_process(pid, signal).unwrap();
                let moment = async {
                    Timer::after(Duration::from_millis(20)).await;
                    None
                };
                let ended = async { Some(status.as_mut().await) };
                assert!(ended.or(moment).await.is_none());
            }
            drop(stdin);
            assert_eq!(status.await.unwrap().code(), Some(7));
        }));
    });
}

#[test]
fn what_others_have_collected_is_an_error() {
    in_every_way("what_others_have_collected_is_an_error", || {
        block_on(in_time(async {
            let mut child = sh("exit 1").spawn().unwrap();
            let pid = rustix::process::Pid::from_raw(child.id() as i32);
            rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
            for _ in 0..2 {
                let error = child.status().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
            }
        }));
    });
}

#[test]
fn the_driver_never_ends_and_need_not_run() {
    in_every_way("the_driver_never_ends_and_need_not_run", || {
        block_on(in_time(async {
            let mut first = pin!(driver());
            assert!(future::poll_once(&mut first).await.is_none());
            let work = async { sh("echo x").output().await.unwrap().stdout };
            let driven = async { match first.await {} };
            assert_eq!(work.or(driven).await, b"x\n");
            leno_executor::spawn(driver()).detach();
            assert!(sh("exit 0").status().await.unwrap().success());
        }));
    });
}

#[test]
fn a_future_is_ready_only_with_its_result() {
    // A waker may be called for nothing.
    in_every_way("a_future_is_ready_only_with_its_result", || {
        block_on(in_time(async {
            let (mut child, stdin) = obedient();
            let mut status = pin!(child.status());
            let mut polls = 0;
            let mut stdin = Some(stdin);
            let status = poll_fn(|cx| {
                polls += 1;
                if polls < 50 {
                    cx.waker().wake_by_ref();
                } else {
                    drop(stdin.take());
                }
                match status.as_mut().poll(cx) {
                    Poll::Ready(_) if polls < 50 => panic!("ready before the child has ended"),
                    polled => polled,
                }
            })
            .await;
            assert_eq!(status.unwrap().code(), Some(7));
        }));
    });
}
