//! What one message costs a server, by what waits for it: a thread in `read`, a stack, a state machine.
//!
//! From: Netty, Kilim's `nio`, Go's netpoller, Loom. What Go and Loom have that leno does not: the standard library does it
//! behind the usual calls. What Kilim has: it yields a few times before it registers, hoping for the data to come.
//! Not measured here: leno registers a socket once, so there is no registration left to save.

use anyhow::Result;

use crate::child::answer;
use crate::design::Design;
use crate::echo::{self, Server, Talk, Talked};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::syscalls;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "read_cost",
    group: Group::Reading,
    title: "One message, and what it costs to wait for it",
    answers: &["C3", "C11", "C23", "C25"],
    from: &["Netty", "Kilim", "Go", "Loom"],
    run,
    child: Some(|case| answer(case, echo::serve)),
};

const SERVERS: [(Server, Design); 3] = [
    (Server::Thread, Design::Thread),
    (Server::Fiber, Design::Fiber),
    (Server::Task, Design::Task),
];

/// How often each connection talks: fewer times if there are more, so that it takes about as long.
fn rounds(connections: usize, bytes: usize, settings: &Settings) -> usize {
    let all = settings.pick(20_000, 4_000) / if bytes > 1000 { 10 } else { 1 };
    (all / connections).max(settings.pick(4, 2))
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "A thread reads, and a coroutine reads: it is the same system call, the same switch to the kernel, and somebody must be scheduled when the data \
         is there. So where is a coroutine lighter?",
    );
    finding.skip(
        "64 KiB on 10,000 connections: 640 MiB would be on their way at once, in the memory of the kernel",
    );
    let limit = echo::raise_descriptor_limit()?.saturating_sub(100);
    let sizes: &[(usize, usize)] = settings.pick(
        &[
            (1, 1),
            (10, 1),
            (100, 1),
            (1000, 1),
            (10_000, 1),
            (1, 65_536),
            (100, 65_536),
            (1000, 65_536),
        ],
        &[(1, 1), (100, 1), (10, 65_536)],
    );
    let mut measured: Vec<(usize, usize, Vec<Talked>)> = Vec::new();
    let mut table = Table::new(
        "The server's part of a message there and back",
        [
            "connections, bytes",
            "",
            "time",
            "CPU",
            "waits in the kernel",
            "pushed aside",
            "system calls",
            "memory of a connection",
        ],
    );
    let mut one = Vec::new();
    let mut calls_of_one = Vec::new();
    for &(connections, bytes) in sizes {
        if connections > limit {
            finding.skip(format!(
                "{connections} connections: only {limit} descriptors are allowed"
            ));
            continue;
        }
        let mut of_all = Vec::new();
        for (server, design) in SERVERS {
            settings.step(format!(
                "{}, {connections} connections, {bytes} B",
                design.name()
            ));
            let talk = Talk {
                connections,
                bytes,
                rounds: rounds(connections, bytes, settings),
                workers: 2,
                one_core: false,
            };
            let talked = echo::talk_often(server, &talk, settings.pick(3, 1))?;
            let few = Talk {
                // What the connections do once, at their start, is divided by these.
                rounds: (talk.rounds / 4).max(4),
                ..talk
            };
            let calls = match not_counted(server, connections, settings) {
                None => echo::calls_or_skip(server, &few, &mut finding),
                Some(why) => {
                    finding.skip_once(format!("system calls: {why}"));
                    None
                }
            };
            if let Some(calls) = &calls {
                finding.check(
                    format!(
                        "{}, {connections} connections of {bytes} B: a message takes a call to read and one to write, at least",
                        design.name()
                    ),
                    // At its start one connection may read once in vain, and another not.
                    syscalls::total(calls) > 1.75,
                );
            }
            finding.check(
                format!(
                    "{}, {connections} connections: every reply was the message",
                    design.name()
                ),
                talked.right,
            );
            table.row(
                format!(
                    "{}, {}",
                    Unit::Count.show(connections as f64),
                    Unit::Memory.show(bytes as f64)
                ),
                [
                    Cell::text(design.name()),
                    Cell::time(talked.wall_ns),
                    Cell::time(talked.cpu_ns),
                    Cell::count(rounded(talked.voluntary)),
                    Cell::count(rounded(talked.involuntary)),
                    Cell::maybe(
                        Unit::Count,
                        calls.as_ref().map(|calls| rounded(syscalls::total(calls))),
                    ),
                    if connections >= 100 {
                        Cell::bytes(talked.memory)
                    } else {
                        Cell::none()
                    },
                ],
            );
            if let (1, 1, Some(calls)) = (connections, bytes, calls) {
                calls_of_one.push(rounded(syscalls::total(&calls)));
                one.push(format!(
                    "{:12} {}",
                    design.name(),
                    syscalls::in_words(&calls)
                ));
            }
            of_all.push(talked);
        }
        measured.push((connections, bytes, of_all));
    }
    let of_small = |figure: fn(&Talked) -> f64, index: usize, from: usize| {
        let small = measured
            .iter()
            .filter(|(connections, bytes, _)| *bytes == 1 && *connections >= from);
        small
            .map(|(connections, _, talked)| (*connections as f64, figure(&talked[index])))
            .collect::<Vec<_>>()
    };
    // What a runtime takes for its first connections is divided by few of them.
    for (what, unit, from, figure) in [
        (
            "Processor time of a message of 1 byte",
            Unit::Time,
            1,
            (|talked| talked.cpu_ns) as fn(&Talked) -> f64,
        ),
        ("Memory of a connection", Unit::Memory, 100, |talked| {
            talked.memory
        }),
    ] {
        let mut chart = Chart::lines(
            what,
            ("connections", Unit::Count, Scale::Log),
            (unit, Scale::Log),
        );
        for (index, (_, design)) in SERVERS.iter().enumerate() {
            chart = chart.line(
                design.name(),
                Ink::from(*design),
                of_small(figure, index, from),
            );
        }
        finding.chart(chart);
    }
    finding.table(table);
    if !one.is_empty() {
        finding.listing(
            "System calls of the server for one message, with one connection",
            one.join("\n"),
        );
    }
    conclude(&mut finding, &measured, &calls_of_one);
    Ok(finding)
}

/// Why the system calls of a server are not counted with so many connections.
fn not_counted(server: Server, connections: usize, settings: &Settings) -> Option<&'static str> {
    if settings.quick && connections > 1 {
        return Some("in small sizes they are counted with one connection only");
    }
    // Tasks and fibers have two threads with any number of connections.
    (server == Server::Thread && connections > 1000).then_some(
        "perf has a counter for each call in each thread, and ten thousand threads are too many for it; with more than 1000 connections they are counted for tasks and fibers only",
    )
}

/// Four decimals.
fn rounded(each: f64) -> f64 {
    (each * 1000.0).round() / 1000.0
}

fn conclude(finding: &mut Finding, measured: &[(usize, usize, Vec<Talked>)], calls_of_one: &[f64]) {
    let show = |ns| Unit::Time.show(ns);
    let small: Vec<_> = measured
        .iter()
        .filter(|(_, bytes, _)| *bytes == 1)
        .collect();
    let (Some(few), Some(many)) = (small.first(), small.last()) else {
        return;
    };
    let (thread, task) = (&few.2[0], &few.2[2]);
    let (threads, fibers, tasks) = (&many.2[0], &many.2[1], &many.2[2]);
    let calls = match calls_of_one {
        [thread, _, task] => {
            let (thread, task) = (Unit::Count.show(*thread), Unit::Count.show(*task));
            format!(
                ", with {thread} system calls and {task}: the coroutine waits for all sockets in a call of its own"
            )
        }
        _ => String::new(),
    };
    finding.answer(format!(
        "With one connection a message costs the thread {} of processor time and the task {}{calls}. With {} connections it is {} and {}: one wait finds many messages, so \
         somebody is put to sleep {} times a message instead of {}. And a connection weighs {} as a thread, {} as a fiber and {} as a task.",
        show(thread.cpu_ns), show(task.cpu_ns), Unit::Count.show(many.0 as f64), show(threads.cpu_ns), show(tasks.cpu_ns), Unit::Count.show(rounded(tasks.voluntary)),
        Unit::Count.show(rounded(threads.voluntary)), Unit::Memory.show(threads.memory), Unit::Memory.show(fibers.memory), Unit::Memory.show(tasks.memory),
    ));
    let lost: Vec<_> = measured
        .iter()
        .filter(|(_, _, talked)| talked[0].cpu_ns < talked[2].cpu_ns * 0.97)
        .map(|(connections, bytes, talked)| {
            format!(
                "{connections} of {} ({} against {})",
                Unit::Memory.show(*bytes as f64),
                show(talked[0].cpu_ns),
                show(talked[2].cpu_ns)
            )
        })
        .collect();
    if !lost.is_empty() {
        finding.against(format!(
            "A thread needs less processor time than a task with these numbers of connections: {}.",
            lost.join(", ")
        ));
    }
    let large: Vec<_> = measured
        .iter()
        .filter(|(_, bytes, _)| *bytes > 1)
        .map(|(connections, _, talked)| {
            format!(
                "with {} {} for the thread and {} for the task",
                match connections {
                    1 => "one connection".to_owned(),
                    more => format!("{} connections", Unit::Count.show(*more as f64)),
                },
                show(talked[0].cpu_ns),
                show(talked[2].cpu_ns)
            )
        })
        .collect();
    if !large.is_empty() {
        finding.against(format!(
            "With 64 KiB a message it is the copying that costs: {}. No coroutine makes a copy cheaper.",
            large.join(", "),
        ));
    }
    if fibers.cpu_ns < tasks.cpu_ns * 1.1 {
        finding.against(format!(
            "With {} connections a fiber needs {} a message and a task {}: for the processor it hardly matters what keeps the state, only for the memory.",
            Unit::Count.show(many.0 as f64), show(fibers.cpu_ns), show(tasks.cpu_ns),
        ));
    }
}
