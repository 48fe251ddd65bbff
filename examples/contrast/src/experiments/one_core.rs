//! All that claims to help, on one core.
//!
//! From: the reader who asks whether coroutines are of any use on one core; JavaScript and Python's asyncio live on one. What
//! they have that leno does not by default: nothing else ever runs between two waits, by promise of the language. Here that takes
//! a `LocalExecutor`.

use anyhow::Result;

use crate::child::Child;
use crate::design::Design;
use crate::echo::{self, Server, Talk};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::race::{Case, Done};
use crate::settings::Settings;
use crate::unit::Unit;

use super::article::work as article;
use super::million;

pub const EXPERIMENT: Experiment = Experiment {
    name: "one_core",
    group: Group::Models,
    title: "Of any use on one core?",
    answers: &["C15", "C10"],
    from: &["JavaScript", "asyncio", "Redis"],
    run,
    child: None,
};

const DESIGNS: [(Design, Server); 3] = [
    (Design::Task, Server::Task),
    (Design::Fiber, Server::Fiber),
    (Design::Thread, Server::Thread),
];

const SLEEPERS: &str = "many sleep at once, until all are awake";
const RING: &str = "a hop round a ring of 503";
const ONE_CONNECTION: &str = "an echo over a socket, 1 connection of 1 byte";
const MANY_CONNECTIONS: &str = "an echo over a socket, 100 connections";
const PRIVATE_BOXES: &str = "the article's pairs with private boxes, all";
const COMPUTING: &str = "a job that computes";

/// Nanoseconds of an operation or bytes of one that waits, and whether the result was right.
type Measured = Result<(f64, bool)>;

/// One row: what is done, how it is measured, and in which unit.
struct Work {
    name: &'static str,
    /// In nanoseconds, for a design, on one core or on all.
    run: Box<dyn Fn(Design, Server, bool) -> Measured>,
}

/// A child with two workers on all cores, or with one on one.
fn child(experiment: &'static str, one_core: bool) -> Child {
    let child = Child::of(experiment).workers(if one_core { 1 } else { 2 });
    if one_core { child.on_cpu(0) } else { child }
}

/// An echo over sockets.
fn echo(name: &'static str, talk: Talk) -> Work {
    Work {
        name,
        run: Box::new(move |_, server, one_core| {
            let talk = Talk {
                one_core,
                workers: if one_core { 1 } else { 2 },
                ..talk
            };
            let talked = echo::talk(server, &talk)?;
            Ok((talked.wall_ns, talked.right))
        }),
    }
}

/// The article's producers and consumers, quiet, with a box for each pair.
fn private_boxes(pairs: usize) -> Work {
    Work {
        name: PRIVATE_BOXES,
        run: Box::new(move |design, _, one_core| {
            let done: Done = child("article", one_core).run(&article::Case {
                design,
                between: article::Between::Private,
                print: false,
                pairs,
            })?;
            let right = done.result == (pairs * article::ITEMS) as f64;
            Ok((done.wall_ns, right))
        }),
    }
}

/// Bytes of one that waits, on all cores and on one, and whether all waited, and ended.
fn waiting(design: Design, count: usize, one_core: bool) -> Measured {
    let parked: million::Parked =
        child("million", one_core).run(&million::Case { design, count })?;
    let all = parked.started == count && parked.ended == count;
    Ok((parked.bytes_each, all))
}

/// An experiment's case that runs in a child: nanoseconds of an operation, and whether the result is right.
fn by_child(
    experiment: &'static str,
    design: Design,
    numbers: Vec<usize>,
    one_core: bool,
    operations: f64,
    expected: f64,
) -> Measured {
    let done: Done = child(experiment, one_core).run(&Case { design, numbers })?;
    Ok((done.wall_ns / operations, done.result == expected))
}

fn works(settings: &Settings) -> Vec<Work> {
    let (sleepers, ms) = settings.pick((10_000, 1000), (1000, 100));
    let hops = settings.pick(200_000, 10_000);
    let rounds = settings.pick(100_000, 5000);
    let jobs = settings.pick(500, 50);
    let talk = Talk {
        connections: 100,
        bytes: 64,
        rounds: settings.pick(300, 20),
        workers: 2,
        one_core: false,
    };
    let one = Talk {
        connections: 1,
        bytes: 1,
        rounds: settings.pick(20_000, 1000),
        ..talk
    };
    // Threads take so much longer that they get less to do.
    let fewer = |design| if design == Design::Thread { 10 } else { 1 };
    vec![
        Work {
            name: SLEEPERS,
            run: Box::new(move |design, _, one_core| {
                by_child(
                    "sleepers",
                    design,
                    vec![sleepers, ms],
                    one_core,
                    1.0,
                    sleepers as f64,
                )
            }),
        },
        Work {
            name: RING,
            run: Box::new(move |design, _, one_core| {
                let hops = hops / fewer(design);
                by_child(
                    "ring",
                    design,
                    vec![503, hops],
                    one_core,
                    hops as f64,
                    (hops % 503) as f64,
                )
            }),
        },
        Work {
            name: "a message to and fro",
            run: Box::new(move |design, _, one_core| {
                let rounds = rounds / fewer(design);
                by_child(
                    "ping_pong",
                    design,
                    vec![rounds],
                    one_core,
                    rounds as f64,
                    rounds as f64,
                )
            }),
        },
        echo(ONE_CONNECTION, one),
        echo(MANY_CONNECTIONS, talk),
        private_boxes(settings.pick(1000, 40)),
        Work {
            name: COMPUTING,
            run: Box::new(move |design, _, one_core| {
                by_child(
                    "throughput",
                    design,
                    vec![jobs, 0],
                    one_core,
                    jobs as f64,
                    jobs as f64,
                )
            }),
        },
    ]
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "If there is only one core, only one can run at a time anyway. Are coroutines of any use there?",
    );
    let mut columns = vec!["".to_owned()];
    for (design, _) in DESIGNS {
        columns.extend([
            format!("{}, all cores", design.name()),
            format!("{}, 1 core", design.name()),
        ]);
    }
    let mut table = Table::new(
        "Time, with two workers on all cores, and with one under `taskset -c 0`",
        columns,
    );
    let mut chart = Chart::bars("Time on one core", Unit::Time, Scale::Log);
    let mut rows = Vec::new();
    for work in works(settings) {
        let mut cells = Vec::new();
        let mut on_one = Vec::new();
        for (design, server) in DESIGNS {
            for one_core in [false, true] {
                settings.step(format!(
                    "{}: {}, {}",
                    work.name,
                    design.name(),
                    if one_core { "1 core" } else { "all cores" }
                ));
                let (ns, right) = (work.run)(design, server, one_core)?;
                finding.check(
                    format!("{}: {}: the right result", work.name, design.name()),
                    right,
                );
                cells.push(ns);
                if one_core {
                    on_one.push((design.name(), Ink::from(design), ns));
                }
            }
        }
        chart = chart.group(work.name, on_one);
        table.row(work.name, cells.iter().map(|ns| Cell::time(*ns)));
        rows.push((work.name, cells));
    }
    finding.chart(chart);
    finding.table(table);
    let bytes = memory(settings, &mut finding)?;
    conclude(&mut finding, &rows, bytes);
    Ok(finding)
}

/// What one of each design weighs that waits for a message, on one core.
fn memory(settings: &Settings, finding: &mut Finding) -> Result<[f64; 3]> {
    let count = settings.pick(10_000, 1000);
    let shown = Unit::Count.show(count as f64);
    let mut table = Table::new(
        format!("Memory of one that waits for a message, of {shown}"),
        ["", "all cores", "1 core"],
    );
    let mut on_one = [0.0; 3];
    for ((design, _), on_one) in DESIGNS.into_iter().zip(&mut on_one) {
        let mut cells = Vec::new();
        for one_core in [false, true] {
            settings.step(format!("{}: {shown} wait", design.name()));
            let (bytes, right) = waiting(design, count, one_core)?;
            finding.check(
                format!(
                    "{}, {}: all {shown} waited, got their message and ended",
                    design.name(),
                    if one_core { "1 core" } else { "all cores" }
                ),
                right && bytes > 0.0,
            );
            cells.push(Cell::bytes(bytes));
            *on_one = bytes;
        }
        table.row(design.name(), cells);
    }
    let bars = DESIGNS.iter().zip(on_one);
    finding.chart(
        Chart::bars(
            "Memory of one that waits, on one core",
            Unit::Memory,
            Scale::Log,
        )
        .group(
            "",
            bars.map(|((design, _), bytes)| (design.name(), Ink::from(*design), bytes)),
        ),
    );
    finding.table(table);
    Ok(on_one)
}

/// A row: what was done, and the times of tasks, fibers and threads, each on all cores and on one.
type Row = (&'static str, Vec<f64>);

/// Whether tasks are of use, by the time or the memory that a task and a thread need.
fn verdict(task: f64, thread: f64) -> &'static str {
    match thread / task {
        ratio if ratio > 1.1 => "yes",
        ratio if ratio < 0.9 => "no, threads are better off",
        _ => "neither is better off",
    }
}

fn conclude(finding: &mut Finding, rows: &[Row], [task, fiber, thread]: [f64; 3]) {
    let of = |name| {
        let row = rows.iter().find(|row| row.0 == name);
        &row.expect("it was measured").1
    };
    let show = |ns: f64| Unit::Time.show(ns);
    let both = |name| {
        let row = of(name);
        format!("{} as tasks and {} as threads", show(row[1]), show(row[5]))
    };
    let (sleep, ring, compute) = (of(SLEEPERS), of(RING), of(COMPUTING));
    finding.answer(format!(
        "For waiting: {}; on one core all sleepers were awake after {}, and a hop round the ring costs {}. For memory: {}; one that waits weighs {} as a task, {} as a fiber and {} as a thread. For \
         computing: {}; a job takes {}. An echo takes {} with one connection, and {} with a hundred; the article's pairs with private boxes took {}.",
        verdict((sleep[1] * ring[1]).sqrt(), (sleep[5] * ring[5]).sqrt()), both(SLEEPERS), both(RING), verdict(task, thread), Unit::Memory.show(task), Unit::Memory.show(fiber), Unit::Memory.show(thread),
        verdict(compute[1], compute[5]), both(COMPUTING), both(ONE_CONNECTION), both(MANY_CONNECTIONS), both(PRIVATE_BOXES),
    ));
    let echo = of(ONE_CONNECTION);
    if echo[5] < echo[1] {
        finding.against(format!(
            "With one connection a thread is faster on one core: {} against {}. There is nobody to switch to.",
            show(echo[5]), show(echo[1]),
        ));
    }
    let times = |slow: f64, fast: f64| Unit::Times.show(slow / fast);
    let shrinks = if ring[5] / ring[1] < ring[4] / ring[0] {
        "shrinks"
    } else {
        "does not shrink here"
    };
    finding.against(format!(
        "On one core nobody must wake another core to switch between threads: a hop costs them {} there and {} on all cores. So the advantage of tasks {shrinks}: {} on all cores, {} on one.",
        show(ring[5]), show(ring[4]), times(ring[4], ring[0]), times(ring[5], ring[1]),
    ));
    finding.against("With one worker there is no sentry: a task that blocks stops everything, and only threads are interrupted.");
}
