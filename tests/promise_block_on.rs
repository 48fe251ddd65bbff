//! Promise 2: `block_on` is re-entrant; nested levels have distinct wakers; no stale notification is left behind.

mod child;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use child::{Child, Watchdog, with_few_and_many_workers};
use leno::net::{TcpListener, TcpStream};
use leno::prelude::*;
use leno::{Timer, block_on, future, spawn};

/// The waker of the task that awaits this.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Pending until woken by somebody else `wakes` times; counts its polls.
fn until_woken(wakes: usize, polls: &Cell<usize>) -> impl Future<Output = ()> + '_ {
    let (sender, receiver) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || receiver.into_iter().for_each(Waker::wake));
    let mut parts = Some((sender, waking));
    poll_fn(move |cx| {
        polls.set(polls.get() + 1);
        let (sender, _) = parts.as_ref().expect("polled after it was ready");
        if polls.get() <= wakes {
            sender.send(cx.waker().clone()).unwrap();
            return Poll::Pending;
        }
        let (sender, waking) = parts.take().unwrap();
        drop(sender);
        waking.join().unwrap();
        Poll::Ready(())
    })
}

#[test]
fn nested_levels_have_distinct_wakers() {
    fn descend(outer: &mut Vec<Waker>) {
        if outer.len() == 10 {
            return;
        }
        block_on(async {
            let waker = own_waker().await;
            assert!(outer.iter().all(|other| !other.will_wake(&waker)));
            outer.push(waker);
            descend(outer);
        });
    }
    let _watchdog = Watchdog::new("nested levels");
    let mut wakers = Vec::new();
    descend(&mut wakers);
    // All of them are still held: the next call must not get one that somebody may use.
    let next = block_on(own_waker());
    assert!(wakers.iter().all(|waker| !waker.will_wake(&next)));
}

#[test]
fn a_wake_up_reaches_its_own_level_and_no_other() {
    let _watchdog = Watchdog::new("wake-ups of two levels");
    for _ in 0..200 {
        let outer_polls = Cell::new(0);
        let inner_polls = Cell::new(0);
        let mut nested = false;
        block_on(poll_fn(|cx| {
            outer_polls.set(outer_polls.get() + 1);
            if nested {
                return Poll::Ready(());
            }
            nested = true;
            let outer = cx.waker().clone();
            // The outer level is woken while the inner one sleeps: that is no reason to poll the inner one.
            block_on(async {
                let waking = thread::spawn(move || outer.wake());
                until_woken(3, &inner_polls).await;
                waking.join().unwrap();
            });
            Poll::Pending
        }));
        assert_eq!((outer_polls.get(), inner_polls.get()), (2, 4));
    }
}

#[test]
fn a_future_is_polled_once_a_wake_up() {
    let _watchdog = Watchdog::new("counted polls");
    let polls = Cell::new(0);
    block_on(until_woken(1_000, &polls));
    assert_eq!(polls.get(), 1_001);

    // One that wakes itself.
    let mut left = 1_000;
    let polls = Cell::new(0);
    block_on(poll_fn(|cx| {
        polls.set(polls.get() + 1);
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    assert_eq!(polls.get(), 1_001);
}

#[test]
fn no_stale_notification_is_left_behind() {
    let _watchdog = Watchdog::new("stale notifications");
    for round in 0..1_000 {
        // Wake-ups during the last poll, before and after the return, from here and from another thread.
        let waker = block_on(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(cx.waker().clone())
        }));
        let late = (round % 2 == 0).then(|| {
            let waker = waker.clone();
            thread::spawn(move || waker.wake())
        });
        waker.wake();
        let polls = Cell::new(0);
        block_on(until_woken(1, &polls));
        assert_eq!(polls.get(), 2, "woken by what belongs to an earlier call");
        if let Some(late) = late {
            late.join().unwrap();
        }
    }
}

#[test]
fn a_panic_leaves_the_thread_as_it_was() {
    let _watchdog = Watchdog::new("after a panic");
    for _ in 0..10 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                Timer::after(Duration::from_micros(50)).await;
                block_on(async { panic!("as intended") })
            })
        }));
        assert_eq!(
            *panicked.unwrap_err().downcast::<&str>().unwrap(),
            "as intended"
        );
        block_on(Timer::after(Duration::from_micros(50)));
        let polls = Cell::new(0);
        block_on(until_woken(1, &polls));
        assert_eq!(polls.get(), 2);
    }
}

#[test]
fn it_runs_nobody_elses_tasks() {
    with_few_and_many_workers("it_runs_nobody_elses_tasks", || {
        let here = thread::current().id();
        // What a task that ran here would deadlock on, or find borrowed.
        let lock = Arc::new(Mutex::new(()));
        let strangers = Arc::new(AtomicBool::new(false));
        for _ in 0..100 {
            let held = lock.lock().unwrap();
            let tasks: Vec<_> = (0..20)
                .map(|_| {
                    let strangers = strangers.clone();
                    spawn(async move {
                        future::yield_now().await;
                        if thread::current().id() == here {
                            strangers.store(true, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            drop(held);
        }
        assert!(!strangers.load(Ordering::SeqCst));
    });
}

#[test]
fn the_waker_of_the_outer_level_works_while_the_inner_one_waits() {
    // The inner level waits for what the task does that the outer level has spawned, and the other way round.
    with_few_and_many_workers(
        "the_waker_of_the_outer_level_works_while_the_inner_one_waits",
        || {
            for _ in 0..200 {
                let (go, gone) = leno::channel::bounded::<u32>(1);
                let (back, answer) = leno::channel::bounded::<u32>(1);
                block_on(async {
                    let outer = answer.recv();
                    let inner = async {
                        block_on(async {
                            go.send(1).await.unwrap();
                            Timer::after(Duration::from_micros(20)).await;
                        });
                        future::yield_now().await;
                        pending::<()>().await;
                        Ok(0)
                    };
                    let task =
                        spawn(async move { back.send(gone.recv().await.unwrap() + 1).await });
                    assert_eq!(future::or(outer, inner).await, Ok(2));
                    task.await.unwrap();
                });
            }
        },
    );
}

#[test]
fn a_task_may_block_on_another_task() {
    // With one worker nobody is left to run the other task.
    for workers in [2, 4] {
        Child::of("a_task_may_block_on_another_task")
            .variant(workers.to_string())
            .workers(workers)
            .run(|| {
                for round in 0..500u32 {
                    let task = spawn(async move { block_on(spawn(async move { round * 2 })) });
                    assert_eq!(block_on(task), round * 2);
                }
            });
    }
}

#[test]
fn threads_share_the_waiting_for_events() {
    let _watchdog = Watchdog::new("threads that share a reactor");
    // At any time one of them waits for the events of all, and each ends when it likes.
    let threads: Vec<_> = (0..8u64)
        .map(|number| {
            thread::spawn(move || {
                for round in 0..40 {
                    block_on(async {
                        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                        let address = listener.local_addr().unwrap();
                        let server = async {
                            let (mut stream, _) = listener.accept().await.unwrap();
                            let mut byte = [0];
                            stream.read_exact(&mut byte).await.unwrap();
                            stream.write_all(&byte).await.unwrap();
                        };
                        let client = async {
                            let mut stream = TcpStream::connect(address).await.unwrap();
                            Timer::after(Duration::from_micros(number * 37 + round * 11)).await;
                            stream.write_all(b"x").await.unwrap();
                            let mut byte = [0];
                            stream.read_exact(&mut byte).await.unwrap();
                        };
                        future::zip(server, client).await;
                    });
                    block_on(Timer::after(Duration::from_micros(number * 13)));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn it_works_while_a_thread_ends() {
    struct Last(mpsc::Sender<u32>);

    impl Drop for Last {
        fn drop(&mut self) {
            let value = block_on(async {
                Timer::after(Duration::from_micros(100)).await;
                spawn(async { 7 }).await
            });
            self.0.send(value).unwrap();
        }
    }

    thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });

    let _watchdog = Watchdog::new("block_on in a destructor");
    for used_before in [false, true] {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            if used_before {
                block_on(Timer::after(Duration::from_micros(10)));
            }
            LAST.set(Some(Last(sender)));
            if used_before {
                block_on(Timer::after(Duration::from_micros(10)));
            }
        });
        assert_eq!(receiver.recv(), Ok(7));
        thread.join().unwrap();
    }
}

#[test]
fn what_is_left_behind_goes_on_elsewhere() {
    let _watchdog = Watchdog::new("a timer left behind");
    // A timer that was first polled in a `block_on` and is then polled where there is none: its waker must be called.
    for _ in 0..50 {
        let mut timer = Timer::after(Duration::from_millis(2));
        block_on(async {
            assert!(future::poll_once(&mut timer).await.is_none());
        });
        let woken = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::channel();
        let waker = waker_fn(move || sender.send(()).unwrap(), woken.clone());
        let mut context = std::task::Context::from_waker(&waker);
        while std::pin::Pin::new(&mut timer)
            .poll(&mut context)
            .is_pending()
        {
            receiver.recv().unwrap();
        }
        assert!(woken.load(Ordering::SeqCst) <= 1);
    }
}

fn waker_fn(f: impl Fn() + Send + Sync + 'static, count: Arc<AtomicUsize>) -> Waker {
    struct Call<F>(F, Arc<AtomicUsize>);

    impl<F: Fn() + Send + Sync + 'static> std::task::Wake for Call<F> {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::SeqCst);
            (self.0)();
        }
    }

    Arc::new(Call(f, count)).into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_only_uses_it_has_one_thread() {
    Child::of("a_program_that_only_uses_it_has_one_thread").run(|| {
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (accepted, connected) =
                future::try_zip(listener.accept(), TcpStream::connect(address))
                    .await
                    .unwrap();
            let ((mut accepted, _), mut connected) = (accepted, connected);
            for _ in 0..100 {
                Timer::after(Duration::from_micros(50)).await;
                connected.write_all(b"x").await.unwrap();
                accepted.read_exact(&mut [0]).await.unwrap();
            }
        });
        assert_eq!(threads(), before);
    });
}
