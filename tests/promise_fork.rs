//! Promise 10: after `fork`, the child gets a clear error or a fresh runtime, never a hang.
//!
//! What is forked here is a process of the test's own, whose other threads wait for something, as those of a program do
//! that forks with care: a lock that is held by another thread at that moment stays locked in the child for ever.

#![allow(
    clippy::async_yields_async,
    reason = "timers and tasks are handed out of futures on purpose"
)]
#![cfg(unix)]

mod child;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use child::{Child, with_few_and_many_workers};
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{
    Async, Executor, LocalExecutor, Timer, Unblock, block_on, channel, future, spawn, unblock,
};

/// Runs `child` in a forked process, and fails unless it returns there.
fn in_fork(child: impl FnOnce()) {
    // SAFETY: the child runs Rust code that allocates, which a forked process with other threads may do where the C
    // library repairs its allocator after a fork, as all that leno supports do.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child));
        // SAFETY: ends the process without the parent's exit handlers.
        unsafe { libc::_exit(i32::from(result.is_err())) };
    }
    expect_end(pid);
}

/// Waits for a forked child, and fails unless it ends well.
fn expect_end(pid: libc::pid_t) {
    assert!(pid > 0, "{}", io::Error::last_os_error());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut status = 0;
        // SAFETY: writes one integer.
        let waited = unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) };
        if waited == pid {
            assert!(
                libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
                "the forked child ended with {status:#x}"
            );
            return;
        }
        if Instant::now() > deadline {
            // SAFETY: ends the child that was started above.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, &mut status, 0);
            }
            panic!("the forked child hung");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

async fn echo_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        Timer::after(Duration::from_millis(1)).await;
        stream.write_all(&word).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
    server.await;
}

/// Everything that waits or runs, once.
fn use_everything() {
    block_on(echo_once());
    block_on(spawn(echo_once()));
    assert_eq!(block_on(unblock(|| 3)), 3);
    assert_eq!(
        block_on(async {
            let mut text = String::new();
            Unblock::new(&b"text"[..])
                .read_to_string(&mut text)
                .await
                .unwrap();
            text
        }),
        "text"
    );
    // Without `leno::block_on`: the thread of the guest reactor.
    future::block_on(Timer::after(Duration::from_millis(1)));
    let executor = Executor::new();
    let task = executor.spawn(echo_once());
    block_on(executor.run(task));
    let local = LocalExecutor::new();
    let task = local.spawn(echo_once());
    block_on(local.run(task));
    let addresses = block_on(leno::net::resolve("localhost:80")).unwrap();
    assert!(addresses.iter().all(|address| address.ip().is_loopback()));
}

/// Lets threads that have just worked come to rest, so that none is forked while it holds a lock of the C library.
fn settle() {
    thread::sleep(Duration::from_millis(30));
}

#[test]
fn before_the_first_use() {
    Child::of("before_the_first_use").workers(2).run(|| {
        in_fork(use_everything);
        use_everything();
    });
}

#[test]
fn after_the_first_use() {
    with_few_and_many_workers("after_the_first_use", || {
        for _ in 0..3 {
            use_everything();
            settle();
            in_fork(use_everything);
        }
        use_everything();
    });
}

#[test]
fn a_child_of_a_child() {
    Child::of("a_child_of_a_child").workers(2).run(|| {
        use_everything();
        settle();
        in_fork(|| {
            use_everything();
            settle();
            in_fork(|| {
                use_everything();
                settle();
                in_fork(use_everything);
                use_everything();
            });
            use_everything();
        });
        use_everything();
    });
}

#[test]
fn within_block_on() {
    with_few_and_many_workers("within_block_on", || {
        block_on(async {
            echo_once().await;
            spawn(echo_once()).await;
            settle();
            in_fork(|| {
                use_everything();
            });
            echo_once().await;
        });
        use_everything();
    });
}

#[test]
fn a_child_may_go_on_in_the_block_on_it_came_from() {
    with_few_and_many_workers("a_child_may_go_on_in_the_block_on_it_came_from", || {
        let parent = std::process::id();
        block_on(async {
            echo_once().await;
            // One that the parent waits for, so that there is something in its reactor to take away.
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            assert!(future::poll_once(socket.recv(&mut [0])).await.is_none());
            settle();
            // SAFETY: as in `in_fork`.
            let pid = unsafe { libc::fork() };
            for _ in 0..5 {
                Timer::after(Duration::from_millis(2)).await;
                echo_once().await;
                assert_eq!(unblock(|| 3).await, 3);
                spawn(echo_once()).await;
            }
            if std::process::id() != parent {
                // SAFETY: ends the process without the parent's exit handlers.
                unsafe { libc::_exit(0) };
            }
            let sending = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            for _ in 0..5 {
                sending.send_to(b"x", address).await.unwrap();
                socket.recv(&mut [0]).await.unwrap();
            }
            expect_end(pid);
        });
        use_everything();
    });
}

#[test]
fn within_a_task() {
    with_few_and_many_workers("within_a_task", || {
        block_on(spawn(async {
            echo_once().await;
            settle();
            in_fork(use_everything);
            echo_once().await;
        }));
        use_everything();
    });
}

#[test]
fn within_unblock() {
    Child::of("within_unblock").workers(2).run(|| {
        use_everything();
        block_on(unblock(|| {
            settle();
            in_fork(use_everything);
        }));
        use_everything();
    });
}

#[test]
fn a_child_does_not_disturb_the_parents_sockets() {
    with_few_and_many_workers("a_child_does_not_disturb_the_parents_sockets", || {
        block_on(async {
            // Registered by waiting, in the guest reactor and in that of a worker.
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            let mut byte = [0];
            assert!(future::poll_once(socket.recv(&mut byte)).await.is_none());
            let (sender, received) = channel::unbounded();
            let on_worker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let worker_address = on_worker.local_addr().unwrap();
            let reading = spawn(async move {
                loop {
                    let mut byte = [0];
                    on_worker.recv(&mut byte).await.unwrap();
                    sender.send(byte[0]).await.unwrap();
                }
            });
            settle();
            let mut timer = Timer::after(Duration::from_millis(20));
            assert!(future::poll_once(&mut timer).await.is_none());

            for round in 0..3u8 {
                in_fork(|| {
                    // The parent's sockets and timers in the child: used, waited for, dropped.
                    let doomed = socket.clone();
                    block_on(async {
                        assert!(future::poll_once(doomed.recv(&mut [0])).await.is_none());
                        Timer::after(Duration::from_millis(1)).await;
                    });
                    drop(doomed);
                    use_everything();
                });
                // The parent's registration is as it was: data still wakes it, on both reactors.
                let sending = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                let mut byte = [0];
                let late = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(5));
                    sending.send_to(&[round], address).unwrap();
                    sending.send_to(&[round], worker_address).unwrap();
                });
                socket.recv(&mut byte).await.unwrap();
                assert_eq!(byte[0], round);
                assert_eq!(received.recv().await, Ok(round));
                late.join().unwrap();
            }
            timer.await;
            drop(reading);
        });
        use_everything();
    });
}

#[test]
fn the_parents_things_may_be_dropped_in_the_child() {
    Child::of("the_parents_things_may_be_dropped_in_the_child")
        .workers(2)
        .run(|| {
            use_everything();
            let (reader, writer) = Async::<std::os::unix::net::UnixStream>::pair().unwrap();
            let mut timer = Timer::after(Duration::from_secs(3600));
            let task = spawn(std::future::pending::<()>());
            let unblocked = block_on(async {
                assert!(future::poll_once(reader.readable()).await.is_none());
                assert!(future::poll_once(&mut timer).await.is_none());
                unblock(|| 1)
            });
            settle();
            // They are moved into the child's closure, and the parent's copies stay.
            let mut things = Some((reader, timer, task, unblocked));
            in_fork(|| {
                drop(things.take());
                use_everything();
            });
            let (mut reader, mut timer, task, unblocked) = things.unwrap();
            block_on(async {
                let mut byte = [0];
                let (_, read) =
                    future::zip((&writer).write_all(b"x"), reader.read(&mut byte)).await;
                assert_eq!(read.unwrap(), 1);
                timer.set_after(Duration::from_millis(1));
                timer.await;
                assert_eq!(unblocked.await, 1);
                assert!(!task.is_finished());
            });
            use_everything();
        });
}

#[test]
fn a_timer_of_the_parent_fires_in_the_child_too() {
    Child::of("a_timer_of_the_parent_fires_in_the_child_too")
        .workers(2)
        .run(|| {
            let mut timer = Timer::after(Duration::from_millis(50));
            let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            settle();
            in_fork(|| {
                block_on(&mut timer);
            });
            block_on(timer);
        });
}

#[test]
fn a_shut_down_parent_has_a_fresh_child() {
    Child::of("a_shut_down_parent_has_a_fresh_child")
        .workers(2)
        .run(|| {
            use_everything();
            settle();
            assert_eq!(leno::shutdown(Duration::from_secs(30)).unwrap(), 0);
            in_fork(|| {
                use_everything();
                assert_eq!(leno::shutdown(Duration::from_secs(30)).unwrap(), 0);
            });
        });
}

/// The parent's thread may hold any lock of leno's at that moment.
#[test]
fn while_another_thread_starts_the_runtime() {
    with_few_and_many_workers("while_another_thread_starts_the_runtime", || {
        for _ in 0..50 {
            // A child has no runtime yet, so each round starts one.
            in_fork(|| {
                let starts = thread::spawn(|| block_on(spawn(async { 1 })));
                in_fork(|| {
                    assert_eq!(block_on(spawn(async { 2 })), 2);
                    block_on(Timer::after(Duration::from_micros(10)));
                });
                assert_eq!(starts.join().unwrap(), 1);
            });
        }
    });
}
