//! One job under each model: a thread each, a pool, all on one thread, many on a few. And what one blocking call does to each.
//!
//! From: the article's 1:1, N:1 and N:M. What Go and Loom have that leno does not: their standard libraries know most calls
//! that block, and get another thread for the others (Go for all of them, Loom for files).

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::{LocalExecutor, Timer};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::{self, Meter, Spent};
use crate::settings::Settings;
use crate::stackful::{Fibers, Stackful, THREAD_STACK};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "models",
    group: Group::Models,
    title: "One job, a blocking call, and four models",
    answers: &["C1", "C6", "C30"],
    from: &["pthreads", "green threads", "Go", "Loom"],
    run,
    child: Some(|case| answer(case, work)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Model {
    /// 1:1.
    ThreadEach,
    /// Jobs that run to their end on a fixed number of threads.
    Pool,
    /// N:1.
    OneThread,
    /// N:M, as state machines.
    Tasks,
    /// N:M, as stacks.
    Fibers,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    model: Model,
    jobs: usize,
    wait_ms: u64,
    /// How long one of the jobs blocks its thread; 0 for not at all.
    block_ms: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Worked {
    spent: Spent,
    threads: u64,
    finished: usize,
    gap_ms: f64,
}

/// How often the heart beats.
const BEAT: Duration = Duration::from_millis(2);
const WORKERS: usize = 2;

/// The longest time between two beats.
#[derive(Clone, Default)]
struct Heart(Arc<Mutex<(Option<Instant>, Duration)>>);

impl Heart {
    fn beat(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(last) = state.0.replace(now) {
            state.1 = state.1.max(now - last);
        }
    }

    fn longest_gap(&self) -> Duration {
        self.beat();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

fn work(case: Case) -> Result<Worked> {
    let heart = Heart::default();
    let meter = Meter::start();
    let (threads, finished) = match case.model {
        Model::ThreadEach => by_threads(&case, &heart),
        Model::Pool => by_pool(&case, &heart),
        Model::OneThread => {
            let local = LocalExecutor::new();
            leno::block_on(local.run(by_tasks(&case, &heart, |job| local.spawn(job))))
        }
        Model::Tasks => leno::block_on(leno::spawn({
            let heart = heart.clone();
            async move { by_tasks(&case, &heart, leno::spawn).await }
        })),
        Model::Fibers => Fibers::enter({
            let heart = heart.clone();
            move || by_fibers(&case, &heart)
        })?,
    };
    Ok(Worked {
        spent: meter.stop(),
        threads,
        finished,
        gap_ms: heart.longest_gap().as_secs_f64() * 1e3,
    })
}

/// Something that the operating system makes the thread wait for, and does not tell anybody else about.
fn block(case: &Case) {
    thread::sleep(Duration::from_millis(case.block_ms));
}

async fn by_tasks<F>(case: &Case, heart: &Heart, spawn: F) -> (u64, usize)
where
    F: Fn(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) -> leno::Task<()>,
{
    let case = *case;
    let beating = spawn(Box::pin({
        let heart = heart.clone();
        async move {
            loop {
                heart.beat();
                Timer::after(BEAT).await;
            }
        }
    }));
    let jobs: Vec<_> = (0..case.jobs)
        .map(|job| {
            spawn(Box::pin(async move {
                if job == case.jobs / 2 {
                    block(&case);
                }
                Timer::after(Duration::from_millis(case.wait_ms)).await;
            }))
        })
        .collect();
    let threads = measure::threads();
    let mut finished = 0;
    for job in jobs {
        job.await;
        finished += 1;
    }
    beating.cancel().await;
    (threads, finished)
}

fn by_fibers(case: &Case, heart: &Heart) -> (u64, usize) {
    let case = *case;
    let heart = heart.clone();
    let beating = Fibers::spawn(move || {
        loop {
            heart.beat();
            Fibers::sleep(BEAT);
        }
    });
    let jobs: Vec<_> = (0..case.jobs)
        .map(|job| {
            Fibers::spawn(move || {
                if job == case.jobs / 2 {
                    block(&case);
                }
                Fibers::sleep(Duration::from_millis(case.wait_ms));
            })
        })
        .collect();
    let threads = measure::threads();
    let finished = jobs.into_iter().map(Fibers::join).count();
    // Unwound where it waits.
    let _: Option<()> = crate::fiber::wait(beating.cancel());
    (threads, finished)
}

fn start(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new()
        .stack_size(THREAD_STACK)
        .spawn(body)
        .expect("the system gives a thread")
}

/// A beating heart on a thread of its own, until the sender is dropped.
fn heart_thread(heart: &Heart) -> mpsc::Sender<()> {
    let (stop, stopped) = mpsc::channel();
    let heart = heart.clone();
    start(move || {
        while stopped.recv_timeout(BEAT) == Err(mpsc::RecvTimeoutError::Timeout) {
            heart.beat();
        }
    });
    stop
}

fn by_threads(case: &Case, heart: &Heart) -> (u64, usize) {
    let case = *case;
    let _beating = heart_thread(heart);
    let jobs: Vec<_> = (0..case.jobs)
        .map(|job| {
            start(move || {
                if job == case.jobs / 2 {
                    block(&case);
                }
                thread::sleep(Duration::from_millis(case.wait_ms));
            })
        })
        .collect();
    let threads = measure::threads();
    (
        threads,
        jobs.into_iter()
            .map(thread::JoinHandle::join)
            .filter(Result::is_ok)
            .count(),
    )
}

/// As many threads as the others have workers; the heart has one besides, or it would have to wait for its turn.
fn by_pool(case: &Case, heart: &Heart) -> (u64, usize) {
    let case = *case;
    let _beating = heart_thread(heart);
    let (sender, jobs) = mpsc::channel::<usize>();
    let jobs = Arc::new(Mutex::new(jobs));
    let pool: Vec<_> = (0..WORKERS)
        .map(|_| {
            let jobs = jobs.clone();
            thread::spawn(move || {
                let next = || {
                    jobs.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv()
                        .ok()
                };
                let mut finished = 0;
                while let Some(job) = next() {
                    if job == case.jobs / 2 {
                        block(&case);
                    }
                    thread::sleep(Duration::from_millis(case.wait_ms));
                    finished += 1;
                }
                finished
            })
        })
        .collect();
    (0..case.jobs).for_each(|job| sender.send(job).expect("the pool is there"));
    drop(sender);
    let threads = measure::threads();
    (
        threads,
        pool.into_iter()
            .map(|worker| worker.join().unwrap_or(0))
            .sum(),
    )
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is it not just a thread pool? And if a coroutine makes a call that blocks, why does not somebody put it aside and let the others run?",
    );
    let (jobs, wait_ms, block_ms) = settings.pick((1000, 100, 300), (100, 50, 100));
    // A pool waits for one after the other, so it gets a few, and the rest is computed.
    let pool_jobs = settings.pick(20, 10);
    let models = [
        (
            Model::ThreadEach,
            "1:1, a thread each",
            Ink::Of(Design::Thread),
            jobs,
        ),
        (Model::Pool, "a pool of 2 threads", Ink::Other(3), pool_jobs),
        (
            Model::OneThread,
            "N:1, tasks on one thread",
            Ink::Other(5),
            jobs,
        ),
        (
            Model::Tasks,
            "N:M, tasks on 2 workers",
            Ink::Of(Design::Task),
            jobs,
        ),
        (
            Model::Fibers,
            "N:M, fibers on 2 workers",
            Ink::Of(Design::Fiber),
            jobs,
        ),
    ];
    let mut table = Table::new(
        format!(
            "{jobs} jobs that wait {wait_ms} ms each; then the same, and one of them blocks its thread for {block_ms} ms"
        ),
        [
            "",
            "time",
            "threads",
            "longest gap",
            "time, one blocks",
            "longest gap, one blocks",
        ],
    );
    let mut worked = Vec::new();
    for (model, name, ink, count) in models {
        settings.step(name);
        let run = |block_ms| {
            Child::of("models")
                .workers(WORKERS)
                .run::<_, Worked>(&Case {
                    model,
                    jobs: count,
                    wait_ms,
                    block_ms,
                })
        };
        let (calm, blocked) = (run(0)?, run(block_ms)?);
        finding.check(
            format!("{name}: all jobs finished, twice"),
            calm.finished == count && blocked.finished == count,
        );
        let shown = if count == jobs {
            name.to_owned()
        } else {
            format!("{name}: {count} jobs")
        };
        let gap = |worked: &Worked| Cell::time(worked.gap_ms * 1e6);
        table.row(
            shown,
            [
                Cell::time(calm.spent.wall_ns),
                Cell::count(calm.threads as f64),
                gap(&calm),
                Cell::time(blocked.spent.wall_ns),
                gap(&blocked),
            ],
        );
        worked.push((name, ink, calm, blocked));
    }
    finding.table(table);
    let gaps = |of: fn(&(&'static str, Ink, Worked, Worked)) -> f64| {
        worked
            .iter()
            .map(|one| (one.0, one.1, of(one) * 1e6))
            .collect::<Vec<_>>()
    };
    finding.chart(
        Chart::bars(
            format!(
                "Longest gap of a heart that beats every {} ms",
                BEAT.as_millis()
            ),
            Unit::Time,
            Scale::Log,
        )
        .group("nobody blocks", gaps(|one| one.2.gap_ms))
        .group(
            format!("one job blocks its thread for {block_ms} ms"),
            gaps(|one| one.3.gap_ms),
        ),
    );

    let pool_ns = worked[1].2.spent.wall_ns / pool_jobs as f64 * jobs as f64;
    let show = |ns| Unit::Time.show(ns);
    let [threads, _, one, tasks, _] = worked.as_slice() else {
        unreachable!("five models were run")
    };
    finding.answer(format!(
        "A pool whose jobs can stop half-way: {jobs} waits of {wait_ms} ms take {} on two workers, where a pool of two threads would need {} (it did {pool_jobs} \
         in {}). A call that blocks is known to the kernel only, which stops the thread: with all on one thread the heart missed {}; on two workers {}, because the \
         other worker went on with what waited; with a thread each it missed {}.",
        show(tasks.2.spent.wall_ns), show(pool_ns), show(worked[1].2.spent.wall_ns), show(one.3.gap_ms * 1e6), show(tasks.3.gap_ms * 1e6), show(threads.3.gap_ms * 1e6),
    ));
    finding.against(format!(
        "Threads need no such help: whatever blocks, blocks only itself. Two jobs that block would stop both workers of leno, and then nobody is left to take over; Go \
         would start a third thread. And {jobs} threads were no difficulty here: {}.",
        show(threads.2.spent.wall_ns),
    ));
    finding.check(
        "a thread each had its threads",
        threads.2.threads as usize > jobs / 2,
    );
    finding.check(
        "all on one thread stopped for as long as the call blocked",
        one.3.gap_ms >= block_ms as f64 * 0.9,
    );
    Ok(finding)
}
