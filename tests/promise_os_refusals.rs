//! Promise 8: when the OS refuses threads or descriptors there is an `io::Error` or another way, no spin and no abort, and
//! service resumes when it can.

#![cfg(target_os = "linux")]

mod child;

use std::future::Future;
use std::io::Read as _;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use child::Child;
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{Builder, Executor, Timer, Unblock, block_on, future, spawn, unblock};
use socket2::{Domain, Socket, Type};

fn set_limit(resource: libc::__rlimit_resource_t, soft: Option<u64>) {
    // SAFETY: both calls only read or write the structure that they are given.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(resource, &mut limit), 0);
        limit.rlim_cur = soft.unwrap_or(limit.rlim_max);
        assert_eq!(libc::setrlimit(resource, &limit), 0);
    }
}

/// Makes this process one whose threads can be limited. The limit is one of the user, and none for root.
fn become_limited_user() {
    // SAFETY: plain system calls without pointers.
    unsafe {
        if libc::geteuid() == 0 {
            // A number that nobody else has, so that all its threads are ours.
            assert_eq!(libc::setuid(100_000 + std::process::id()), 0);
            // Or else `/proc/self` would still be root's.
            libc::prctl(libc::PR_SET_DUMPABLE, 1);
        }
    }
}

/// From here on this process can't start threads beyond `more`. That is exact only where the tests run as root.
fn refuse_threads(more: usize) {
    set_limit(libc::RLIMIT_NPROC, Some((threads().len() + more) as u64));
    if more == 0 {
        thread::Builder::new()
            .spawn(|| ())
            .expect_err("this test needs an OS that refuses threads");
    }
}

fn allow_threads() {
    set_limit(libc::RLIMIT_NPROC, None);
}

/// The names of this process's threads.
fn threads() -> Vec<String> {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok())
        .map(|name| name.trim().to_string())
        .collect()
}

fn workers() -> usize {
    threads()
        .iter()
        .filter_map(|name| name.strip_prefix("leno-")?.parse::<usize>().ok())
        .count()
}

/// What this process has spent of the CPU.
fn cpu_time() -> Duration {
    // SAFETY: writes the structure that it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    [usage.ru_utime, usage.ru_stime]
        .into_iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1_000))
        .sum()
}

/// Everything that a program does with tasks; from one `block_on`.
fn use_tasks() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(async move {
            let mut echoes = Vec::new();
            for _ in 0..10 {
                let (mut stream, _) = listener.accept().await.unwrap();
                echoes.push(spawn(async move {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).await.unwrap();
                    Timer::after(Duration::from_millis(1)).await;
                    stream.write_all(&byte).await.unwrap();
                }));
            }
            for echo in echoes {
                echo.await;
            }
        });
        let clients: Vec<_> = (0..10u8)
            .map(|n| {
                spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(&[n]).await.unwrap();
                    let mut byte = [0];
                    stream.read_exact(&mut byte).await.unwrap();
                    unblock(move || byte[0]).await
                })
            })
            .collect();
        let mut sum = 0;
        for client in clients {
            sum += client.await;
        }
        assert_eq!(sum, 45);
        server.await;
        let mut text = String::new();
        Unblock::new(&b"text"[..])
            .read_to_string(&mut text)
            .await
            .unwrap();
        assert_eq!(text, "text");
        // A crowd, of which nobody is awaited before the last one is there.
        let crowd: Vec<_> = (0..1_000u64)
            .map(|n| {
                spawn(async move {
                    future::yield_now().await;
                    n
                })
            })
            .collect();
        let mut sum = 0;
        for task in crowd {
            sum += task.await;
        }
        assert_eq!(sum, 499_500);
    });
}

/// Waits for nothing but time, which must not cost CPU.
fn expect_no_spin() {
    let before = cpu_time();
    block_on(async {
        let waiting = spawn(Timer::after(Duration::from_millis(300)));
        Timer::after(Duration::from_millis(300)).await;
        waiting.await;
    });
    let spent = cpu_time() - before;
    assert!(spent < Duration::from_millis(150), "waiting took {spent:?}");
}

#[test]
fn no_thread_at_first_use() {
    let ended = Child::of("no_thread_at_first_use").workers(2).end(|| {
        become_limited_user();
        refuse_threads(0);
        for _ in 0..3 {
            use_tasks();
            assert_eq!(workers(), 0);
        }
        expect_no_spin();
        let executor = Executor::new();
        let task = executor.spawn(async { spawn(async { 1 }).await + unblock(|| 2).await });
        assert_eq!(block_on(executor.run(task)), 3);

        // Two threads' worth of workers, as soon as they can be had.
        allow_threads();
        let deadline = Instant::now() + Duration::from_secs(30);
        while workers() < 2 {
            assert!(Instant::now() < deadline, "the workers were never started");
            use_tasks();
        }
        use_tasks();
        expect_no_spin();
    });
    let ended = ended.expect_success();
    let said = |what: &str| ended.stderr.matches(what).count();
    assert_eq!(said("allowed 0 of 2 worker threads"), 1, "{}", ended.stderr);
    assert_eq!(said("allows worker threads again"), 1, "{}", ended.stderr);
}

#[test]
fn some_threads_at_first_use() {
    let ended = Child::of("some_threads_at_first_use").workers(4).end(|| {
        become_limited_user();
        refuse_threads(1);
        for _ in 0..3 {
            use_tasks();
        }
        expect_no_spin();
    });
    ended.expect_success();
}

#[test]
fn no_thread_in_mid_run() {
    Child::of("no_thread_in_mid_run").workers(2).run(|| {
        become_limited_user();
        assert_eq!(block_on(spawn(async { 1 })), 1);
        while workers() < 2 {
            thread::yield_now();
        }
        refuse_threads(0);
        // Blocking code now runs on the workers.
        for _ in 0..3 {
            use_tasks();
        }
        expect_no_spin();
        allow_threads();
        use_tasks();
        assert!(
            threads()
                .iter()
                .any(|name| name.starts_with("leno-blocking"))
        );
    });
}

#[test]
fn no_thread_for_the_pool_alone() {
    // Blocking code without a runtime that could run it: whoever asks for it does.
    Child::of("no_thread_for_the_pool_alone").run(|| {
        become_limited_user();
        refuse_threads(0);
        for n in 0..100 {
            assert_eq!(future::block_on(unblock(move || n)), n);
        }
        let mut text = String::new();
        future::block_on(Unblock::new(&b"text"[..]).read_to_string(&mut text)).unwrap();
        assert_eq!(text, "text");
        allow_threads();
        assert_eq!(future::block_on(unblock(|| 7)), 7);
    });
}

#[test]
fn no_thread_for_a_foreign_executor() {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let ended = Child::of("no_thread_for_a_foreign_executor").end(|| {
        become_limited_user();
        refuse_threads(0);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let mut timer = Timer::after(Duration::from_millis(5));
        let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        // Whoever is in `block_on` serves it.
        block_on(Timer::after(Duration::from_millis(10)));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);

        let mut timer = Timer::after(Duration::from_millis(5));
        let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        allow_threads();
        // The next one that waits brings the thread that serves all.
        future::block_on(Timer::after(Duration::from_millis(10)));
        while count.0.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    });
    let ended = ended.expect_success();
    assert!(
        ended.stderr.contains("cannot start the thread"),
        "{}",
        ended.stderr
    );
}

#[test]
fn no_thread_for_a_builder() {
    Child::of("no_thread_for_a_builder").run(|| {
        become_limited_user();
        refuse_threads(0);
        let error = Builder::new().workers(3).start().unwrap_err();
        assert!(
            error.to_string().contains("refused every worker thread"),
            "{error}"
        );
        allow_threads();
        Builder::new().workers(3).start().unwrap();
        use_tasks();
        assert_eq!(workers(), 3);
    });
}

#[test]
fn no_thread_beside_main() {
    Child::of("no_thread_beside_main").workers(2).run(|| {
        become_limited_user();
        refuse_threads(0);

        #[leno::main]
        async fn main() -> u32 {
            let mut sum = 0;
            for n in 0..100u32 {
                Timer::after(Duration::from_micros(100)).await;
                sum += spawn(async move { unblock(move || n).await }).await;
            }
            sum
        }

        // The main thread leaves its work behind, and no other thread can take it over.
        for _ in 0..3 {
            assert_eq!(main(), 4_950);
            use_tasks();
        }
        expect_no_spin();
    });
}

#[test]
fn no_descriptor_for_a_poller() {
    Child::of("no_descriptor_for_a_poller").workers(2).run(|| {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        set_limit(libc::RLIMIT_NOFILE, Some(0));
        // Time and tasks need none.
        block_on(Timer::after(Duration::from_millis(1)));
        block_on(spawn(async {
            Timer::after(Duration::from_millis(1)).await;
            unblock(|| ()).await;
        }));
        // Sockets do, and say so.
        let error = block_on(UdpSocket::bind("127.0.0.1:0")).unwrap_err();
        assert!(error.to_string().contains("open files"), "{error}");
        let socket = UdpSocket::try_from(socket);
        let error = match socket {
            Ok(socket) => block_on(async { socket.recv(&mut [0]).await.unwrap_err() }),
            Err(error) => error,
        };
        assert!(error.to_string().contains("open files"), "{error}");

        set_limit(libc::RLIMIT_NOFILE, None);
        use_tasks();
        let socket = block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        block_on(socket.send_to(b"x", address)).unwrap();
    });
}

#[test]
fn no_descriptor_for_an_accept_loop() {
    Child::of("no_descriptor_for_an_accept_loop")
        .workers(2)
        .run(|| {
            const CLIENTS: usize = 20;
            let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let address = listener.local_addr().unwrap();
            let refused = Arc::new(AtomicUsize::new(0));
            let server = spawn({
                let refused = refused.clone();
                async move {
                    let mut served = 0;
                    while served < CLIENTS {
                        match listener.accept().await {
                            Ok((mut stream, _)) => {
                                stream.write_all(b"x").await.unwrap();
                                served += 1;
                            }
                            Err(error) => {
                                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                }
            });
            let ticks = Arc::new(AtomicUsize::new(0));
            let ticker = spawn({
                let ticks = ticks.clone();
                async move {
                    loop {
                        Timer::after(Duration::from_millis(1)).await;
                        ticks.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
            // All reactors are open by the time that the descriptors are used up.
            use_tasks();
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap())
                .collect();
            // Descriptors are given out from the lowest on.
            let next = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
            set_limit(libc::RLIMIT_NOFILE, Some(next as u64));
            for client in &clients {
                client.connect(&address.into()).unwrap();
            }

            while refused.load(Ordering::SeqCst) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            let (before, ticked) = (cpu_time(), ticks.load(Ordering::SeqCst));
            while ticks.load(Ordering::SeqCst) < ticked + 200 {
                thread::sleep(Duration::from_millis(5));
            }
            let spent = cpu_time() - before;
            assert!(
                spent < Duration::from_millis(150),
                "200 ticks at the limit took {spent:?}"
            );
            let tries = refused.load(Ordering::SeqCst);
            assert!(tries < 200, "{tries} tries at the limit");

            set_limit(libc::RLIMIT_NOFILE, None);
            block_on(server);
            for mut client in clients {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
            }
            assert!(!ticker.is_finished());
        });
}

/// What leno has to say is lost then, and nothing else.
#[cfg(unix)]
#[test]
fn nobody_reads_stderr() {
    Child::of("nobody_reads_stderr")
        .env("LENO_THREADS", "many")
        .env("BLOCKING_MAX_THREADS", "few")
        .run(|| {
            let mut pipe = [0; 2];
            // SAFETY: writes two integers; the descriptors that are closed and replaced belong to nobody else.
            unsafe {
                assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
                assert_eq!(libc::dup2(pipe[1], 2), 2);
                assert_eq!(libc::close(pipe[0]), 0);
            }
            assert_eq!(block_on(leno::spawn(async { 1 })), 1);
            assert_eq!(block_on(leno::unblock(|| 2)), 2);
        });
}
