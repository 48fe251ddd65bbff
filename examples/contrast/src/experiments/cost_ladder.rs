//! From a process down to a state machine: what it takes to have one more, and what it takes to switch.
//!
//! From: the article's list (fork, clone, user threads), and Jim Blandy's context-switch. What threads have that leno's tasks do
//! not: the kernel interrupts them, counts their time and gives them priorities.

mod rungs;

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::foreign;
use crate::measure::median;
use crate::race::Done;
use crate::settings::Settings;
use crate::syscalls;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "cost_ladder",
    group: Group::Models,
    title: "From a process to a state machine",
    answers: &["C4", "C5", "C7", "C23"],
    from: &["fork", "clone", "Go", "Loom", "may"],
    run,
    child: Some(|case| answer(case, rungs::climb)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Rung {
    Fork,
    ThreadCreate,
    MayCreate,
    FiberCreate,
    TaskCreate,
    Getpid,
    EmptyPoll,
    ThreadYield,
    /// Two threads that hand a message to and fro.
    ThreadPingPong,
    MayYield,
    FiberYield,
    TaskYield,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    rung: Rung,
    count: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Climbed {
    done: Done,
    threads: u64,
}

/// What is measured: name, colour, how often, whether on one CPU.
const CREATE: [(Rung, &str, Ink, usize); 5] = [
    (Rung::Fork, "process: fork, wait", Ink::Faint, 2000),
    (
        Rung::ThreadCreate,
        "thread: start, join",
        Ink::Of(Design::Thread),
        20_000,
    ),
    (
        Rung::MayCreate,
        "may: start, join",
        Ink::Of(Design::May),
        50_000,
    ),
    (
        Rung::FiberCreate,
        "leno fiber: start, await",
        Ink::Of(Design::Fiber),
        300_000,
    ),
    (
        Rung::TaskCreate,
        "leno task: start, await",
        Ink::Of(Design::Task),
        1_000_000,
    ),
];
const SWITCH: [(Rung, &str, Ink, usize, bool); 8] = [
    (
        Rung::Getpid,
        "into the kernel and back: getpid",
        Ink::Faint,
        1_000_000,
        false,
    ),
    (
        Rung::EmptyPoll,
        "an empty poll",
        Ink::Faint,
        1_000_000,
        false,
    ),
    (
        Rung::ThreadPingPong,
        "threads, woken by futex, 2 cores",
        Ink::Of(Design::Thread),
        50_000,
        false,
    ),
    (
        Rung::ThreadPingPong,
        "threads, woken by futex, 1 core",
        Ink::Of(Design::Thread),
        100_000,
        true,
    ),
    (
        Rung::ThreadYield,
        "threads, sched_yield, 1 core",
        Ink::Of(Design::Thread),
        300_000,
        true,
    ),
    (
        Rung::MayYield,
        "may, yield",
        Ink::Of(Design::May),
        1_000_000,
        false,
    ),
    (
        Rung::FiberYield,
        "leno fiber, yield",
        Ink::Of(Design::Fiber),
        2_000_000,
        false,
    ),
    (
        Rung::TaskYield,
        "leno task, yield",
        Ink::Of(Design::Task),
        5_000_000,
        false,
    ),
];

struct Step {
    rung: Rung,
    name: &'static str,
    ink: Ink,
    ns: f64,
}

fn measured(
    rung: Rung,
    name: &'static str,
    ink: Ink,
    count: usize,
    one_core: bool,
    settings: &Settings,
    finding: &mut Finding,
    table: &mut Table,
) -> Result<Step> {
    settings.step(name);
    let count = count / settings.pick(1, 20);
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..settings.pick(3, 1) {
        let child = Child::of("cost_ladder").limit(Duration::from_secs(60));
        let child = if one_core { child.on_cpu(0) } else { child };
        let climbed: Climbed = child.run(&Case { rung, count })?;
        finding.check(
            format!("{name}: {count} times"),
            climbed.done.result == count as f64,
        );
        times.push(climbed.done.wall_ns / count as f64);
        last = Some(climbed);
    }
    let ns = median(times);
    let (switches, threads) = last.map_or((None, None), |last| {
        (
            last.done
                .spent
                .map(|spent| (spent.voluntary as f64 / count as f64 * 1e3).round() / 1e3),
            Some(last.threads as f64),
        )
    });
    table.row(
        name,
        [
            Cell::time(ns),
            Cell::maybe(Unit::Count, switches),
            Cell::maybe(Unit::Count, threads),
        ],
    );
    Ok(Step {
        rung,
        name,
        ink,
        ns,
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is a light-weight process a thread or a process, and what does each cost? And how can a switch happen all in user mode, if a CPU must be given?",
    );
    let columns = |first: &str| {
        [
            first.to_owned(),
            "time".to_owned(),
            "voluntary switches by the kernel".to_owned(),
            "threads in the end".to_owned(),
        ]
    };
    let mut create = Table::new("To have one more and to see it end", columns(""));
    let mut switch = Table::new("To let another one run", columns(""));
    let mut created = Vec::new();
    for (rung, name, ink, count) in CREATE {
        created.push(measured(
            rung,
            name,
            ink,
            count,
            false,
            settings,
            &mut finding,
            &mut create,
        )?);
    }
    let mut switched = Vec::new();
    for (rung, name, ink, count, one_core) in SWITCH {
        switched.push(measured(
            rung,
            name,
            ink,
            count,
            one_core,
            settings,
            &mut finding,
            &mut switch,
        )?);
    }
    let mut others = [Vec::new(), Vec::new()];
    for design in [Design::Go, Design::Java] {
        for (index, (kind, count)) in [
            ("create", settings.pick(200_000, 10_000)),
            ("yield", settings.pick(1_000_000, 20_000)),
        ]
        .into_iter()
        .enumerate()
        {
            settings.step(format!("{}: {kind}", design.name()));
            match foreign::run(design, settings, kind, &[count], 2) {
                Ok(figures) => {
                    finding.check(
                        format!("{}, {kind}: {count} times", design.name()),
                        figures["result"] == count as f64,
                    );
                    let ns = figures["wall_ns"] / count as f64;
                    let table = if index == 0 { &mut create } else { &mut switch };
                    table.row(
                        format!("{}: {kind}", design.name()),
                        [Cell::time(ns), Cell::none(), Cell::none()],
                    );
                    others[index].push((design.name(), Ink::from(design), ns));
                }
                Err(error) => finding.skip_once(format!("{}: {error:#}", design.name())),
            }
        }
    }
    for (steps, others, what) in [
        (&created, &others[0], "To have one more and to see it end"),
        (&switched, &others[1], "To let another one run"),
    ] {
        let bars = steps
            .iter()
            .map(|step| (step.name, step.ink, step.ns))
            .chain(others.iter().copied());
        finding.chart(Chart::bars(what, Unit::Time, Scale::Log).group("", bars));
    }
    finding.table(create);
    finding.table(switch);

    let calls = calls_of_yields(settings, &mut finding);
    let of = |steps: &[Step], rung| {
        steps
            .iter()
            .find(|step| step.rung == rung)
            .map_or(f64::NAN, |step| step.ns)
    };
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "Thread and process are the same thing to the kernel, which shares more or less of it: {} for a process, {} for a thread. A fiber takes {}, a task {}. To switch, a \
         task returns `Pending` and its worker polls the next one: {} for tasks, {} for fibers, {} for two threads on one core, and {} for one way into the kernel and back.{calls}",
        show(of(&created, Rung::Fork)), show(of(&created, Rung::ThreadCreate)), show(of(&created, Rung::FiberCreate)), show(of(&created, Rung::TaskCreate)),
        show(of(&switched, Rung::TaskYield)), show(of(&switched, Rung::FiberYield)), show(of(&switched, Rung::ThreadYield)), show(of(&switched, Rung::Getpid)),
    ));
    finding.against(
        "The CPU is still given by the kernel: to the worker, not to the task. And where a wait ends because of the kernel (a socket, a timer), a task needs it as a thread \
         does; see `read_cost`.",
    );
    finding.against(
        "The stacks of fibers come from a pool, and those of threads from glibc's: the first of each costs more. A switch between two tasks that have little state is \
         the best case there is for tasks.",
    );
    Ok(finding)
}

/// How many system calls a million yields make, in a sentence.
fn calls_of_yields(settings: &Settings, finding: &mut Finding) -> String {
    settings.step("system calls of yields");
    let case = |count| Case {
        rung: Rung::TaskYield,
        count,
    };
    let more = settings.pick(1_000_000, 100_000);
    match Child::of("cost_ladder")
        .workers(1)
        .calls(&case(1000), &case(1000 + more), 1.0)
    {
        Ok(calls) => {
            let calls: f64 = syscalls::total(&calls).max(0.0);
            // Memory that the allocator asks for is in it, too.
            finding.check(
                format!("{more} yields make next to no system calls: {calls}"),
                calls < more as f64 / 1000.0,
            );
            format!(
                " {} yields made {} system calls.",
                Unit::Count.show(more as f64),
                Unit::Count.show(calls)
            )
        }
        Err(error) => {
            finding.skip(format!("system calls: {error:#}"));
            String::new()
        }
    }
}
