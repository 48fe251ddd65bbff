//! Who waits on what is told truly; `idle` says that nothing goes on when nothing does, and not before; and a task that keeps its
//! thread is told of by the place at which it was spawned.

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use child::{Child, with_few_and_many_workers};
use leno::channel::{bounded, rendezvous, unbounded};
use leno::observe::{self, TaskInfo, TaskState, Wait};
use leno::{Builder, Timer, block_on, future, net, spawn, timeout};

/// Longer than anything here takes, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(60);

fn observed() {
    Builder::new().observe(true).start().unwrap();
}

/// What is known of the task of this name, once it is parked.
fn parked(name: &str) -> TaskInfo {
    loop {
        let tasks = observe::tasks();
        let found = tasks.list().iter().find(|task| task.name() == Some(name));
        match found {
            Some(task) if task.state() == TaskState::Parked => return task.clone(),
            _ => thread::yield_now(),
        }
    }
}

#[test]
fn a_task_says_what_it_waits_for() {
    with_few_and_many_workers("a_task_says_what_it_waits_for", || {
        observed();
        let named = |name: &'static str, future: future::Boxed<()>| {
            spawn(async move {
                observe::name_task(name);
                future.await;
            })
        };
        let socket = block_on(net::UdpSocket::bind("127.0.0.1:0")).unwrap();
        let (full, _kept) = bounded(1);
        full.try_send(0).unwrap();
        let (offers, _kept_too) = rendezvous();
        let (sender, receiver) = unbounded::<()>();
        let closed = sender.clone();
        let lock = Arc::new(leno::lock::Mutex::new(()));
        let guard = lock.try_lock_arc().unwrap();
        let _tasks = [
            named(
                "timer",
                Box::pin(async {
                    Timer::after(Duration::from_secs(3600)).await;
                }),
            ),
            named(
                "never",
                Box::pin(async {
                    Timer::never().await;
                }),
            ),
            named(
                "socket",
                Box::pin(async move {
                    let _ = socket.recv(&mut [0; 8]).await;
                }),
            ),
            named(
                "recv",
                Box::pin(async move {
                    let _ = receiver.recv().await;
                }),
            ),
            named(
                "room",
                Box::pin(async move {
                    let _ = full.send(1).await;
                }),
            ),
            named(
                "receiver",
                Box::pin(async move {
                    let _ = offers.send(1).await;
                }),
            ),
            named("closed", Box::pin(async move { closed.closed().await })),
            named("lock", Box::pin(async move { drop(lock.lock().await) })),
            named(
                "own",
                Box::pin(future::poll_fn(|_cx| {
                    observe::note(Wait::Other("weather"));
                    std::task::Poll::Pending
                })),
            ),
            named(
                "two things",
                Box::pin(async {
                    let (_sender, receiver) = unbounded::<()>();
                    let late = timeout(Duration::from_secs(3600), receiver.recv());
                    let _ = late.await;
                }),
            ),
        ];
        assert!(matches!(parked("timer").waits(), [Wait::Timer(_)]));
        assert_eq!(parked("never").waits(), [Wait::Never]);
        assert!(matches!(parked("socket").waits(), [Wait::Readable(_)]));
        assert_eq!(parked("recv").waits(), [Wait::Message]);
        assert_eq!(parked("room").waits(), [Wait::Room]);
        assert_eq!(parked("receiver").waits(), [Wait::Receiver]);
        assert_eq!(parked("closed").waits(), [Wait::Close]);
        assert_eq!(parked("lock").waits(), []);
        assert_eq!(parked("own").waits(), [Wait::Other("weather")]);
        let two = parked("two things");
        assert!(
            matches!(two.waits(), [Wait::Message, Wait::Timer(_)]),
            "{two}"
        );
        assert!(two.to_string().contains("recv or timer in 3"), "{two}");
        drop((sender, guard));
    });
}

#[test]
fn a_task_is_known_from_its_spawn_to_its_end() {
    with_few_and_many_workers("a_task_is_known_from_its_spawn_to_its_end", || {
        observed();
        let (sender, receiver) = unbounded::<()>();
        let line = line!() + 1;
        let task = spawn(async move {
            observe::name_task(String::from("counted"));
            while receiver.recv().await.is_ok() {}
        });
        assert_eq!(observe::tasks().alive(), 1);
        let before = parked("counted");
        assert_eq!(before.polls(), 1);
        assert_eq!(before.spawned_at().line(), line);
        assert!(
            before
                .spawned_at()
                .file()
                .ends_with("promise_observation.rs")
        );
        assert!(before.last_poll() >= Some(before.in_state()));

        for polls in 2..10 {
            sender.try_send(()).unwrap();
            while parked("counted").polls() < polls {}
        }
        drop(sender);
        block_on(task);
        // The end is told to who waits for it before the future is gone, or after.
        while !observe::tasks().list().is_empty() {}
        assert_eq!(observe::tasks().alive(), 0);
    });
}

#[test]
fn one_that_runs_and_one_that_is_ready() {
    Child::of("one_that_runs_and_one_that_is_ready")
        .workers(1)
        .run(|| {
            observed();
            let (go, gate) = std::sync::mpsc::channel::<()>();
            let runs = spawn(async move {
                observe::name_task("runs");
                gate.recv().unwrap();
            });
            let ready = spawn(async {});
            let states =
                || -> Vec<_> { observe::tasks().list().iter().map(|t| t.state()).collect() };
            while states() != [TaskState::Running, TaskState::Ready] {}
            assert!(observe::tasks().list()[0].waits().is_empty());
            go.send(()).unwrap();
            block_on(async { (runs.await, ready.await) });
        });
}

#[test]
fn tasks_that_are_cancelled_panic_or_end_are_forgotten() {
    with_few_and_many_workers(
        "tasks_that_are_cancelled_panic_or_end_are_forgotten",
        || {
            observed();
            std::panic::set_hook(Box::new(|_| {}));
            for _ in 0..300 {
                spawn(async { panic!("on purpose") }).detach();
                spawn(async { future::yield_now().await }).detach();
                drop(spawn(future::pending::<()>()));
                drop(spawn(async {
                    Timer::after(Duration::from_secs(3600)).await
                }));
            }
            while !observe::tasks().list().is_empty() {
                thread::yield_now();
            }
            assert_eq!(observe::tasks().alive(), 0);
        },
    );
}

#[test]
fn nothing_is_listed_unless_it_is_asked_for() {
    Child::of("nothing_is_listed_unless_it_is_asked_for")
        .workers(2)
        .run(|| {
            assert_eq!(observe::tasks().alive(), 0);
            let _task = spawn(async {
                observe::name_task("nobody");
                future::pending::<()>().await;
            });
            let tasks = observe::tasks();
            assert_eq!(
                (tasks.alive(), tasks.is_observed(), tasks.list().len()),
                (1, false, 0)
            );
            assert!(tasks.to_string().contains("LENO_OBSERVE=1"));
            assert_eq!(block_on(observe::idle()).alive(), 1);
        });
    Child::of("nothing_is_listed_unless_it_is_asked_for")
        .variant("environment")
        .env("LENO_OBSERVE", "1")
        .workers(2)
        .run(|| {
            let _task = spawn(future::pending::<()>());
            assert_eq!(observe::tasks().list().len(), 1);
        });
}

#[test]
fn consumers_that_wait_for_ever() {
    with_few_and_many_workers("consumers_that_wait_for_ever", || {
        observed();
        let consumed = Arc::new(AtomicUsize::new(0));
        let boxes: Vec<_> = (0..1000).map(|_| bounded(10)).collect();
        for (sender, receiver) in &boxes {
            let (sender, receiver, consumed) = (sender.clone(), receiver.clone(), consumed.clone());
            spawn(async move {
                for n in 0..10 {
                    sender.send(n).await.unwrap();
                }
            })
            .detach();
            spawn(async move {
                // One too many.
                for _ in 0..11 {
                    receiver.recv().await.unwrap();
                    consumed.fetch_add(1, Ordering::SeqCst);
                }
            })
            .detach();
        }
        let left = block_on(timeout(LIMIT, observe::idle())).unwrap();
        assert_eq!(consumed.load(Ordering::SeqCst), 10_000);
        assert_eq!((left.list().len(), left.alive()), (1000, 1000));
        assert!(
            left.list()
                .iter()
                .all(|task| task.waits() == [Wait::Message])
        );
        let text = left.to_string();
        assert!(
            text.starts_with("1000 tasks\n  1000 parked on recv for up to "),
            "{text}"
        );
        assert!(text.contains("promise_observation.rs:"), "{text}");
        assert_eq!(text.lines().count(), 2);

        // A thread of the user's can wake them all the same.
        for (sender, _) in &boxes {
            sender.try_send(0).unwrap();
        }
        assert!(block_on(observe::idle()).list().is_empty());
        assert_eq!(consumed.load(Ordering::SeqCst), 11_000);
    });
}

/// Longer than all the pauses between the first looks of `idle`.
const LONG: Duration = Duration::from_millis(40);

/// Whatever can wake a task, `idle` waits for it: for each alone, and at the end for all at once.
#[test]
fn it_is_not_idle_before_all_is_done() {
    let works: [fn(Done); 6] = [
        |done| {
            spawn(async move {
                Timer::after(LONG).await;
                drop(done);
            })
            .detach();
        },
        // The blocking pool, which wakes nobody.
        |done| {
            leno::unblock(move || {
                thread::sleep(LONG);
                drop(done);
            })
            .detach();
        },
        // A socket, to which a thread writes late.
        |done| {
            let receiver = block_on(net::UdpSocket::bind("127.0.0.1:0")).unwrap();
            let address = receiver.local_addr().unwrap();
            spawn(async move {
                receiver.recv(&mut [0; 8]).await.unwrap();
                drop(done);
            })
            .detach();
            thread::spawn(move || {
                thread::sleep(LONG);
                let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                sender.send_to(b"late", address).unwrap();
            });
        },
        |done| {
            spawn(async move {
                thread::sleep(LONG);
                drop(done);
            })
            .detach();
        },
        // A task that never waits.
        |done| {
            spawn(async move {
                let start = std::time::Instant::now();
                while start.elapsed() < LONG {
                    future::yield_now().await;
                }
                drop(done);
            })
            .detach();
        },
        // A thread that sleeps in a `block_on`, and then sends.
        |done| {
            let (sender, receiver) = bounded(1);
            spawn(async move {
                receiver.recv().await.unwrap();
                drop(done);
            })
            .detach();
            let (asleep, is_asleep) = std::sync::mpsc::channel();
            thread::spawn(move || {
                block_on(async {
                    let mut timer = Timer::after(LONG);
                    assert!(future::poll_once(&mut timer).await.is_none());
                    asleep.send(()).unwrap();
                    timer.await;
                    sender.send(()).await.unwrap();
                });
            });
            is_asleep.recv().unwrap();
        },
    ];
    with_few_and_many_workers("it_is_not_idle_before_all_is_done", || {
        let alive = Arc::new(AtomicUsize::new(0));
        let idle = || block_on(timeout(LIMIT, observe::idle())).unwrap();
        for work in works.iter().chain(&works) {
            work(Done::new(&alive));
            let left = idle();
            assert_eq!((alive.load(Ordering::SeqCst), left.alive()), (0, 0));
        }
        for work in works {
            work(Done::new(&alive));
        }
        idle();
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    });
}

/// Something that is done when it is dropped.
struct Done(Arc<AtomicUsize>);

impl Done {
    fn new(alive: &Arc<AtomicUsize>) -> Done {
        alive.fetch_add(1, Ordering::SeqCst);
        Done(alive.clone())
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A worker whose sleep was ended by a timer is parked for a moment longer, with the task in its hands. Here somebody else's waker
/// makes that moment long.
#[test]
fn a_task_in_the_hands_of_a_worker_is_not_overlooked() {
    struct Slow;
    impl Wake for Slow {
        fn wake(self: Arc<Self>) {
            thread::sleep(LONG);
        }
    }
    with_few_and_many_workers("a_task_in_the_hands_of_a_worker_is_not_overlooked", || {
        for _ in 0..4 {
            let alive = Arc::new(AtomicUsize::new(0));
            let done = Done::new(&alive);
            spawn(async move {
                let deadline = std::time::Instant::now() + Duration::from_millis(10);
                let mut slow = Timer::at(deadline);
                let waker = Waker::from(Arc::new(Slow));
                let polled = std::pin::Pin::new(&mut slow).poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                Timer::at(deadline).await;
                drop((slow, done));
            })
            .detach();
            block_on(timeout(LIMIT, observe::idle())).unwrap();
            assert_eq!(alive.load(Ordering::SeqCst), 0);
        }
    });
}

/// Timers, tasks and messages at random: whatever `idle` says is true.
#[test]
fn idle_tells_the_truth_at_any_time() {
    with_few_and_many_workers("idle_tells_the_truth_at_any_time", || {
        let alive = Arc::new(AtomicUsize::new(0));
        for round in 0..150_u64 {
            for n in 0..4 {
                let done = Done::new(&alive);
                spawn(async move {
                    for step in 0..3 {
                        let (sender, receiver) = bounded(1);
                        let pause =
                            Duration::from_micros((round * 37 + n * 211 + step * 101) % 900);
                        spawn(async move {
                            Timer::after(pause).await;
                            sender.send(()).await.unwrap();
                        })
                        .detach();
                        receiver.recv().await.unwrap();
                    }
                    drop(done);
                })
                .detach();
            }
            block_on(timeout(LIMIT, observe::idle())).unwrap();
            assert_eq!(alive.load(Ordering::SeqCst), 0);
        }
    });
}

#[test]
fn idle_may_be_awaited_anywhere_and_by_many() {
    with_few_and_many_workers("idle_may_be_awaited_anywhere_and_by_many", || {
        #[leno::main]
        async fn in_main() -> usize {
            let inner = spawn(async { timeout(LIMIT, observe::idle()).await.unwrap() });
            let others = spawn(async {
                // Two in one task, and one that is given up.
                assert!(future::poll_once(observe::idle()).await.is_none());
                future::zip(observe::idle(), observe::idle()).await
            });
            let outer = observe::idle().await;
            inner.await;
            others.await;
            outer.alive()
        }
        let threads: Vec<_> = (0..2)
            .map(|_| thread::spawn(|| block_on(timeout(LIMIT, observe::idle())).unwrap()))
            .collect();
        assert!(in_main() <= 2);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn it_is_idle_when_nobody_has_spawned() {
    Child::of("it_is_idle_when_nobody_has_spawned").run(|| {
        assert_eq!(block_on(observe::idle()).alive(), 0);
        assert_eq!(observe::metrics(), observe::Metrics::default());
    });
}

#[test]
fn the_workers_count_what_they_do() {
    with_few_and_many_workers("the_workers_count_what_they_do", || {
        block_on(spawn(async {}));
        let before = observe::metrics();
        let workers = leno::workers();
        assert_eq!(before.workers.len(), workers);
        assert_eq!(before.reactors.len(), workers + 1);
        block_on(async {
            for _ in 0..100 {
                spawn(async {
                    Timer::after(Duration::from_micros(10)).await;
                    future::yield_now().await;
                })
                .await;
            }
            let (first, second) = (
                net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
                net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            );
            let address = second.local_addr().unwrap();
            let reads = spawn(async move { second.recv(&mut [0; 8]).await });
            leno::Timer::after(Duration::from_millis(1)).await;
            first.send_to(b"word", address).await.unwrap();
            reads.await.unwrap();
        });
        let after = observe::metrics().since(&before);
        let sum = |value: fn(&observe::WorkerMetrics) -> u64| {
            after.workers.iter().map(value).sum::<u64>()
        };
        assert_eq!((after.spawned, after.alive), (101, 0));
        assert!(sum(|worker| worker.polls) >= 201, "{after}");
        assert!(sum(|worker| worker.parks) >= 1, "{after}");
        assert!(
            sum(|worker| worker.wakes) <= sum(|worker| worker.parks),
            "{after}"
        );
        let timers: u64 = after
            .reactors
            .iter()
            .map(|reactor| reactor.timers_fired)
            .sum();
        let events: u64 = after.reactors.iter().map(|reactor| reactor.events).sum();
        assert!(timers >= 1 && events >= 1, "{after}");

        // A worker that is given something while it sleeps is woken for it, and says so when it has slept.
        let wakes = || -> u64 {
            let workers = observe::metrics().workers;
            workers.iter().map(|worker| worker.wakes).sum()
        };
        let before = wakes();
        while wakes() == before {
            while !observe::metrics()
                .workers
                .iter()
                .all(|worker| worker.is_parked)
            {
                thread::yield_now();
            }
            block_on(spawn(async {}));
        }
    });
}

#[test]
fn a_line_now_and_then() {
    let ended = Child::of("a_line_now_and_then")
        .env("LENO_TRACE", "20")
        .workers(2)
        .end(|| {
            block_on(spawn(async { Timer::after(Duration::from_secs(1)).await }));
        });
    let ended = ended.expect_success();
    if !child::is_child() {
        let lines: Vec<_> = ended
            .stderr
            .lines()
            .filter(|line| line.contains(" ms: 2 workers, "))
            .collect();
        assert!(!lines.is_empty(), "{}", ended.stderr);
        assert!(lines[0].starts_with("leno: "), "{}", lines[0]);
    }
    let ended = Child::of("a_line_now_and_then")
        .variant("nonsense")
        .env("LENO_TRACE", "often")
        .end(|| block_on(spawn(async {})));
    let ended = ended.expect_success();
    assert!(
        child::is_child() || ended.stderr.contains("LENO_TRACE=often is not"),
        "{}",
        ended.stderr
    );
}

/// The child's stderr, when a task in it has blocked its thread for a second, twice.
fn stuck(variant: &str, workers: usize, settings: &[(&'static str, &str)]) -> String {
    let mut child = Child::of("a_task_that_keeps_its_thread_is_told_of")
        .variant(variant)
        .workers(workers);
    for &(name, value) in settings {
        child = child.env(name, value);
    }
    let ended = child.end(|| {
        for _ in 0..2 {
            block_on(spawn_one_that_blocks());
        }
    });
    ended.expect_success().stderr
}

/// Line of the spawn in `spawn_one_that_blocks`.
const SPAWN: u32 = line!() + 4;

fn spawn_one_that_blocks() -> leno::Task<()> {
    // The next line is what the warning names.
    spawn(async { thread::sleep(Duration::from_secs(1)) })
}

#[test]
fn a_task_that_keeps_its_thread_is_told_of() {
    let place = format!("promise_observation.rs:{SPAWN}:5");
    let observed = ("LENO_OBSERVE", "1");
    let checks: [(&str, usize, &[_], Option<&str>); 6] = [
        (
            "while it does",
            2,
            &[observed],
            Some("has kept the thread leno-"),
        ),
        (
            "afterwards",
            1,
            &[observed],
            Some(" kept the thread leno-0 for "),
        ),
        (
            "debug",
            2,
            &[],
            cfg!(debug_assertions).then_some("has kept the thread leno-"),
        ),
        ("patient", 2, &[observed, ("LENO_STUCK", "60000")], None),
        ("never", 1, &[observed, ("LENO_STUCK", "0")], None),
        (
            "impatient",
            1,
            &[observed, ("LENO_STUCK", "1")],
            Some("kept the thread leno-0"),
        ),
    ];
    for (variant, workers, settings, expected) in checks {
        let stderr = stuck(variant, workers, settings);
        if child::is_child() {
            continue;
        }
        match expected {
            None => assert!(!stderr.contains("the thread"), "{variant}: {stderr}"),
            Some(expected) => {
                assert!(stderr.contains(expected), "{variant}: {stderr}");
                assert_eq!(stderr.matches(&place).count(), 1, "{variant}: {stderr}");
            }
        }
    }
}
