//! A thread for each connection against tasks, from one connection to ten thousand: where do they cross?
//!
//! From: the reader who says that with enough threads, threads win. What threads have that leno does not: nothing must be
//! written in another way, and a debugger shows what each waits for.

use anyhow::Result;

use crate::design::Design;
use crate::echo::{self, Server, Talk, Talked};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "crossover",
    group: Group::Reading,
    title: "With enough threads, do threads win?",
    answers: &["C28", "C10"],
    from: &["Netty", "Go", "Loom"],
    run,
    child: None,
};

const SERVERS: [(Server, Design); 4] = [
    (Server::Task, Design::Task),
    (Server::Fiber, Design::Fiber),
    (Server::May, Design::May),
    (Server::Thread, Design::Thread),
];

/// From where on one is better than the other, of some numbers of connections.
enum Crossing {
    Always,
    Never,
    /// At the first of these, and not before.
    From(usize),
    /// It changes more than once: at all but these.
    AllBut(Vec<usize>),
}

fn crossing(better: &[(usize, bool)]) -> Crossing {
    let first = better.iter().position(|(_, better)| *better);
    match first {
        None => Crossing::Never,
        Some(0) if better.iter().all(|(_, better)| *better) => Crossing::Always,
        Some(first) if better[first..].iter().all(|(_, better)| *better) => {
            Crossing::From(better[first].0)
        }
        Some(_) => Crossing::AllBut(
            better
                .iter()
                .filter(|(_, better)| !better)
                .map(|(connections, _)| *connections)
                .collect(),
        ),
    }
}

impl Crossing {
    /// `Tasks …`
    fn in_words(&self) -> String {
        match self {
            Crossing::Always => "at every number that was tried".to_owned(),
            Crossing::Never => "at no number that was tried".to_owned(),
            Crossing::From(connections) => format!("from {connections} connections on"),
            Crossing::AllBut(others) => {
                let others: Vec<_> = others.iter().map(usize::to_string).collect();
                format!("at every number that was tried but {}", others.join(", "))
            }
        }
    }
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is it not a toy comparison: with enough threads, do threads not win? From how many connections on are tasks better?",
    );
    let limit = echo::raise_descriptor_limit()?.saturating_sub(100);
    let sizes: &[usize] =
        settings.pick(&[1, 3, 10, 30, 100, 300, 1000, 3000, 10_000], &[1, 10, 100]);
    let all = settings.pick(20_000, 4000);
    let mut measured: Vec<(usize, Vec<Talked>)> = Vec::new();
    let mut table = Table::new(
        "64 bytes there and back; all connections are busy",
        [
            "connections",
            "",
            "messages a second",
            "p50",
            "p99",
            "CPU of the server",
            "memory of a connection",
        ],
    );
    for &connections in sizes {
        if connections > limit {
            finding.skip(format!(
                "{connections} connections: only {limit} descriptors are allowed"
            ));
            continue;
        }
        let mut of_all = Vec::new();
        for (server, design) in SERVERS {
            settings.step(format!("{}, {connections} connections", design.name()));
            let talk = Talk {
                connections,
                bytes: 64,
                rounds: (all / connections).max(4),
                workers: 2,
                one_core: false,
            };
            let talked = echo::talk_often(server, &talk, settings.pick(3, 1))?;
            finding.check(
                format!(
                    "{}, {connections} connections: every reply was the message",
                    design.name()
                ),
                talked.right,
            );
            table.row(
                Unit::Count.show(connections as f64),
                [
                    Cell::text(design.name()),
                    Cell::of(Unit::Rate, talked.rate()),
                    Cell::time(talked.p50_ns),
                    Cell::time(talked.p99_ns),
                    Cell::time(talked.cpu_ns),
                    if connections >= 100 {
                        Cell::bytes(talked.memory)
                    } else {
                        Cell::none()
                    },
                ],
            );
            of_all.push(talked);
        }
        measured.push((connections, of_all));
    }
    for (what, unit, figure) in [
        (
            "Messages a second",
            Unit::Rate,
            (|talked| talked.rate()) as fn(&Talked) -> f64,
        ),
        ("Latency that 99 of 100 stay below", Unit::Time, |talked| {
            talked.p99_ns
        }),
        (
            "Processor time of the server for a message",
            Unit::Time,
            |talked| talked.cpu_ns,
        ),
    ] {
        let mut chart = Chart::lines(
            what,
            ("connections", Unit::Count, Scale::Log),
            (unit, Scale::Log),
        );
        for (index, (_, design)) in SERVERS.iter().enumerate() {
            let points = measured
                .iter()
                .map(|(connections, talked)| (*connections as f64, figure(&talked[index])))
                .collect();
            chart = chart.line(design.name(), Ink::from(*design), points);
        }
        finding.chart(chart);
    }
    finding.table(table);

    let better = |is: fn(&Talked, &Talked) -> bool| {
        crossing(
            &measured
                .iter()
                .map(|(connections, talked)| (*connections, is(&talked[0], &talked[3])))
                .collect::<Vec<_>>(),
        )
    };
    let rate = better(|task, thread| task.rate() > thread.rate());
    let late = better(|task, thread| task.p99_ns < thread.p99_ns);
    let cpu = better(|task, thread| task.cpu_ns < thread.cpu_ns);
    let (last, talked) = measured.last().expect("one connection is always possible");
    finding.answer(format!(
        "Tasks answer more messages a second than threads {}, have the better p99 {} and need less processor time {}. With {} connections tasks answer {} and threads \
         {}, and the threads take {} of memory where the tasks take {}.",
        rate.in_words(), late.in_words(), cpu.in_words(), Unit::Count.show(*last as f64), Unit::Rate.show(talked[0].rate()), Unit::Rate.show(talked[3].rate()),
        Unit::Memory.show(talked[3].memory * *last as f64), Unit::Memory.show(talked[0].memory * *last as f64),
    ));
    let lost: Vec<_> = measured
        .iter()
        .filter(|(_, talked)| talked[3].rate() > talked[0].rate())
        .map(|(connections, talked)| {
            format!(
                "{connections} ({} against {})",
                Unit::Rate.show(talked[3].rate()),
                Unit::Rate.show(talked[0].rate())
            )
        })
        .collect();
    if lost.is_empty() {
        finding.against("Threads are slower here, but they are not slow, and their code is the plainest there is.");
    } else {
        finding.against(format!(
            "Threads answer more messages a second with these numbers of connections: {}.",
            lost.join(", ")
        ));
    }
    finding.against(
        "Client and server share two cores, and the client takes about as much of them as the server. On more cores threads have less to wait for one another; the numbers \
         where the lines cross are those of this machine.",
    );
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use super::{Crossing, crossing};

    #[test]
    fn a_crossing_is_where_it_stays_better() {
        assert!(matches!(
            crossing(&[(1, false), (10, true), (100, true)]),
            Crossing::From(10)
        ));
        assert!(matches!(
            crossing(&[(1, true), (10, true)]),
            Crossing::Always
        ));
        assert!(matches!(
            crossing(&[(1, false), (10, false)]),
            Crossing::Never
        ));
        assert!(
            matches!(crossing(&[(1, true), (10, false), (100, true)]), Crossing::AllBut(others) if others == [10])
        );
    }
}
