//! A race that the compiler does not reject: read, wait, write.
//!
//! From: readers who take coroutines to be free of concurrency trouble. What Go has that leno does not: a race detector that is a
//! flag of the compiler. It would not find this one, either: no memory is written by two at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use leno::future::yield_now;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "lost_update",
    group: Group::Sharing,
    title: "A race on one worker",
    answers: &["C4"],
    from: &["Go", "Java threads"],
    run,
    child: Some(|case| answer(case, update)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    /// Reads, lets others run, writes.
    Apart,
    /// Reads and writes, without a pause.
    Together,
    /// One operation that does both.
    Atomic,
    /// Reads, lets others run, writes; with a lock around it all.
    Locked,
}

const WAYS: [(Way, &str); 4] = [
    (Way::Apart, "load, await, store"),
    (Way::Together, "load, store"),
    (Way::Atomic, "fetch_add"),
    (Way::Locked, "lock, load, await, store"),
];

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    way: Way,
    design: Design,
    tasks: u64,
    each: u64,
}

#[derive(Default)]
struct Counter {
    /// Relaxed: it is about the value alone, and it is read after all were awaited.
    value: AtomicU64,
    lock: leno::lock::Mutex<()>,
}

async fn count(way: Way, each: u64, counter: Arc<Counter>) {
    for _ in 0..each {
        match way {
            Way::Atomic => {
                counter.value.fetch_add(1, Ordering::Relaxed);
            }
            Way::Together => {
                let seen = counter.value.load(Ordering::Relaxed);
                counter.value.store(seen + 1, Ordering::Relaxed);
            }
            Way::Apart => apart(&counter).await,
            Way::Locked => {
                let _guard = counter.lock.lock().await;
                apart(&counter).await;
            }
        }
    }
}

async fn apart(counter: &Counter) {
    let seen = counter.value.load(Ordering::Relaxed);
    yield_now().await;
    counter.value.store(seen + 1, Ordering::Relaxed);
}

/// What is in the counter in the end.
fn update(case: Case) -> Result<u64> {
    let counter = Arc::new(Counter::default());
    let future = || count(case.way, case.each, counter.clone());
    match case.design {
        Design::Thread => {
            let started: Vec<_> = (0..case.tasks)
                .map(|_| {
                    let future = future();
                    std::thread::spawn(move || leno::block_on(future))
                })
                .collect();
            started
                .into_iter()
                .for_each(|thread| thread.join().expect("it does not panic"));
        }
        design => {
            let tasks: Vec<_> = (0..case.tasks)
                .map(|_| {
                    let future = future();
                    match design {
                        // SAFETY: a future that is `Send` is on its stack.
                        Design::Fiber => unsafe { fiber::spawn(move || fiber::wait(future)) },
                        _ => leno::spawn(future),
                    }
                })
                .collect();
            leno::block_on(async {
                for task in tasks {
                    task.await;
                }
            });
        }
    }
    Ok(counter.value.load(Ordering::Relaxed))
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding =
        Finding::new("Coroutines of one thread never run at the same time. So there are no races?");
    let (tasks, each) = (100, settings.pick(2000, 100));
    let total = tasks * each;
    let columns = [
        ("tasks, 1 worker", Design::Task, 1),
        ("tasks, 2 workers", Design::Task, 2),
        ("fibers, 1 worker", Design::Fiber, 1),
        ("threads", Design::Thread, 2),
    ];
    let mut names = vec![String::new()];
    names.extend(columns.iter().map(|column| column.0.to_owned()));
    let mut table = Table::new(
        format!(
            "Updates lost of {}, by {tasks} that count to {}",
            Unit::Count.show(total as f64),
            Unit::Count.show(each as f64)
        ),
        names,
    );
    let mut lost = Vec::new();
    for (way, name) in WAYS {
        let mut of_way = Vec::new();
        for (column, design, workers) in columns {
            settings.step(format!("{name}, {column}"));
            let value: u64 = Child::of("lost_update").workers(workers).run(&Case {
                way,
                design,
                tasks,
                each,
            })?;
            finding.check(
                format!("{name}, {column}: not more than was added"),
                value <= total && value >= each.min(1),
            );
            if matches!(way, Way::Atomic | Way::Locked) || (way == Way::Together && workers == 1) {
                finding.check(format!("{name}, {column}: nothing is lost"), value == total);
            }
            of_way.push(total - value);
        }
        table.row(name, of_way.iter().map(|lost| Cell::count(*lost as f64)));
        lost.push(of_way);
    }
    finding.check(
        "on one worker updates are lost over an await",
        lost[0][0] > 0 && lost[0][2] > 0,
    );
    let bars = columns.iter().zip(&lost[0]).enumerate();
    finding.chart(
        Chart::bars(
            "Updates lost by load, await, store",
            Unit::Count,
            Scale::Linear,
        )
        .group(
            "",
            bars.map(|(index, (column, lost))| (column.0, Ink::Other(index as u8), *lost as f64)),
        ),
    );
    finding.table(table);
    let count = |number: u64| Unit::Count.show(number as f64);
    let two = lost[1][1];
    finding.answer(format!(
        "There are. With an `.await` between load and store, tasks of a single worker lose {} of {} updates, and fibers {}: all have read before the first one writes. Without the wait one worker loses {}, and two \
         workers {}. `fetch_add`, and a lock that is held over the wait, lose none.",
        count(lost[0][0]), count(total), count(lost[0][2]), count(lost[1][0]),
        if two == 0 { "none in this run, which proves nothing".to_owned() } else { count(two) },
    ));
    finding.against(
        "The compiler rejects a data race (two that write the same memory at once, without atomics or a lock), and that is all it promises. This program compiles without a warning and without `unsafe`, and is wrong. An `.await` at least shows where \
         others may come in between; on a stack any call may be such a place.",
    );
    Ok(finding)
}
