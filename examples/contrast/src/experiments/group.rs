//! Work that belongs together: all outputs, or the first error and nobody left behind.
//!
//! From: Kilim's `TaskGroup`, Go's `WaitGroup` and `errgroup`, Kotlin's scopes, Loom's `StructuredTaskScope`. What they have that leno
//! does not: in Kotlin a scope is the rule and not a type that one may use; in Loom a dump of all threads shows who belongs to
//! which scope.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::{TaskGroup, Timer};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Finding, Table};
use crate::measure::Meter;
use crate::settings::Settings;
use crate::stackful::{Stackful, Threads};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "group",
    group: Group::Mailboxes,
    title: "All of them, or the first error",
    answers: &["C4", "C20"],
    from: &["Kilim", "Go", "Kotlin", "Loom"],
    run,
    child: Some(|case| answer(case, measure)),
};

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    members: usize,
    /// How long those sleep that do not fail, if one fails.
    sleep_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Grouped {
    /// Of `join`: whether the outputs came in the order of the spawns, and the time of each.
    in_order: bool,
    join_ns_each: f64,
    /// From the error until the group said so.
    error_ns: f64,
    /// How many had not ended then.
    left: usize,
}

/// One that is there until it is dropped.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn new(count: &Arc<AtomicUsize>) -> Present {
        // Relaxed, also below: whoever reads the number has awaited the end of those who wrote it.
        count.fetch_add(1, Ordering::Relaxed);
        Present(count.clone())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The member that fails says when.
async fn member(number: usize, sleep: Duration, present: Present) -> Result<usize, Instant> {
    let _present = present;
    if number == 0 {
        Timer::after(Duration::from_millis(5)).await;
        return Err(Instant::now());
    }
    Timer::after(sleep).await;
    Ok(number)
}

fn measure(case: Case) -> Result<Grouped> {
    let present = Arc::new(AtomicUsize::new(0));
    let sleep = Duration::from_millis(case.sleep_ms);
    let expected: Vec<_> = (0..case.members).collect();
    let meter = Meter::start();
    if case.design == Design::Thread {
        let threads: Vec<_> = (0..case.members)
            .map(|number| Threads::spawn(move || number))
            .collect();
        let outputs: Vec<_> = threads.into_iter().map(Threads::join).collect();
        let join_ns = meter.stop().wall_ns;
        let threads: Vec<_> = (0..case.members)
            .map(|number| {
                let present = Present::new(&present);
                Threads::spawn(move || leno::block_on(member(number, sleep, present)))
            })
            .collect();
        // The first is the one that fails. What a thread waits for can't be taken from it, so its siblings go on.
        let mut failed = None;
        for thread in threads {
            let output = Threads::join(thread);
            failed = failed.or(output.err());
        }
        return Ok(Grouped {
            in_order: outputs == expected,
            join_ns_each: join_ns / case.members as f64,
            error_ns: failed.map_or(f64::NAN, |at| at.elapsed().as_nanos() as f64),
            left: present.load(Ordering::Relaxed),
        });
    }
    Ok(leno::block_on(leno::spawn(async move {
        let mut group = TaskGroup::new();
        for number in 0..case.members {
            match case.design {
                // SAFETY: there is a number on its stack.
                Design::Fiber => group.add(unsafe { fiber::spawn(move || number) }),
                _ => group.spawn(async move { number }),
            }
        }
        let outputs = group.join().await;
        let join_ns = meter.stop().wall_ns;
        let mut group = TaskGroup::new();
        for number in 0..case.members {
            let member = member(number, sleep, Present::new(&present));
            match case.design {
                // SAFETY: a future that is `Send` is on its stack.
                Design::Fiber => group.add(unsafe { fiber::spawn(move || fiber::wait(member)) }),
                _ => group.spawn(member),
            }
        }
        let failed = group.try_join().await.err();
        Grouped {
            in_order: outputs == expected,
            join_ns_each: join_ns / case.members as f64,
            error_ns: failed.map_or(f64::NAN, |at| at.elapsed().as_nanos() as f64),
            left: present.load(Ordering::Relaxed),
        }
    })))
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "If one of many fails, when does one get to know, and what becomes of the others?",
    );
    let (members, sleep_ms) = (settings.pick(10_000, 500), settings.pick(2000, 300));
    let threads = members / 10;
    let mut table = Table::new(
        format!("One fails after 5 ms, the others would sleep for {sleep_ms} ms"),
        [
            "",
            "members",
            "start and join, each",
            "error known after",
            "siblings left then",
        ],
    );
    let mut all = Vec::new();
    for (design, members) in [
        (Design::Task, members),
        (Design::Fiber, members),
        (Design::Thread, threads),
    ] {
        settings.step(design.name());
        let grouped: Grouped = Child::of("group").run(&Case {
            design,
            members,
            sleep_ms,
        })?;
        finding.check(
            format!(
                "{}: outputs in order, the error came, nobody is left behind",
                design.name()
            ),
            grouped.in_order && grouped.error_ns.is_finite() && grouped.left == 0,
        );
        table.row(
            design.name(),
            [
                Cell::count(members as f64),
                Cell::time(grouped.join_ns_each),
                Cell::time(grouped.error_ns),
                Cell::count(grouped.left as f64),
            ],
        );
        all.push(grouped);
    }
    finding.table(table);
    let [task, fiber, thread] = &all[..] else {
        unreachable!("there are three designs")
    };
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "With `TaskGroup` the error of one of {} was known {} after it happened, and by then the {} others were cancelled and gone; with fibers in the group after {}. \
         Threads can't be cancelled: whoever wants them all gone waited {}. Start and join of a member cost {} as a task, {} as a fiber and {} as a thread.",
        Unit::Count.show(members as f64), show(task.error_ns), Unit::Count.show((members - 1) as f64), show(fiber.error_ns), show(thread.error_ns),
        show(task.join_ns_each), show(fiber.join_ns_each), show(thread.join_ns_each),
    ));
    finding.against(
        "The group is a value: who spawns without it has no scope, and nothing says so, where Kotlin would ask for one. A member that computes and never waits is cancelled only when it is done. And the siblings of a thread \
         could be asked to stop by a flag, if all that they wait for looked at it.",
    );
    Ok(finding)
}
