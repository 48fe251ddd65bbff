//! All rows, and how much of each workload is in them.

use std::time::Duration;

use crate::net::{self, Protocol};
use crate::row::{Figure, Rivals, Row};
use crate::workloads::{Hog, Over, Pattern, Workload};

const P99: Figure = Figure::Extra("p99_ns", "p99 ns late");
const MEDIAN: Figure = Figure::Extra("p50_ns", "median ns late");

/// How much is to be done.
#[derive(Clone, Copy)]
struct Size {
    quick: bool,
}

impl Size {
    fn of(self, full: u64) -> u64 {
        if self.quick { full / 10 } else { full }
    }
}

/// All rows; with `quick` they have a tenth of the operations.
pub fn rows(quick: bool) -> Vec<Row> {
    let size = Size { quick };
    let mut rows = spawning(size);
    rows.extend(yielding(size));
    rows.extend(talking(size));
    rows.extend(timers(size));
    rows.extend(crossing(size));
    rows.extend(fairness(size));
    rows.extend(network());
    rows.extend(growing(size));
    rows
}

fn spawning(size: Size) -> Vec<Row> {
    let tasks = size.of(1_000_000);
    let few = size.of(50_000);
    let row = |name, what, work| Row::new("spawn", name, what, work);
    let spawn = |batch| Workload::Spawn { tasks, batch };
    let outside = |tasks, batch| Workload::Outside { tasks, batch };
    let chain = Workload::Chain { tasks };
    vec![
        row(
            "spawn",
            "a task starts 1M others, then awaits them",
            spawn(tasks),
        )
        .share(0.5),
        row("spawn-batches", "the same in batches of 1000", spawn(1000)).share(0.65),
        row(
            "spawn-outside",
            "in batches of 1000, by a thread that is no worker",
            outside(tasks, 1000),
        ),
        row(
            "spawn-outside-1",
            "one by one, by a thread that is no worker; all on one CPU",
            outside(few, 1),
        )
        .on_one_cpu(),
        row(
            "spawn-chain",
            "1M tasks, each started by the one before",
            chain,
        ),
    ]
}

fn yielding(size: Size) -> Vec<Row> {
    let yields = size.of(4_000_000);
    let row = |name, what, tasks| {
        Row::new("yield", name, what, Workload::Yield { tasks, yields }).share(0.8)
    };
    vec![
        row("yield-1", "1 task that yields", 1),
        row("yield-2", "2 tasks that yield", 2),
        row("yield-1000", "1000 tasks that yield", 1000),
    ]
}

fn talking(size: Size) -> Vec<Row> {
    let messages = size.of(1_000_000);
    let rounds = size.of(300_000);
    let mailbox = |senders, receivers| Pattern::Mailbox {
        senders,
        receivers,
        messages,
        capacity: 100,
    };
    let patterns = [
        (
            "ping-pong-1",
            "round trips between 2 tasks",
            Pattern::PingPong { pairs: 1, rounds },
        ),
        (
            "ping-pong-100",
            "round trips in 100 pairs",
            Pattern::PingPong { pairs: 100, rounds },
        ),
        (
            "ring",
            "1M hops of a token round 1000 tasks",
            Pattern::Ring {
                tasks: 1000,
                hops: messages,
            },
        ),
        (
            "mailbox-1-1",
            "1 sender, 1 receiver, capacity 100",
            mailbox(1, 1),
        ),
        (
            "mailbox-1000",
            "1000 senders with a receiver each, capacity 10",
            pairs(messages),
        ),
        (
            "mailbox-8-8",
            "8 senders, 8 receivers, 1 channel of capacity 100",
            mailbox(8, 8),
        ),
        (
            "fan-in",
            "1000 senders, 1 receiver, capacity 100",
            mailbox(1000, 1),
        ),
        (
            "fan-out",
            "1 sender, 1000 receivers with a channel of capacity 10 each",
            Pattern::FanOut {
                receivers: 1000,
                messages,
                capacity: 10,
            },
        ),
    ];
    let mut rows = Vec::new();
    for (over, group, suffix) in [
        (Over::Common, "one channel for all", ""),
        (Over::Own, "own channels", "-own"),
    ] {
        for (name, what, pattern) in patterns {
            let (share, rivals) = match pattern {
                // There is never more than one message in a channel.
                Pattern::PingPong { .. } | Pattern::Ring { .. } => (0.75, Rivals::All),
                _ => (1.0, Rivals::Bounded),
            };
            let work = Workload::Talk { pattern, over };
            let row = Row::new(group, format!("{name}{suffix}"), what, work);
            rows.push(row.share(share).rivals(rivals));
        }
    }
    rows
}

fn pairs(messages: u64) -> Pattern {
    Pattern::Pairs {
        pairs: 1000,
        messages,
        capacity: 10,
    }
}

fn timers(size: Size) -> Vec<Row> {
    // A tenth of the timers in a tenth of the time: as many at once.
    let within = Duration::from_millis(size.of(1000));
    let timers = |full| Workload::Timers {
        timers: size.of(full),
        within,
    };
    let row = |name, what, work| Row::new("timers", name, what, work);
    let late = |name, what, microseconds, times| {
        let sleep = Duration::from_micros(microseconds);
        let times = size.of(times);
        row(name, what, Workload::Lateness { sleep, times })
            .figure(MEDIAN)
            .limit("p99_ns", 300_000.0)
    };
    let cancel = Workload::Cancel {
        timers: size.of(1_000_000),
    };
    vec![
        row(
            "timers-100k",
            "100k tasks sleep, randomly within 1 s",
            timers(100_000),
        )
        .figure(Figure::Cpu)
        .share(0.5),
        row(
            "timers-1M",
            "1M tasks sleep, randomly within 1 s",
            timers(1_000_000),
        )
        .figure(Figure::Cpu)
        .share(0.5),
        row(
            "timers-cancel",
            "1M timers set and cancelled, 1000 at a time",
            cancel,
        )
        .share(0.8),
        row(
            "late-crowd",
            "100k tasks sleep, randomly within 1 s",
            Workload::Crowd {
                timers: size.of(100_000),
                within,
            },
        )
        .figure(P99),
        late("late-50us", "a task sleeps 50 µs", 50, 5000),
        late("late-200us", "a task sleeps 200 µs", 200, 3000).limit("p50_ns", 60_000.0),
        late("late-2ms", "a task sleeps 2 ms", 2000, 500),
    ]
}

/// Between workers and other threads.
fn crossing(size: Size) -> Vec<Row> {
    let rounds = size.of(50_000);
    let nested = |on_a_task| Workload::Nested {
        rounds: size.of(200_000),
        on_a_task,
    };
    let row = |name, what, work| Row::new("threads", name, what, work);
    vec![
        row(
            "wake-foreign",
            "a thread that is no worker wakes a task, which answers; all on one CPU",
            Workload::Wake { rounds },
        )
        .on_one_cpu()
        .share(0.6)
        .rivals(Rivals::Tokio),
        row(
            "unblock",
            "a closure on a thread that may block; all on one CPU",
            Workload::Unblock { rounds },
        )
        .on_one_cpu(),
        row(
            "block-on-nested",
            "block_on in a task, woken once",
            nested(false),
        ),
        row(
            "block-on-task",
            "block_on in a task, on another task; all on one CPU",
            nested(true),
        )
        .on_one_cpu(),
    ]
}

fn fairness(size: Size) -> Vec<Row> {
    let ticks = size.of(2000);
    let row = |name, what, hogs, hog| {
        Row::new(
            "fairness",
            name,
            what,
            Workload::Fairness { hogs, hog, ticks },
        )
        .figure(P99)
        .rivals(Rivals::NotThreads)
        // Two seconds of ticks; who needs many more has starved the ticker.
        .patience(Duration::from_secs(10))
    };
    vec![
        row(
            "ticker-1",
            "1 kHz beside 1 task that computes 10 ms at a time",
            1,
            Hog::Compute,
        ),
        row("ticker-2", "1 kHz beside 2 such tasks", 2, Hog::Compute),
        row("ticker-8", "1 kHz beside 8 such tasks", 8, Hog::Compute),
        row(
            "ticker-blocked",
            "1 kHz beside 1 that blocks 100 ms at a time",
            1,
            Hog::Block,
        ),
    ]
}

/// Servers and their clients. How much they do is up to them.
fn network() -> Vec<Row> {
    let row = |work: &'static net::Workload| {
        let group = match work.protocol {
            Protocol::Http => "http",
            _ => "network",
        };
        let row = Row::new(group, work.name, work.what, work)
            .figure(Figure::Cpu)
            .patience(Duration::from_secs(180));
        match work.protocol {
            Protocol::Echo => row.rivals(Rivals::Servers),
            Protocol::Churn | Protocol::Http => row.rivals(Rivals::Runtimes),
            Protocol::Hold => row
                .figure(Figure::Extra(net::BYTES_EACH, "bytes each"))
                .rivals(Rivals::Runtimes)
                .limit(net::BYTES_EACH, 5.0 * 1024.0),
        }
    };
    net::workloads().iter().map(row).collect()
}

/// More tasks, more workers: what one operation costs should not grow.
fn growing(size: Size) -> Vec<Row> {
    let tasks = |name, what, at_once| {
        let times = 1_000_000 / at_once;
        let at_once = size.of(at_once);
        Row::new("growth", name, what, Workload::Scale { at_once, times })
    };
    let idle = Workload::Idle {
        tasks: size.of(1_000_000),
    };
    let mut rows = vec![
        Row::new(
            "growth",
            "idle",
            "1M tasks wait, each a future of 40 bytes",
            idle,
        )
        .figure(Figure::Extra("bytes", "bytes each"))
        .limit("bytes", 130.0),
        tasks("tasks-10k", "10k tasks at once, 5 turns each", 10_000),
        tasks("tasks-100k", "100k tasks at once, 5 turns each", 100_000),
        tasks("tasks-1M", "1M tasks at once, 5 turns each", 1_000_000),
    ];

    let messages = size.of(1_000_000);
    let tasks = messages;
    for workers in [2, 4, 8, 16, 32] {
        let work = Workload::Talk {
            pattern: pairs(messages),
            over: Over::Common,
        };
        let what = "mailbox-1000 with that many workers";
        rows.push(Row::new("growth", format!("workers-{workers}"), what, work).workers(workers));
    }
    let work = Workload::Spawn { tasks, batch: 1000 };
    let what = "spawn-batches with 32 workers";
    rows.push(Row::new("growth", "workers-32-spawn", what, work).workers(32));
    let work = Workload::Talk {
        pattern: Pattern::Ring {
            tasks: 1000,
            hops: messages,
        },
        over: Over::Common,
    };
    let what = "ring with 32 workers";
    rows.push(Row::new("growth", "workers-32-ring", what, work).workers(32));
    rows
}
