//! The same counter, shared in five ways: what an operation costs alone, and what it costs against others.
//!
//! From: Go's "share memory by communicating", Kilim's mailbox, and readers who ask whether that is faster. What Go has that leno does
//! not: a mutex that parks the goroutine and is used like any other, so that there is one kind and not two.

mod watch;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded, unbounded};
use leno::observe;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::{Meter, memory};
use crate::race::compared;
use crate::settings::Settings;
use crate::unit::Unit;
use watch::Watch;

pub const EXPERIMENT: Experiment = Experiment {
    name: "contention",
    group: Group::Sharing,
    title: "Sharing a counter in five ways",
    answers: &["C4", "C21"],
    from: &["Go", "Kilim", "Java threads"],
    run,
    child: Some(|case| answer(case, measure)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    Add,
    /// A loop of compare and swap, which counts how often it has lost.
    Swap,
    StdMutex,
    AsyncMutex,
    /// One owns the counter, the others send it what to add.
    Channel,
}

const WAYS: [(Way, &str); 5] = [
    (Way::Add, "atomic add"),
    (Way::Swap, "compare and swap"),
    (Way::StdMutex, "`std` mutex"),
    (Way::AsyncMutex, "async mutex"),
    (Way::Channel, "channel to an owner"),
];

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    way: Way,
    parties: usize,
    threads: bool,
    /// Of each of them.
    operations: u64,
    /// Whether parks and wakes are counted, and not the time.
    watched: bool,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Shared {
    total: u64,
    ns_each: f64,
    /// Of compare and swap that had to be done again.
    failures: u64,
    /// Mutexes that were locked when asked for, and channels that were full: which does not say that anybody waited.
    taken: u64,
    /// If watched: how often `lock`, `send` and `recv` came back without a result, and how often wakers of those who had called
    /// them were called.
    parks: u64,
    wakes: u64,
    /// How often the kernel put a thread to sleep.
    slept: u64,
    /// How often a worker was woken by another thread.
    workers_woken: u64,
}

/// What all of them share. Relaxed throughout: the counts stand for themselves, and are read after all were awaited.
#[derive(Default)]
struct Counter {
    atomic: AtomicU64,
    std: Mutex<u64>,
    asynchronous: leno::lock::Mutex<u64>,
    failures: AtomicU64,
    taken: AtomicU64,
    parks: AtomicU64,
    wakes: AtomicU64,
}

impl Counter {
    fn watched(&self, watch: &Watch) {
        self.parks.fetch_add(watch.parks, Ordering::Relaxed);
        self.wakes.fetch_add(watch.wakes(), Ordering::Relaxed);
    }

    fn add(&self) {
        self.atomic.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how often another one was faster.
    fn swap(&self) -> u64 {
        let mut failures = 0;
        let mut seen = self.atomic.load(Ordering::Relaxed);
        while let Err(now) =
            self.atomic
                .compare_exchange_weak(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed)
        {
            failures += 1;
            seen = now;
        }
        failures
    }

    /// Returns whether it was locked.
    fn lock(&self) -> bool {
        match self.std.try_lock() {
            Ok(mut count) => {
                *count += 1;
                false
            }
            Err(TryLockError::Poisoned(_)) => unreachable!("nobody panics with it"),
            Err(TryLockError::WouldBlock) => {
                *self.std.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                true
            }
        }
    }
}

async fn work(case: Case, counter: Arc<Counter>, to: Sender<u64>) {
    let (mut failures, mut taken, mut watch) = (0, 0, Watch::default());
    for _ in 0..case.operations {
        match case.way {
            Way::Add => counter.add(),
            Way::Swap => failures += counter.swap(),
            Way::StdMutex => taken += u64::from(counter.lock()),
            Way::AsyncMutex => match counter.asynchronous.try_lock() {
                Some(mut count) => *count += 1,
                None => {
                    taken += 1;
                    let lock = counter.asynchronous.lock();
                    *match case.watched {
                        true => watch.over(lock).await,
                        false => lock.await,
                    } += 1;
                }
            },
            Way::Channel => {
                if let Err(full) = to.try_send(1) {
                    taken += 1;
                    let send = to.send(full.into_inner());
                    match case.watched {
                        true => watch.over(send).await,
                        false => send.await,
                    }
                    .expect("the owner is there");
                }
            }
        }
    }
    counter.failures.fetch_add(failures, Ordering::Relaxed);
    counter.taken.fetch_add(taken, Ordering::Relaxed);
    counter.watched(&watch);
}

/// Receives and adds until all senders are gone.
async fn own(watched: bool, counter: Arc<Counter>, from: Receiver<u64>) -> u64 {
    let (mut total, mut watch) = (0, Watch::default());
    while let Ok(more) = match watched {
        true => watch.over(from.recv()).await,
        false => from.recv().await,
    } {
        total += more;
    }
    counter.watched(&watch);
    total
}

fn measure(case: Case) -> Result<Shared> {
    let counter = Arc::new(Counter::default());
    let (to, from) = bounded::<u64>(100);
    // Workers are up, so that their start is not counted.
    leno::block_on(leno::spawn(async {}));
    let workers_woken = || {
        observe::metrics()
            .workers
            .iter()
            .map(|worker| worker.wakes)
            .sum::<u64>()
    };
    let (before, meter) = (workers_woken(), Meter::start());
    // With a lock the owner is there, too, but only waits for its end.
    let watched = case.watched && case.way == Way::Channel;
    let owned = own(watched, counter.clone(), from);
    let works = (0..case.parties).map(|_| work(case, counter.clone(), to.clone()));
    let sent = if case.threads {
        let owner = std::thread::spawn(|| leno::block_on(owned));
        let threads: Vec<_> = works
            .map(|work| std::thread::spawn(|| leno::block_on(work)))
            .collect();
        drop(to);
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("it does not panic"));
        owner.join().expect("it does not panic")
    } else {
        let owner = leno::spawn(owned);
        let tasks: Vec<_> = works.map(leno::spawn).collect();
        drop(to);
        leno::block_on(async {
            for task in tasks {
                task.await;
            }
            owner.await
        })
    };
    let spent = meter.stop();
    let counted = counter.atomic.load(Ordering::Relaxed)
        + *counter.std.lock().unwrap_or_else(PoisonError::into_inner)
        + *counter.asynchronous.lock_blocking();
    Ok(Shared {
        total: counted + sent,
        ns_each: spent.wall_ns / (case.operations * case.parties as u64) as f64,
        failures: counter.failures.load(Ordering::Relaxed),
        taken: counter.taken.load(Ordering::Relaxed),
        parks: counter.parks.load(Ordering::Relaxed),
        wakes: counter.wakes.load(Ordering::Relaxed),
        slept: spent.voluntary,
        workers_woken: workers_woken() - before,
    })
}

/// Who takes part: a name, how many, workers, whether they are threads.
const PARTIES: [(&str, usize, usize, bool); 4] = [
    ("1 task, alone", 1, 1, false),
    ("4 tasks, 1 worker", 4, 1, false),
    ("4 tasks, 2 workers", 4, 2, false),
    ("4 threads", 4, 2, true),
];

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Share by communicating, the article says. Is a channel faster than a lock, and what do those who lose a race do?",
    );
    let operations = settings.pick(1_000_000, 20_000);
    let mut columns = vec![String::new()];
    columns.extend(PARTIES.iter().map(|parties| parties.0.to_owned()));
    let mut times = Table::new("Time of an operation", columns);
    let mut losers = Table::new(
        "Of a million operations of 4 who share; parked is who polled `lock`, `send` or `recv` and got nothing, counted in a run of its own with the calls of their wakers",
        [
            "",
            "swaps lost",
            "found it locked or full",
            "parked",
            "woken",
            "threads put to sleep",
            "workers woken",
        ],
    );
    let mut chart = Chart::bars("Time of an operation", Unit::Time, Scale::Log);
    let mut all = Vec::new();
    for (way, name) in WAYS {
        let mut of_way = Vec::new();
        for (who, parties, workers, threads) in PARTIES {
            settings.step(format!("{name}, {who}"));
            let each = operations / parties as u64;
            let case = Case {
                way,
                parties,
                threads,
                operations: each,
                watched: false,
            };
            let measured = |case: Case| {
                Child::of("contention")
                    .workers(workers)
                    .run::<_, Shared>(&case)
            };
            let mut shared = measured(case)?;
            let mut complete = shared.total == each * parties as u64;
            let can_park = matches!(way, Way::AsyncMutex | Way::Channel);
            if can_park {
                let watched = measured(Case {
                    watched: true,
                    ..case
                })?;
                complete &= watched.total == shared.total;
                (shared.parks, shared.wakes) = (watched.parks, watched.wakes);
                // A thread that drives a future may poll it again unasked; a task is polled when it was woken.
                finding.check(
                    format!("{name}, {who}: no task went on that was not woken"),
                    threads || watched.wakes >= watched.parks,
                );
                if workers == 1 {
                    finding.check(
                        format!("{name}, {who}: with a lock nobody parks on one worker, with a channel somebody does"),
                        (watched.parks > 0) == (way == Way::Channel),
                    );
                }
            }
            finding.check(format!("{name}, {who}: all was counted"), complete);
            if parties > 1 && workers > 1 {
                let million =
                    |count: u64| Cell::count((count as f64 * 1e6 / operations as f64).round());
                losers.row(
                    format!("{name}, {who}"),
                    [
                        if way == Way::Swap {
                            million(shared.failures)
                        } else {
                            Cell::none()
                        },
                        million(shared.taken),
                        if can_park {
                            million(shared.parks)
                        } else {
                            Cell::none()
                        },
                        if can_park {
                            million(shared.wakes)
                        } else {
                            Cell::none()
                        },
                        million(shared.slept),
                        million(shared.workers_woken),
                    ],
                );
            }
            of_way.push(shared);
        }
        times.row(name, of_way.iter().map(|shared| Cell::time(shared.ns_each)));
        all.push(of_way);
    }
    for (party, (who, ..)) in PARTIES.iter().enumerate() {
        chart = chart.group(
            *who,
            WAYS.iter().enumerate().map(|(way, (_, name))| {
                (
                    name.replace('`', ""),
                    Ink::Other(way as u8),
                    all[way][party].ns_each,
                )
            }),
        );
    }
    finding.chart(chart);
    finding.table(times);
    finding.table(losers);
    let mut bytes = Table::new(
        "Memory of a channel, of 20,000 that nobody uses yet",
        ["", "each"],
    );
    let bounded_bytes = weight(|| bounded::<u64>(10));
    let unbounded_bytes = weight(unbounded::<u64>);
    bytes.row("with room for 10 numbers", [Cell::bytes(bounded_bytes)]);
    bytes.row("without a bound", [Cell::bytes(unbounded_bytes)]);
    finding.table(bytes);

    let show = |way: usize, party: usize| Unit::Time.show(all[way][party].ns_each);
    let (channel, atomic) = (all[4][2].ns_each, all[0][2].ns_each);
    let count = |count: u64| Unit::Count.show(count as f64);
    let (mutex, sharing) = (all[3][2], all[4][2]);
    let alone = all[3][1];
    finding.answer(format!(
        "A channel is a queue in shared memory and a wake-up: with 4 tasks on 2 workers it takes {} a message, an atomic add {}, an async mutex {} and one of `std` {}, so the channel is {} the add. \
         Who loses a compare-and-swap tries again at once; who finds an async mutex locked (it happened {} times) looks once more, and only if it is still locked the task is parked (in a run that counts it, {} times; with the channel {}): \
         its waker stands in the lock's own list, in no queue of the workers. Who is woken competes again, and who has lost for half a millisecond gets precedence. A channel with room for ten numbers weighs {}.",
        show(4, 2), show(0, 2), show(3, 2), show(2, 2), compared(channel, atomic), count(mutex.taken), count(mutex.parks), count(sharing.parks), Unit::Memory.show(bounded_bytes),
    ));
    finding.against(format!(
        "For a counter the atomic is right and all else is ceremony. A `std` mutex that is held for some nanoseconds takes {} in tasks on 2 workers and the async one {}: the latter is for what is held over an `.await`, \
         not for speed. On one worker tasks that do not wait while they hold it do not meet: the async one was found locked {} times, and a task was parked {} times.",
        show(2, 2), show(3, 2), count(alone.taken), count(alone.parks),
    ));
    Ok(finding)
}

/// Of one of many, in bytes.
fn weight<C>(make: impl Fn() -> C) -> f64 {
    let count = 20_000;
    let mut kept = Vec::with_capacity(count);
    let before = memory();
    kept.extend((0..count).map(|_| make()));
    let each = memory().saturating_sub(before) as f64 / count as f64;
    drop(kept);
    each
}
