//! From a process down to a state machine: what it takes to have one more, and what it takes to switch.
//!
//! From: the article's list (fork, which copies no memory today but on write; clone; user threads), and Jim Blandy's context-switch. What threads have that leno's tasks do
//! not: the kernel interrupts them, counts their time and gives them priorities.

mod ids;
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
    child: Some(|case| answer(case, reply)),
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

/// What a child is asked.
#[derive(Debug, Serialize, Deserialize)]
enum Asked {
    Climb(Case),
    Ids,
}

fn reply(asked: Asked) -> Result<serde_json::Value> {
    Ok(match asked {
        Asked::Climb(case) => serde_json::to_value(rungs::climb(case)?)?,
        Asked::Ids => serde_json::to_value(ids::all()?)?,
    })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Climbed {
    done: Done,
    threads: u64,
}

/// One line of the ladder.
struct Step {
    rung: Rung,
    name: &'static str,
    ink: Ink,
    count: usize,
    one_core: bool,
}

const fn step(rung: Rung, name: &'static str, ink: Ink, count: usize) -> Step {
    Step {
        rung,
        name,
        ink,
        count,
        one_core: false,
    }
}

impl Step {
    const fn on_one_core(self) -> Step {
        Step {
            one_core: true,
            ..self
        }
    }

    /// Nanoseconds of it.
    fn measure(
        &self,
        settings: &Settings,
        finding: &mut Finding,
        table: &mut Table,
    ) -> Result<f64> {
        settings.step(self.name);
        let count = self.count / settings.pick(1, 20);
        let mut times = Vec::new();
        let mut cells = Vec::new();
        for _ in 0..settings.pick(3, 1) {
            let child = Child::of("cost_ladder").limit(Duration::from_secs(60));
            let child = if self.one_core {
                child.on_cpu(0)
            } else {
                child
            };
            let Climbed { done, threads } = child.run(&Asked::Climb(Case {
                rung: self.rung,
                count,
            }))?;
            finding.check(
                format!("{}: {count} times", self.name),
                done.result == count as f64,
            );
            times.push(done.wall_ns / count as f64);
            let switches = done
                .spent
                .map(|spent| (spent.voluntary as f64 / count as f64 * 1e3).round() / 1e3);
            cells = vec![
                Cell::maybe(Unit::Count, switches),
                Cell::count(threads as f64),
            ];
        }
        let ns = median(times);
        table.row(self.name, std::iter::once(Cell::time(ns)).chain(cells));
        Ok(ns)
    }
}

const THREAD: Ink = Ink::Of(Design::Thread);
const MAY: Ink = Ink::Of(Design::May);
const FIBER: Ink = Ink::Of(Design::Fiber);
const TASK: Ink = Ink::Of(Design::Task);

const CREATE: [Step; 5] = [
    step(Rung::Fork, "process: fork, wait", Ink::Faint, 2000),
    step(Rung::ThreadCreate, "thread: start, join", THREAD, 20_000),
    step(Rung::MayCreate, "may: start, join", MAY, 50_000),
    step(
        Rung::FiberCreate,
        "leno fiber: start, await",
        FIBER,
        300_000,
    ),
    step(Rung::TaskCreate, "leno task: start, await", TASK, 1_000_000),
];
const SWITCH: [Step; 8] = [
    step(
        Rung::Getpid,
        "into the kernel and back: getpid",
        Ink::Faint,
        1_000_000,
    ),
    step(Rung::EmptyPoll, "an empty poll", Ink::Faint, 1_000_000),
    step(
        Rung::ThreadPingPong,
        "threads, woken by futex, 2 cores",
        THREAD,
        50_000,
    ),
    step(
        Rung::ThreadPingPong,
        "threads, woken by futex, 1 core",
        THREAD,
        100_000,
    )
    .on_one_core(),
    step(
        Rung::ThreadYield,
        "threads, sched_yield, 1 core",
        THREAD,
        300_000,
    )
    .on_one_core(),
    step(Rung::MayYield, "may, yield", MAY, 1_000_000),
    step(Rung::FiberYield, "leno fiber, yield", FIBER, 2_000_000),
    step(Rung::TaskYield, "leno task, yield", TASK, 5_000_000),
];

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is a light-weight process a thread or a process, and what does each cost? And how can a switch happen all in user mode, if a CPU must be given?",
    );
    let columns = [
        "",
        "time",
        "voluntary switches by the kernel",
        "threads in the end",
    ];
    let mut create = Table::new("To have one more and to see it end", columns);
    let mut switch = Table::new("To let another one run", columns);
    let mut climb =
        |steps: &'static [Step], table: &mut Table| -> Result<Vec<(&'static Step, f64)>> {
            steps
                .iter()
                .map(|step| Ok((step, step.measure(settings, &mut finding, table)?)))
                .collect()
        };
    let created = climb(&CREATE, &mut create)?;
    let switched = climb(&SWITCH, &mut switch)?;
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
            .map(|(step, ns)| (step.name, step.ink, *ns))
            .chain(others.iter().copied());
        finding.chart(Chart::bars(what, Unit::Time, Scale::Log).group("", bars));
    }
    finding.table(create);
    finding.table(switch);

    settings.step("who they are");
    let ids: ids::Ids = Child::of("cost_ladder").run(&Asked::Ids)?;
    let numbers = ids::show(&ids, &mut finding);

    let calls = calls_of_yields(settings, &mut finding);
    let of = |steps: &[(&Step, f64)], rung| {
        steps
            .iter()
            .find(|(step, _)| step.rung == rung)
            .map_or(f64::NAN, |(_, ns)| *ns)
    };
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "Thread and process are the same thing to the kernel, which shares more or less of it: {} for a process, {} for a thread. A fiber takes {}, a task {}. To switch, a \
         task returns `Pending` and its worker polls the next one: {} for tasks, {} for fibers, {} for two threads on one core, and {} for one way into the kernel and back.{calls}{numbers}",
        show(of(&created, Rung::Fork)), show(of(&created, Rung::ThreadCreate)), show(of(&created, Rung::FiberCreate)), show(of(&created, Rung::TaskCreate)),
        show(of(&switched, Rung::TaskYield)), show(of(&switched, Rung::FiberYield)), show(of(&switched, Rung::ThreadYield)), show(of(&switched, Rung::Getpid)),
    ));
    finding.against(format!(
        "The {} of a process are not for a copy of its memory, as the article has it: `fork` copies the tables that map it, and a page only when one of the two writes to it. This process is small; \
         one with gigabytes has larger tables, and takes longer.",
        show(of(&created, Rung::Fork)),
    ));
    if let Some(sentence) = faster_than_tasks(&switched) {
        finding.against(sentence);
    }
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

/// Who lets another one run in less time than a task does.
fn faster_than_tasks(switched: &[(&Step, f64)]) -> Option<String> {
    let task = switched
        .iter()
        .find(|(step, _)| step.rung == Rung::TaskYield)?
        .1;
    let faster: Vec<_> = switched
        .iter()
        .filter(|(step, ns)| step.ink != Ink::Faint && *ns < task)
        .map(|(step, ns)| format!("{}: {}", step.name, Unit::Time.show(*ns)))
        .collect();
    (!faster.is_empty()).then(|| {
        format!(
            "To yield takes less time elsewhere ({}) than in a task ({}).",
            faster.join("; "),
            Unit::Time.show(task)
        )
    })
}

/// How many system calls a million yields make, in a sentence.
fn calls_of_yields(settings: &Settings, finding: &mut Finding) -> String {
    settings.step("system calls of yields");
    let case = |count| {
        Asked::Climb(Case {
            rung: Rung::TaskYield,
            count,
        })
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
