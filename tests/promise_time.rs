//! Promise 9: far, past and zero deadlines, `Duration::MAX`, and crowds of timers do no harm.
//!
//! The clock of timers is the monotonic one, which does not jump when somebody sets the time of day.

mod child;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use child::{Watchdog, with_few_and_many_workers};
use leno::prelude::*;
use leno::{Timer, block_on, future, spawn, timeout};

const MILLION: usize = 1_000_000;
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Numbers without a pattern, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

async fn polled_once(timer: &mut Timer) -> bool {
    future::poll_once(timer).await.is_some()
}

#[test]
fn past_and_zero_are_now() {
    with_few_and_many_workers("past_and_zero_are_now", || {
        let work = async || {
            let now = Instant::now();
            for past in [
                Duration::ZERO,
                Duration::from_nanos(1),
                Duration::from_secs(5),
            ] {
                let due = now.checked_sub(past).unwrap();
                assert_eq!(Timer::at(due).await, due);
            }
            assert!(Timer::after(Duration::ZERO).await >= now);
            assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
            assert!(
                timeout(Duration::ZERO, future::pending::<()>())
                    .await
                    .is_err()
            );

            // Periods that were missed are made up for, one by one.
            let start = now.checked_sub(Duration::from_millis(10)).unwrap();
            let mut missed = Timer::interval_at(start, Duration::from_millis(1));
            for n in 0..10 {
                assert_eq!(
                    missed.next().await,
                    Some(start + Duration::from_millis(1) * n)
                );
            }
            // A period of nothing is always due.
            assert_eq!(
                Timer::interval(Duration::ZERO).take(1_000).count().await,
                1_000
            );
        };
        block_on(work());
        block_on(spawn(async move { work().await }));
    });
}

#[test]
fn far_means_later_than_everything_else() {
    with_few_and_many_workers("far_means_later_than_everything_else", || {
        let work = async || {
            let now = Instant::now();
            let instants = (0..64)
                .filter_map(|bits| now.checked_add(Duration::from_secs(1 << bits)))
                .filter(|far| *far > now + YEAR / 365);
            let durations = [
                YEAR,
                YEAR * 100,
                YEAR * 100_000,
                Duration::from_millis(u64::MAX),
                Duration::from_secs(u64::MAX),
                Duration::MAX,
            ];
            let mut far: Vec<Timer> = durations.into_iter().map(Timer::after).collect();
            far.extend(instants.map(Timer::at));
            far.extend(durations.into_iter().map(Timer::interval));
            far.push(Timer::never());
            for timer in &mut far {
                assert!(!polled_once(timer).await);
            }
            // With these in the wheel, the near ones fire as ever, each once.
            for micros in [1, 10, 100, 1_000, 10_000] {
                Timer::after(Duration::from_micros(micros)).await;
            }
            let ticks = Timer::interval(Duration::from_millis(1)).take(20);
            assert_eq!(ticks.count().await, 20);
            assert_eq!(timeout(Duration::MAX, async { 7 }).await, Ok(7));
            for timer in &mut far {
                assert!(!polled_once(timer).await);
            }
            // What was far can be made near.
            for timer in &mut far {
                timer.set_after(Duration::from_millis(1));
            }
            for timer in far {
                timer.await;
            }
        };
        block_on(work());
        block_on(spawn(async move { work().await }));
        future::block_on(work());
    });
}

#[test]
fn an_interval_that_runs_into_the_end_of_time_ends() {
    let _watchdog = Watchdog::new("an interval with a period that can't be added");
    block_on(async {
        let mut timer = Timer::interval_at(Instant::now(), Duration::from_secs(u64::MAX / 2));
        assert!(timer.next().await.is_some());
        let mut left = 0;
        while timer.will_fire() && left < 4 {
            assert!(!polled_once(&mut timer).await);
            left += 1;
        }
        assert!(!polled_once(&mut timer).await);
    });
}

#[test]
fn it_is_never_early() {
    with_few_and_many_workers("it_is_never_early", || {
        let mut random = Random(7);
        let tasks: Vec<_> = (0..2_000)
            .map(|_| {
                let wait = Duration::from_nanos(random.below(20_000_000));
                spawn(async move {
                    let before = Instant::now();
                    let due = Timer::after(wait).await;
                    let after = Instant::now();
                    assert!(due >= before + wait && after >= due);
                })
            })
            .collect();
        block_on(async {
            for task in tasks {
                task.await;
            }
        });
    });
}

#[test]
fn those_of_one_thread_fire_in_order() {
    let _watchdog = Watchdog::new("timers in order");
    let mut random = Random(11);
    let start = Instant::now();
    let fired = std::cell::RefCell::new(Vec::new());
    block_on(async {
        let mut waiting: Vec<_> = (0..500)
            .map(|_| {
                let due = start + Duration::from_micros(random.below(50_000));
                let fired = &fired;
                Box::pin(async move {
                    Timer::at(due).await;
                    fired.borrow_mut().push(due);
                })
            })
            .collect();
        // Each has a waker of its own in an executor; here all share one, and who is due is found by polling.
        poll_fn(|cx| {
            waiting.retain_mut(|waiting| waiting.as_mut().poll(cx).is_pending());
            if waiting.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    assert_eq!(fired.borrow().len(), 500);
}

#[test]
fn a_million_with_one_deadline() {
    let _watchdog = Watchdog::new("a million timers at once");
    let woken = Arc::new(Wakes::default());
    let waker = Waker::from(woken.clone());
    let due = Instant::now() + Duration::from_secs(1);
    block_on(async {
        let mut timers: Vec<Timer> = (0..MILLION).map(|_| Timer::at(due)).collect();
        // Registered, unless a busy machine took this long.
        timers.retain_mut(|timer| {
            Pin::new(timer)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        });
        for timer in timers {
            assert_eq!(timer.await, due);
        }
    });
    assert!(woken.0.load(Ordering::SeqCst) <= MILLION);
}

#[test]
fn a_million_at_random() {
    let _watchdog = Watchdog::new("a million timers at random");
    let mut random = Random(3);
    let start = Instant::now();
    let woken = Arc::new(Wakes::default());
    let waker = Waker::from(woken.clone());
    block_on(async {
        let mut waiting = 0;
        let timers: Vec<Timer> = (0..MILLION)
            .map(|_| {
                let mut timer = Timer::at(start + Duration::from_micros(random.below(3_000_000)));
                let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
                waiting += usize::from(polled.is_pending());
                timer
            })
            .filter(|timer| timer.will_fire())
            .collect();
        assert_eq!(timers.len(), waiting);
        for timer in timers {
            let due = timer.await;
            assert!(Instant::now() >= due);
        }
    });
    assert!(woken.0.load(Ordering::SeqCst) <= MILLION);
}

#[test]
fn nine_of_ten_of_a_million_cancelled() {
    let _watchdog = Watchdog::new("a million timers, most cancelled");
    let mut random = Random(5);
    let start = Instant::now();
    let woken = Arc::new(Wakes::default());
    let waker = Waker::from(woken.clone());
    block_on(async {
        let mut kept = Vec::new();
        for n in 0..MILLION {
            // The usual fate of a time-out: it is far, and cancelled long before.
            let wait = Duration::from_millis(1_000 + random.below(60_000));
            let mut timer = Timer::after(wait);
            let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            if n % 10 == 0 {
                timer.set_at(start + Duration::from_micros(random.below(2_000_000)));
                kept.push(timer);
            }
        }
        assert_eq!(kept.len(), MILLION / 10);
        for timer in kept {
            timer.await;
        }
    });
    assert!(woken.0.load(Ordering::SeqCst) <= MILLION / 10);
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_deadline_may_be_changed_while_somebody_waits() {
    with_few_and_many_workers("a_deadline_may_be_changed_while_somebody_waits", || {
        let work = async || {
            for _ in 0..100 {
                let mut timer = Timer::after(YEAR);
                // Nearer.
                assert!(!polled_once(&mut timer).await);
                timer.set_after(Duration::from_micros(200));
                (&mut timer).await;
                // From nothing, and to nothing.
                assert!(!timer.will_fire());
                timer.set_after(Duration::from_micros(100));
                assert!(!polled_once(&mut timer).await || !timer.will_fire());
                timer.clear();
                assert!(!polled_once(&mut timer).await);
                // Farther: the earlier deadline passes and means nothing.
                timer.set_after(Duration::from_micros(50));
                let _ = polled_once(&mut timer).await;
                timer.set_after(YEAR);
                Timer::after(Duration::from_micros(100)).await;
                assert!(!polled_once(&mut timer).await);
                timer.set_interval(Duration::from_micros(50));
                assert!(timer.next().await.is_some() && timer.next().await.is_some());
            }
        };
        block_on(work());
        block_on(spawn(async move { work().await }));
    });
}

#[test]
fn a_timer_may_move_between_threads() {
    with_few_and_many_workers("a_timer_may_move_between_threads", || {
        for round in 0..200u64 {
            let mut timer = Timer::after(Duration::from_micros(300 + round * 5));
            // Polled on a worker, in `block_on`, and awaited somewhere else again.
            let mut timer = block_on(spawn(async move {
                let _ = polled_once(&mut timer).await;
                timer
            }));
            block_on(async {
                let _ = polled_once(&mut timer).await;
            });
            if !timer.will_fire() {
                continue;
            }
            match round % 3 {
                0 => drop(block_on(timer)),
                1 => drop(block_on(spawn(timer))),
                _ => drop(
                    thread::spawn(move || future::block_on(timer))
                        .join()
                        .unwrap(),
                ),
            }
        }
    });
}

#[test]
fn timers_are_dropped_and_fire_at_once() {
    with_few_and_many_workers("timers_are_dropped_and_fire_at_once", || {
        let mut random = Random(13);
        let (sender, receiver) = mpsc::channel::<Vec<Timer>>();
        let dropping = thread::spawn(move || receiver.into_iter().for_each(drop));
        for _ in 0..200 {
            let waits: Vec<_> = (0..50).map(|_| random.below(500)).collect();
            let mut timers = block_on(spawn(async move {
                let mut timers = Vec::new();
                for wait in waits {
                    let mut timer = Timer::after(Duration::from_micros(wait));
                    let _ = polled_once(&mut timer).await;
                    timers.push(timer);
                }
                timers
            }));
            let rest = timers.split_off(25);
            sender.send(timers).unwrap();
            block_on(async {
                for timer in rest.into_iter().filter(Timer::will_fire) {
                    timer.await;
                }
            });
        }
        drop(sender);
        dropping.join().unwrap();
    });
}

#[test]
fn an_earlier_deadline_ends_a_longer_sleep() {
    with_few_and_many_workers("an_earlier_deadline_ends_a_longer_sleep", || {
        // All workers, and this thread, sleep until far away. What is near is set by others.
        let _far: Vec<_> = (0..8)
            .map(|_| spawn(Timer::after(Duration::from_secs(3_600))))
            .collect();
        let sleeping = thread::spawn(|| {
            block_on(timeout(Duration::from_secs(3_600), future::pending::<()>())).is_err()
        });
        for _ in 0..200 {
            block_on(spawn(Timer::after(Duration::from_micros(300))));
            block_on(Timer::after(Duration::from_micros(100)));
            future::block_on(Timer::after(Duration::from_micros(100)));
        }
        assert!(!sleeping.is_finished());
    });
}

#[test]
fn timers_that_are_always_due_starve_nobody() {
    with_few_and_many_workers("timers_that_are_always_due_starve_nobody", || {
        let stop = Arc::new(AtomicBool::new(false));
        let greedy: Vec<_> = (0..4)
            .map(|n| {
                let stop = stop.clone();
                spawn(async move {
                    let mut always = Timer::interval(Duration::ZERO);
                    while !stop.load(Ordering::SeqCst) {
                        match n % 2 {
                            0 => drop(Timer::after(Duration::ZERO).await),
                            _ => drop(always.next().await),
                        }
                    }
                })
            })
            .collect();
        let modest = spawn(async {
            for _ in 0..20 {
                Timer::after(Duration::from_micros(100)).await;
                future::yield_now().await;
            }
        });
        block_on(modest);
        stop.store(true, Ordering::SeqCst);
        block_on(async {
            for task in greedy {
                task.await;
            }
        });
    });
}

#[test]
fn a_timeout_leaves_its_future_to_its_end() {
    let _watchdog = Watchdog::new("time-outs");
    block_on(async {
        let mut polls = 0;
        let result = timeout(
            Duration::from_secs(3_600),
            poll_fn(|cx| {
                polls += 1;
                if polls == 3 {
                    return Poll::Ready(polls);
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }),
        );
        assert_eq!(result.await, Ok(3));
        let mut limited = pin!(timeout(Duration::from_millis(1), future::pending::<()>()));
        assert!(limited.as_mut().await.is_err());
    });
}
