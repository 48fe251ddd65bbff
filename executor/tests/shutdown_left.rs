//! `shutdown` of tasks that never end. The only test of its process, because a process has one runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_lite::future;
use leno_executor::{Builder, shutdown, spawn};

/// Against hangs.
const LONG: Duration = Duration::from_secs(30);

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn tasks_that_always_yield_are_stopped_and_dropped() {
    const TASKS: usize = 20;

    Builder::new().workers(2).track_tasks(true).start().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let drops = Arc::new(AtomicUsize::new(0));
    for _ in 0..TASKS {
        let (polls, guard) = (polls.clone(), CountDrop(drops.clone()));
        spawn(async move {
            let _guard = guard;
            loop {
                polls.fetch_add(1, Ordering::SeqCst);
                future::yield_now().await;
            }
        })
        .detach();
    }
    let limit = Instant::now() + LONG;
    while polls.load(Ordering::SeqCst) < TASKS {
        assert!(Instant::now() < limit);
        std::thread::yield_now();
    }
    assert_eq!(shutdown(Duration::from_millis(1)).unwrap(), TASKS);
    assert_eq!(drops.load(Ordering::SeqCst), TASKS, "each once");
    let polled = polls.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(polls.load(Ordering::SeqCst), polled, "they run no further");
}
