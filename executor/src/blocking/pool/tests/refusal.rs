use super::*;

#[test]
fn refused_now_and_then_under_load() {
    in_time(|| {
        let asked = AtomicUsize::new(0);
        let spawner: Spawner = Box::new(move |name, body| {
            if asked.fetch_add(1, SeqCst) % 3 != 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            os_threads()(name, body)
        });
        let pool = Arc::new(Pool::new(4, Duration::ZERO, spawner));
        ten_thousand_jobs(&pool, |_| {});
        eventually("no thread", || threads(&pool) == 0);
    });
}

#[test]
fn refused_at_first_use_the_caller_does_it() {
    let os = FakeOs::refusing();
    let pool = os.pool(4);
    for attempt in 1..=3 {
        let task = spawn(&pool, || thread::current().id());
        assert!(task.is_finished());
        assert_eq!(block_on(task), thread::current().id());
        assert_eq!(os.asked.load(SeqCst), attempt, "each call tries again");
        assert_eq!(threads(&pool), 0);
    }
    // A panic doesn't get at the caller of `unblock` either.
    let panics = spawn(&pool, || panic!("of the closure"));
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(panics))).is_err());

    os.refuses.store(false, SeqCst);
    let id = block_on(spawn(&pool, || thread::current().id()));
    assert_ne!(id, thread::current().id(), "there are threads again");
}

#[test]
fn refused_at_first_use_the_last_resort_does_it() {
    static HANDED_OVER: Mutex<Vec<Runnable>> = Mutex::new(Vec::new());
    let os = FakeOs::refusing();
    let pool = os.pool(4);
    pool.set_last_resort(|job| HANDED_OVER.lock().unwrap().push(job));

    // It yields, so it is handed over twice.
    let mut yielded = false;
    let task = spawn_future(
        &pool,
        poll_fn(move |cx| {
            if mem::replace(&mut yielded, true) {
                return Poll::Ready(5);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }),
    );
    assert!(!task.is_finished());
    for _ in 0..2 {
        let jobs = mem::take(&mut *HANDED_OVER.lock().unwrap());
        assert_eq!(jobs.len(), 1);
        jobs.into_iter().for_each(run);
    }
    assert_eq!(block_on(task), 5);
}

#[test]
fn refused_in_mid_run_the_job_waits_for_the_thread_there_is() {
    let os = Arc::new(FakeOs::default());
    let pool = os.pool(4);
    let held = Held::start(&pool);
    os.refuses.store(true, SeqCst);
    let waits = spawn(&pool, || thread::current().id());
    assert_eq!(os.asked.load(SeqCst), 2);
    assert_eq!(threads(&pool), 1);
    assert!(!waits.is_finished());
    let thread = held.finish();
    assert_eq!(block_on(waits), thread);
}

#[test]
fn when_threads_are_back_all_waiting_jobs_get_one() {
    in_time(|| {
        let os = Arc::new(FakeOs::default());
        let pool = os.pool(8);
        let held = Held::start(&pool);
        os.refuses.store(true, SeqCst);
        let together = Arc::new(Barrier::new(4));
        let wait = |_| {
            let together = together.clone();
            spawn(&pool, move || together.wait().is_leader())
        };
        let mut tasks: Vec<_> = (0..3).map(wait).collect();
        os.refuses.store(false, SeqCst);
        // Gets a thread, which gets the other three one each; the held thread is of no help.
        tasks.push(wait(3));
        let leaders = tasks.into_iter().map(block_on).filter(|leads| *leads);
        assert_eq!(leaders.count(), 1);
        held.finish();
    });
}

#[test]
fn without_threads_a_job_may_wait_for_another() {
    in_time(|| {
        let pool = FakeOs::refusing().pool(4);
        let inner = pool.clone();
        let task = spawn(&pool, move || block_on(spawn(&inner, || 3)) + 1);
        assert_eq!(block_on(task), 4);
    });
}

#[test]
fn without_threads_a_job_that_yields_needs_no_deep_stack() {
    in_time(|| {
        let pool = FakeOs::refusing().pool(4);
        let mut left = 100_000;
        let task = spawn_future(
            &pool,
            poll_fn(move |cx| {
                if left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }),
        );
        block_on(task);
    });
}
