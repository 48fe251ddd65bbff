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

/// Nanoseconds of an operation, and whether the result was right.
type Measured = Result<(f64, bool)>;

/// One row: what is done, how it is measured, and in which unit.
struct Work {
    name: &'static str,
    /// In nanoseconds, for a design, on one core or on all.
    run: Box<dyn Fn(Design, Server, bool) -> Measured>,
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
    let child = Child::of(experiment).workers(if one_core { 1 } else { 2 });
    let child = if one_core { child.on_cpu(0) } else { child };
    let done: Done = child.run(&Case { design, numbers })?;
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
    // Threads take so much longer that they get less to do.
    let fewer = |design| if design == Design::Thread { 10 } else { 1 };
    vec![
        Work {
            name: "many sleep at once, until all are awake",
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
            name: "a hop round a ring of 503",
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
        Work {
            name: "an echo over a socket, 100 connections",
            run: Box::new(move |_, server, one_core| {
                let talk = Talk {
                    one_core,
                    workers: if one_core { 1 } else { 2 },
                    ..talk
                };
                let talked = echo::talk(server, &talk)?;
                Ok((talked.wall_ns, talked.right))
            }),
        },
        Work {
            name: "a job that computes",
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
        rows.push(cells);
    }
    finding.chart(chart);
    finding.table(table);

    // Of a row: tasks, fibers, threads, each on all cores and on one.
    let show = |ns: f64| Unit::Time.show(ns);
    let [sleep, ring, _, echo, compute] = rows.as_slice() else {
        unreachable!("five rows were measured")
    };
    let times = |slow: f64, fast: f64| Unit::Times.show(slow / fast);
    finding.answer(format!(
        "Yes, where they wait: on one core all sleepers were awake after {} as tasks and after {} as threads, and a hop round the ring costs {} against {}. An echo takes {} as a \
         task and {} as a thread. No, where they compute: {} a job as a task, {} as a thread.",
        show(sleep[1]), show(sleep[5]), show(ring[1]), show(ring[5]), show(echo[1]), show(echo[5]), show(compute[1]), show(compute[5]),
    ));
    finding.against(format!(
        "On one core a switch between threads is cheaper, for nobody must wake another core: a hop costs them {} there and {} on all cores. So the advantage of tasks shrinks from {} to {}.",
        show(ring[5]), show(ring[4]), times(ring[4], ring[0]), times(ring[5], ring[1]),
    ));
    finding.against("With one worker there is no sentry: a task that blocks stops everything, and only threads are interrupted.");
    Ok(finding)
}
