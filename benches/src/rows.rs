//! The rows of the table: which workload, how much of it, and which figure decides.

use serde::Serialize;

use crate::sample::Sample;
use crate::workloads::{Over, Pattern, Workload};

/// One row: a workload that every runtime is measured on.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: String,
    pub group: &'static str,
    pub what: &'static str,
    pub figure: Figure,
    /// How much of the best peer's figure leno may have.
    pub goal: Option<f64>,
    pub work: Workload,
}

/// The figure by which runtimes are compared on a row; less is better.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Nanoseconds per operation.
    Wall,
}

impl Figure {
    pub fn of(self, sample: &Sample) -> f64 {
        match self {
            Figure::Wall => sample.wall_ns as f64 / sample.ops as f64,
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Figure::Wall => "ns/op",
        }
    }
}

/// All rows; with `quick` they have a tenth of the operations.
pub fn rows(quick: bool) -> Vec<Row> {
    let n = |full: u64| if quick { full / 10 } else { full };
    let mut rows = Vec::new();
    let mut row = |group, name: &str, goal, what, work| {
        rows.push(Row {
            name: name.to_owned(),
            group,
            what,
            figure: Figure::Wall,
            goal,
            work,
        });
    };

    let million = n(1_000_000);
    row(
        "spawn",
        "spawn",
        Some(0.5),
        "a task starts 1M tasks, then awaits them",
        Workload::Spawn {
            tasks: million,
            batch: million,
        },
    );
    row(
        "spawn",
        "spawn-batches",
        Some(0.65),
        "the same in batches of 1000",
        Workload::Spawn {
            tasks: million,
            batch: 1000,
        },
    );

    for (name, tasks, what) in [
        ("yield-1", 1, "1 task that yields"),
        ("yield-2", 2, "2 tasks that yield"),
        ("yield-1000", 1000, "1000 tasks that yield"),
    ] {
        let yields = n(4_000_000);
        row(
            "yield",
            name,
            Some(0.8),
            what,
            Workload::Yield { tasks, yields },
        );
    }

    let patterns = [
        (
            "ping-pong-1",
            Some(0.75),
            "round trips between 2 tasks",
            Pattern::PingPong {
                pairs: 1,
                rounds: n(300_000),
            },
        ),
        (
            "ping-pong-100",
            Some(0.75),
            "round trips in 100 pairs",
            Pattern::PingPong {
                pairs: 100,
                rounds: n(300_000),
            },
        ),
        (
            "ring",
            Some(0.75),
            "1M hops of one token round 1000 tasks",
            Pattern::Ring {
                tasks: 1000,
                hops: million,
            },
        ),
        (
            "mailbox-1-1",
            Some(1.0),
            "1 sender, 1 receiver, capacity 100",
            Pattern::Mailbox {
                senders: 1,
                receivers: 1,
                messages: million,
                capacity: 100,
            },
        ),
        (
            "mailbox-1000",
            Some(1.0),
            "1000 senders with a receiver each, capacity 10",
            Pattern::Pairs {
                pairs: 1000,
                messages: million,
                capacity: 10,
            },
        ),
        (
            "mailbox-8-8",
            Some(1.0),
            "8 senders, 8 receivers, 1 channel, capacity 100",
            Pattern::Mailbox {
                senders: 8,
                receivers: 8,
                messages: million,
                capacity: 100,
            },
        ),
        (
            "fan-in",
            Some(1.0),
            "1000 senders, 1 receiver, capacity 100",
            Pattern::Mailbox {
                senders: 1000,
                receivers: 1,
                messages: million,
                capacity: 100,
            },
        ),
        (
            "fan-out",
            Some(1.0),
            "1 sender, 1000 receivers with a channel each, capacity 10",
            Pattern::FanOut {
                receivers: 1000,
                messages: million,
                capacity: 10,
            },
        ),
    ];
    for (over, suffix) in [(Over::Common, ""), (Over::Own, "-own")] {
        for (name, goal, what, pattern) in patterns {
            let group = match over {
                Over::Common => "async-channel",
                Over::Own => "own channels",
            };
            let name = format!("{name}{suffix}");
            row(group, &name, goal, what, Workload::Talk { pattern, over });
        }
    }
    rows
}
