//! A group of tasks: every output comes once, in the order of the ends or of the beginnings; an error or a panic ends the
//! others; and no task outlives its group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use leno::future::{self, FutureExt};
use leno::{Executor, TaskGroup, Timer, block_on, channel, prelude::*};

const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test`, and fails if it hangs.
fn ends<T>(test: impl Future<Output = T>) -> T {
    block_on(leno::timeout(LIMIT, test)).expect("somebody waits for ever")
}

/// Counts how many of it exist.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Alive {
        count.fetch_add(1, Ordering::SeqCst);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A task that never ends by itself, and is counted as long as its future exists.
async fn endless(alive: Alive) -> Result<(), &'static str> {
    future::pending::<()>().await;
    drop(alive);
    Ok(())
}

#[test]
fn outputs_come_in_the_order_of_the_ends() {
    ends(async {
        let mut group = TaskGroup::new();
        let gates: Vec<_> = (0..5).map(|_| channel::bounded::<()>(1)).collect();
        for (n, (_, gate)) in gates.iter().enumerate() {
            let gate = gate.clone();
            group.spawn(async move {
                gate.recv().await.unwrap();
                n
            });
        }
        for n in [3, 0, 4, 1, 2] {
            assert!(future::poll_once(group.next()).await.is_none());
            gates[n].0.send(()).await.unwrap();
            assert_eq!(group.next().await, Some(n));
        }
        assert_eq!(group.next().await, None);
    });
}

#[test]
fn join_returns_in_the_order_of_the_beginnings() {
    ends(async {
        let mut group = TaskGroup::new();
        group.spawn(async { 1000 });
        assert_eq!(group.next().await, Some(1000));
        // The place is used again, and the order is that of the spawns all the same.
        for n in 0..100_u64 {
            group.spawn(async move {
                Timer::after(Duration::from_micros(100 * (n * 37 % 100))).await;
                n
            });
        }
        assert_eq!(group.join().await, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn every_output_comes_once() {
    const TASKS: usize = 20_000;
    ends(async {
        let mut group = TaskGroup::new();
        let mut seen = vec![false; TASKS];
        let mut see = |n: usize| assert!(!std::mem::replace(&mut seen[n], true));
        for n in 0..TASKS {
            group.spawn(async move {
                for _ in 0..n % 3 {
                    future::yield_now().await;
                }
                n
            });
            if n % 7 == 0 {
                if let Some(n) = group.try_next() {
                    see(n);
                }
            }
            if n % 1000 == 0 {
                // Given up again and again.
                if let Some(Some(n)) = future::poll_once(group.next()).await {
                    see(n);
                }
            }
        }
        while let Some(n) = group.next().await {
            see(n);
        }
        assert!(seen.into_iter().all(|seen| seen));
        assert_eq!(group.len(), 0);
    });
}

#[test]
fn the_first_error_ends_the_others_and_they_are_gone() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        let mut group = TaskGroup::new();
        for _ in 0..100 {
            group.spawn(endless(Alive::new(&count)));
        }
        group.spawn(async { Err("one") });
        assert_eq!(group.try_join().await, Err("one"));
        assert_eq!(count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn without_an_error_there_are_all_outputs() {
    ends(async {
        let mut group = TaskGroup::new();
        for n in 0..10 {
            group.spawn(async move { Ok::<_, ()>(n) });
        }
        assert_eq!(group.try_join().await, Ok((0..10).collect()));
        assert_eq!(
            TaskGroup::<Result<(), ()>>::new().try_join().await,
            Ok(vec![])
        );
    });
}

#[test]
fn a_panic_ends_the_others_and_goes_on_when_they_are_gone() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        for by_error in [false, true] {
            let mut group = TaskGroup::new();
            for _ in 0..100 {
                group.spawn(endless(Alive::new(&count)));
            }
            group.spawn(async { panic!("on purpose") });
            let outcome = if by_error {
                AssertUnwindSafe(group.try_join())
                    .catch_unwind()
                    .await
                    .err()
            } else {
                AssertUnwindSafe(group.join()).catch_unwind().await.err()
            };
            let payload = outcome.expect("it panics");
            assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
    });
}

#[test]
fn a_panic_beside_an_error_is_not_hidden() {
    ends(async {
        let failed = leno::spawn(async { Err::<(), _>(()) });
        let panicked = leno::spawn(async { panic!("on purpose") });
        while !(failed.is_finished() && panicked.is_finished()) {
            future::yield_now().await;
        }
        // The error is the first to be looked at.
        let group: TaskGroup<_> = [failed, panicked].into_iter().collect();
        let outcome = AssertUnwindSafe(group.try_join()).catch_unwind().await;
        assert!(outcome.is_err());
    });
}

#[test]
fn the_group_goes_on_after_a_panic() {
    ends(async {
        let mut group = TaskGroup::new();
        for n in 0..10 {
            group.spawn(async move {
                assert!(n % 2 == 0, "on purpose");
                n
            });
        }
        let (mut sum, mut panics) = (0, 0);
        loop {
            match AssertUnwindSafe(group.next()).catch_unwind().await {
                Ok(Some(n)) => sum += n,
                Ok(None) => break,
                Err(_) => panics += 1,
            }
        }
        assert_eq!((sum, panics, group.len()), (20, 5, 0));
    });
}

#[test]
fn cancel_waits_for_those_that_are_being_run() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        for _ in 0..50 {
            let mut group = TaskGroup::new();
            for _ in 0..10 {
                let alive = Alive::new(&count);
                group.spawn(async move {
                    let _alive = alive;
                    loop {
                        future::yield_now().await;
                    }
                });
            }
            group.spawn(async {});
            future::yield_now().await;
            group.cancel().await;
            assert_eq!(count.load(Ordering::SeqCst), 0);
            assert_eq!(group.next().await, None);
            // And it can be used again.
            group.spawn(async {});
            assert_eq!(group.next().await, Some(()));
        }
    });
}

#[test]
fn dropping_the_group_cancels_all() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        let mut group = TaskGroup::new();
        for _ in 0..100 {
            group.spawn(endless(Alive::new(&count)));
        }
        assert_eq!(group.len(), 100);
        drop(group);
        while count.load(Ordering::SeqCst) > 0 {
            future::yield_now().await;
        }
    });
}

#[test]
fn giving_up_try_join_cancels_all() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        let mut group = TaskGroup::new();
        group.spawn(endless(Alive::new(&count)));
        assert!(future::poll_once(group.try_join()).await.is_none());
        while count.load(Ordering::SeqCst) > 0 {
            future::yield_now().await;
        }
    });
}

#[test]
fn finished_tasks_leave_nothing_behind() {
    let count = Arc::new(AtomicUsize::new(0));
    ends(async {
        let mut group = TaskGroup::new();
        for _ in 0..10_000 {
            let alive = Alive::new(&count);
            group.spawn(async move { alive });
            while group.try_next().is_some() {}
            if group.len() > 100 {
                group.next().await;
            }
            assert!(count.load(Ordering::SeqCst) <= 101);
        }
        while group.next().await.is_some() {}
        assert_eq!(count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn tasks_of_any_executor() {
    let executor = Executor::new();
    let mut group = TaskGroup::new();
    executor.spawn_many((0..10).map(|n| async move { n }), &mut group);
    let sum = ends(executor.run(async { group.join().await.into_iter().sum::<u32>() }));
    assert_eq!(sum, 45);

    let local = leno::LocalExecutor::new();
    let mut group: TaskGroup<_> = (0..10)
        .map(|n| local.spawn(async move { std::rc::Rc::new(n) }))
        .collect();
    let mut sum = 0;
    ends(local.run(async {
        while let Some(n) = group.next().await {
            sum += *n;
        }
    }));
    assert_eq!(sum, 45);
}

#[test]
fn a_group_is_a_stream() {
    ends(async {
        let mut group = TaskGroup::new();
        for n in 0..10 {
            group.spawn(async move { n });
        }
        assert_eq!(group.size_hint(), (10, Some(10)));
        assert_eq!(group.fold(0, |sum, n| sum + n).await, 45);
    });
}

/// A task that comes while somebody waits is noticed, though nothing else happens.
#[test]
fn a_task_that_is_added_wakes_who_waits() {
    ends(async {
        let mut group = TaskGroup::new();
        group.spawn(future::pending());
        let mut added = false;
        let output = future::poll_fn(|cx| {
            if let Poll::Ready(output) = std::pin::pin!(&mut group).poll_next(cx) {
                return Poll::Ready(output);
            }
            if !std::mem::replace(&mut added, true) {
                group.add(leno::unblock(|| 7));
            }
            Poll::Pending
        });
        assert_eq!(output.await, Some(7));
    });
}

#[test]
fn what_a_group_is() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<TaskGroup<u8>>();
    assert!(format!("{:?}", TaskGroup::<u8>::new()).starts_with("TaskGroup"));
}

/// What is cancelled may panic in its drop, and harms nobody.
#[test]
fn a_bomb_in_the_group() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let outcome = catch_unwind(|| {
        ends(async {
            let mut group = TaskGroup::new();
            group.spawn(async {
                let _bomb = Bomb;
                future::pending::<()>().await;
            });
            future::yield_now().await;
            // A cancelled future's panic ends in its task, as everywhere.
            group.cancel().await;
            group.len()
        })
    });
    assert_eq!(outcome.ok(), Some(0));
}
