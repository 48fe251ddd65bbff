//! The same server twice: a loop around epoll with a state for each connection, and an `async fn`.
//!
//! From: Netty, where a connection stays on one loop for life and its code is a set of callbacks. What Netty has that leno does
//! not: a library of protocols; and by default, without a `LocalExecutor` for each thread, connections that never move.

use anyhow::Result;

use crate::design::Design;
use crate::echo::{self, BY_HAND, SERVERS, Server, Talk};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::race::compared;
use crate::settings::Settings;
use crate::syscalls;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "netty_style",
    group: Group::Reading,
    title: "Like Netty, but written from top to bottom",
    answers: &["C27", "C9", "C19"],
    from: &["Netty"],
    run,
    child: None,
};

/// The lines between two marks that are neither empty nor comments.
fn lines_between<'a>(source: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let start = format!("// {from}\n");
    let inside = source
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once(&format!("// {to}")));
    let inside = inside.map_or("", |(inside, _)| inside);
    inside
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"))
        .collect()
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is a coroutine not the same as an event loop with callbacks, as in Netty, only written in sequence? What does the convenience cost?",
    );
    let servers = [
        (Server::Loop, "epoll by hand, 1 thread", Ink::Faint, 1),
        (Server::Task, "async fn, 1 worker", Design::Task.into(), 1),
        (Server::Task, "async fn, 2 workers", Design::Task.into(), 2),
    ];
    let mut table = Table::new(
        "64 bytes there and back",
        [
            "",
            "connections",
            "CPU of the server",
            "messages a second",
            "p99",
            "system calls",
        ],
    );
    let mut chart = Chart::bars(
        "Processor time of the server for a message",
        Unit::Time,
        Scale::Linear,
    );
    let mut cpu = Vec::new();
    for connections in settings.pick([1, 64, 1000], [1, 16, 64]) {
        let mut bars = Vec::new();
        for (server, name, ink, workers) in servers {
            settings.step(format!("{name}, {connections} connections"));
            let rounds = (settings.pick(80_000, 4000) / connections).max(4);
            let talk = Talk {
                connections,
                bytes: 64,
                rounds,
                workers,
                one_core: false,
            };
            let talked = echo::talk_often(server, &talk, settings.pick(3, 1))?;
            finding.check(
                format!("{name}, {connections} connections: every reply was the message"),
                talked.right,
            );
            // The answer is about these.
            let counting = !settings.quick || connections == 16;
            let few = Talk {
                rounds: (rounds / 4).max(2),
                ..talk
            };
            let calls = counting
                .then(|| echo::calls_or_skip(server, &few, &mut finding))
                .flatten();
            let calls = calls.map(|calls| syscalls::total(&calls));
            table.row(
                name,
                [
                    Cell::count(connections as f64),
                    Cell::time(talked.cpu_ns),
                    Cell::of(Unit::Rate, talked.rate()),
                    Cell::time(talked.p99_ns),
                    Cell::maybe(Unit::Count, calls),
                ],
            );
            bars.push((name, ink, talked.cpu_ns));
            cpu.push((connections, talked.cpu_ns, calls, talked.p99_ns));
        }
        chart = chart.group(format!("{connections} connections"), bars);
    }
    finding.chart(chart);
    finding.table(table);

    let by_hand = lines_between(BY_HAND, "by hand", "end of by hand");
    let in_sequence = lines_between(SERVERS, "tasks", "end of tasks");
    let mut table = Table::new(
        "The code of the server, without empty lines and comments",
        ["", "lines"],
    );
    table.row("epoll by hand", [Cell::count(by_hand.len() as f64)]);
    table.row("async fn", [Cell::count(in_sequence.len() as f64)]);
    finding.table(table);
    finding.listing("All of it, with coroutines", in_sequence.join("\n"));

    let middle = &cpu[3..6];
    let calls = |index: usize| {
        middle[index]
            .2
            .map_or("an unknown number of".to_owned(), |calls| {
                Unit::Count.show(calls)
            })
    };
    finding.answer(format!(
        "It is: beneath it is the same loop, and what a callback keeps in fields the compiler keeps in the future. With {} connections a message costs the loop by hand {} \
         and {} system calls, the coroutine {} and {}: on one thread each, the coroutine is {} the loop. It takes {} lines instead of {}.",
        middle[0].0, Unit::Time.show(middle[0].1), calls(0), Unit::Time.show(middle[1].1), calls(1), compared(middle[1].1, middle[0].1), in_sequence.len(), by_hand.len(),
    ));
    let dearer: Vec<_> = cpu
        .chunks(3)
        .filter(|row| row[1].1 > row[0].1 * 1.03)
        .map(|row| {
            format!(
                "{} of them: {} against {}",
                row[0].0,
                Unit::Time.show(row[1].1),
                Unit::Time.show(row[0].1)
            )
        })
        .collect();
    if !dearer.is_empty() {
        finding.against(format!(
            "By number of connections, the loop by hand is cheaper with {}.",
            dearer.join("; ")
        ));
    }
    if let Some(row) = cpu.chunks(3).find(|row| row[1].3 > row[0].3 * 2.0) {
        finding.against(format!(
            "With {} connections 99 of 100 messages were answered within {} by the loop and within {} by the coroutines on one thread: a task that finds its next message at \
             once may go on with it, up to 128 times, before it lets others run.",
            row[0].0, Unit::Time.show(row[0].3), Unit::Time.show(row[1].3),
        ));
    }
    finding.against("The loop by hand does nothing else: no timers, no other tasks, no second core, and one callback that computes stops them all.");
    finding.check(
        "the code of both was found",
        by_hand.len() > 50 && in_sequence.len() > 10,
    );
    Ok(finding)
}
