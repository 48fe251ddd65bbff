//! The pool while the OS gives it threads; `refusal` is about when it doesn't.

use super::*;
use crate::blocking::{Call, launch};

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, mpsc};
use std::task::Poll;

use async_task::Task;
use futures_lite::future::block_on;

mod refusal;

/// Long enough for any machine; only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn pool(max_threads: usize) -> Arc<Pool> {
    Arc::new(Pool::new(max_threads, IDLE_LIMIT, os_threads()))
}

/// An OS that can be told to refuse threads, and counts how often it was asked for one.
#[derive(Default)]
struct FakeOs {
    refuses: AtomicBool,
    asked: AtomicUsize,
}

impl FakeOs {
    fn pool(self: &Arc<Self>, max_threads: usize) -> Arc<Pool> {
        self.pool_with(max_threads, IDLE_LIMIT)
    }

    fn pool_with(self: &Arc<Self>, max_threads: usize, idle_limit: Duration) -> Arc<Pool> {
        let os = self.clone();
        let spawner: Spawner = Box::new(move |name, body| {
            os.asked.fetch_add(1, SeqCst);
            if os.refuses.load(SeqCst) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            os_threads()(name, body)
        });
        Arc::new(Pool::new(max_threads, idle_limit, spawner))
    }

    fn refusing() -> Arc<Self> {
        let os = Arc::new(FakeOs::default());
        os.refuses.store(true, SeqCst);
        os
    }
}

fn spawn<T: Send + 'static>(pool: &Arc<Pool>, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
    spawn_future(pool, Call(Some(f)))
}

fn spawn_future<F>(pool: &Arc<Pool>, future: F) -> Task<F::Output>
where
    F: Future + Unpin + Send + 'static,
    F::Output: Send + 'static,
{
    let pool = pool.clone();
    launch(future, move |job, info| pool.schedule(job, info))
}

/// Waits for something that comes true by itself.
#[track_caller]
fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn threads(pool: &Pool) -> usize {
    pool.lock().threads
}

fn all_idle(pool: &Pool) -> bool {
    let state = pool.lock();
    state.idle.len() == state.threads
}

/// Fails the test, instead of hanging it, when `f` doesn't end.
fn in_time<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(f()));
    result
        .recv_timeout(PATIENCE)
        .expect("ends in time, without a panic")
}

/// A job that has started, and goes on when told.
struct Held {
    go: mpsc::Sender<()>,
    task: Task<thread::ThreadId>,
}

impl Held {
    fn start(pool: &Arc<Pool>) -> Held {
        let (go, wait) = mpsc::channel();
        let (started, starts) = mpsc::channel();
        let task = spawn(pool, move || {
            started.send(()).unwrap();
            wait.recv_timeout(PATIENCE).expect("told to go on");
            thread::current().id()
        });
        starts.recv_timeout(PATIENCE).expect("started");
        Held { go, task }
    }

    fn finish(self) -> thread::ThreadId {
        self.go.send(()).unwrap();
        block_on(self.task)
    }
}

#[test]
fn results_come_back_from_named_threads() {
    let pool = pool(4);
    let name = spawn(&pool, || thread::current().name().map(str::to_owned));
    assert_eq!(block_on(name).as_deref(), Some("leno-blocking-0"));
    let tasks: Vec<_> = (0..100u64).map(|i| spawn(&pool, move || i * i)).collect();
    for (i, task) in (0u64..).zip(tasks) {
        assert_eq!(block_on(task), i * i);
    }
}

#[test]
fn a_task_dropped_before_its_start_is_not_run_but_dropped() {
    let pool = pool(1);
    let held = Held::start(&pool);
    let ran = Arc::new(AtomicBool::new(false));
    let flag = ran.clone();
    drop(spawn(&pool, move || flag.store(true, SeqCst)));
    let next = spawn(&pool, || ());
    held.finish();
    block_on(next);
    assert!(!ran.load(SeqCst));
    assert_eq!(Arc::strong_count(&ran), 1, "the closure is dropped");
}

#[test]
fn a_task_dropped_after_its_start_runs_to_its_end() {
    let pool = pool(1);
    let (go, wait) = mpsc::channel::<()>();
    let (says, hears) = mpsc::channel();
    let task = spawn(&pool, move || {
        says.send("started").unwrap();
        wait.recv_timeout(PATIENCE).unwrap();
        says.send("ended").unwrap();
    });
    assert_eq!(hears.recv_timeout(PATIENCE), Ok("started"));
    drop(task);
    go.send(()).unwrap();
    assert_eq!(hears.recv_timeout(PATIENCE), Ok("ended"));
}

#[test]
fn a_detached_task_runs() {
    let pool = pool(1);
    let (says, hears) = mpsc::channel();
    spawn(&pool, move || says.send(7).unwrap()).detach();
    assert_eq!(hears.recv_timeout(PATIENCE), Ok(7));
}

#[test]
fn a_panic_reaches_whoever_awaits_and_spares_the_thread() {
    let os = Arc::new(FakeOs::default());
    let pool = os.pool(1);
    let held = Held::start(&pool);
    let panics = spawn(&pool, || panic!("of the closure"));
    // A panic that nobody awaits.
    spawn(&pool, || panic!("of a detached closure")).detach();
    // A closure that is dropped unrun, and panics at that.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("of the drop of a captured value");
        }
    }
    let bomb = Bomb;
    drop(spawn(&pool, move || drop(bomb)));
    let last = spawn(&pool, || thread::current().id());

    let first = held.finish();
    let payload = catch_unwind(AssertUnwindSafe(|| block_on(panics))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"of the closure"));
    assert_eq!(block_on(last), first, "one thread did it all");
    assert_eq!(os.asked.load(SeqCst), 1);
}

#[test]
fn an_idle_pool_shrinks_to_nothing_and_grows_again() {
    let pool = pool(20);
    let all = Arc::new(Barrier::new(21));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let all = all.clone();
            spawn(&pool, move || all.wait().is_leader())
        })
        .collect();
    assert_eq!(threads(&pool), 20);
    all.wait();
    for task in tasks {
        block_on(task);
    }
    eventually("no thread", || threads(&pool) == 0);
    let state = pool.lock();
    assert_eq!(
        (state.coming, state.idle.capacity(), state.queue.capacity()),
        (0, 0, 0)
    );
    drop(state);
    // Threads that have ended hold no reference; the last ones may just be letting go of theirs.
    eventually("no reference", || Arc::strong_count(&pool) == 1);
    assert_eq!(block_on(spawn(&pool, || 1)), 1);
}

#[test]
fn idle_threads_are_used_first_and_the_latest_one_first_of_all() {
    let os = Arc::new(FakeOs::default());
    // One that doesn't shrink while this test looks away.
    let pool = os.pool_with(8, PATIENCE);
    let held: Vec<_> = (0..3).map(|_| Held::start(&pool)).collect();
    for held in held {
        held.finish();
    }
    eventually("three idle threads", || pool.lock().idle.len() == 3);

    let mut used = Vec::new();
    for _ in 0..20 {
        used.push(block_on(spawn(&pool, || thread::current().id())));
        eventually("three idle threads", || all_idle(&pool));
    }
    used.dedup();
    assert_eq!(used.len(), 1, "the others may end");
    assert_eq!(os.asked.load(SeqCst), 3);
}

#[test]
fn a_called_thread_is_not_called_twice() {
    in_time(|| {
        let pool = pool(2);
        for _ in 0..200 {
            // Each of the two waits for the other, so they need two threads, however many are idle.
            let both = Arc::new(Barrier::new(2));
            let other = both.clone();
            let one = spawn(&pool, move || both.wait().is_leader());
            let two = spawn(&pool, move || other.wait().is_leader());
            assert_ne!(block_on(one), block_on(two));
            // Sometimes with one or two idle threads, sometimes with busy ones.
            thread::yield_now();
        }
    });
}

#[test]
fn never_more_threads_than_allowed() {
    in_time(|| {
        let os = Arc::new(FakeOs::default());
        let pool = os.pool(4);
        let four = Arc::new(Barrier::new(4));
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (four, running, most) = (four.clone(), running.clone(), most.clone());
                spawn(&pool, move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    // Four do run at once: none gets past this before.
                    four.wait();
                    running.fetch_sub(1, SeqCst);
                })
            })
            .collect();
        assert_eq!(threads(&pool), 4);
        for task in tasks {
            block_on(task);
        }
        assert_eq!(most.load(SeqCst), 4);
        assert_eq!(os.asked.load(SeqCst), 4);
    });
}

/// Gives `pool` 10,000 jobs from four threads; true when each has run once.
fn ten_thousand_jobs(pool: &Arc<Pool>, pause: fn(u64)) {
    let sum = Arc::new(AtomicU64::new(0));
    let givers: Vec<_> = (0..4u64)
        .map(|giver| {
            let (pool, sum) = (pool.clone(), sum.clone());
            thread::spawn(move || {
                let tasks: Vec<_> = (0..2_500)
                    .map(|i| {
                        pause(i);
                        let sum = sum.clone();
                        spawn(&pool, move || sum.fetch_add(giver * 2_500 + i, SeqCst))
                    })
                    .collect();
                for task in tasks {
                    block_on(task);
                }
            })
        })
        .collect();
    for giver in givers {
        giver.join().unwrap();
    }
    assert_eq!(sum.load(SeqCst), (0..10_000).sum());
}

#[test]
fn ten_thousand_jobs_from_four_threads() {
    let pool = pool(16);
    in_time({
        let pool = pool.clone();
        move || ten_thousand_jobs(&pool, |_| {})
    });
    assert!(threads(&pool) <= 16);
    eventually("no thread", || threads(&pool) == 0);
}

#[test]
fn no_job_is_left_to_a_thread_that_ends() {
    in_time(|| {
        // Threads that end as soon as they are idle: each job meets some that are just ending.
        let pool = Arc::new(Pool::new(2, Duration::ZERO, os_threads()));
        ten_thousand_jobs(&pool, |i| {
            if i % 3 == 0 {
                thread::yield_now();
            }
        });
        eventually("no thread", || threads(&pool) == 0);
    });
}

#[test]
fn a_thread_at_the_end_of_its_time_takes_a_job_meant_for_a_late_one() {
    in_time(|| {
        loop {
            // The second thread is under way for as long as this test wants.
            let (entered, enters) = mpsc::channel();
            let (go, wait) = mpsc::channel::<()>();
            let late = Mutex::new((0, wait));
            let spawner: Spawner = Box::new(move |name, body| {
                let mut late = late.lock().unwrap();
                late.0 += 1;
                if late.0 == 2 {
                    entered.send(()).unwrap();
                    late.1.recv().unwrap();
                }
                os_threads()(name, body)
            });
            let pool = Arc::new(Pool::new(2, Duration::from_millis(100), spawner));
            let held = Held::start(&pool);
            let asks = thread::spawn({
                let pool = pool.clone();
                move || block_on(spawn(&pool, || ()))
            });
            enters.recv().unwrap();
            // The first thread does what the late one was asked for.
            held.finish();
            eventually("idle", || pool.lock().queue.is_empty());
            let job = spawn(&pool, || ());
            let both_counted = threads(&pool) == 2;
            if both_counted {
                block_on(job);
            }
            go.send(()).unwrap();
            asks.join().unwrap();
            if both_counted {
                return;
            }
            // The first thread had ended before it could be given the job.
        }
    });
}

#[test]
fn a_higher_limit_serves_what_waits() {
    let pool = pool(1);
    let held = Held::start(&pool);
    let waiting = [(); 3].map(|()| spawn(&pool, || thread::current().id()));
    assert_eq!(threads(&pool), 1);
    pool.set_max_threads(3);
    // They get threads while the first one is held.
    in_time(move || waiting.map(block_on));
    held.finish();
    assert!(threads(&pool) <= 3);
}

/// A pool whose idle threads do not end by themselves while the test lasts.
fn patient_pool(max_threads: usize) -> Arc<Pool> {
    Arc::new(Pool::new(max_threads, 10 * PATIENCE, os_threads()))
}

#[test]
fn a_lower_limit_ends_threads_and_loses_no_job() {
    let pool = patient_pool(4);
    let mut held: Vec<Held> = [(); 4].map(|()| Held::start(&pool)).into();
    assert_eq!(threads(&pool), 4);
    pool.set_max_threads(1);
    let waiting = [(); 10].map(|()| spawn(&pool, || ()));
    let last = held.pop().unwrap();
    for held in held {
        held.finish();
    }
    eventually("the threads above the limit end", || threads(&pool) == 1);
    last.finish();
    in_time(move || waiting.map(block_on));
    assert_eq!(threads(&pool), 1);
}

#[test]
fn a_lower_limit_loses_no_job_when_all_threads_sleep() {
    let pool = patient_pool(3);
    for held in [(); 3].map(|()| Held::start(&pool)) {
        held.finish();
    }
    eventually("all are idle", || all_idle(&pool));
    pool.set_max_threads(1);
    let jobs = [(); 20].map(|()| spawn(&pool, || ()));
    in_time(move || jobs.map(block_on));
    eventually("one is left", || threads(&pool) == 1);
}
