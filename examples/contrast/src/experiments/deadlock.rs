//! The article's consumers, each of which waits for 10,000 messages and gets 10. Who waits, on what, since when?
//!
//! From: the article's second half, Kilim's `idledown`, and Go's "all goroutines are asleep - deadlock!". What Go has that leno does
//! not: it finds this by itself if all goroutines sleep (one that waits for a timer or a socket silences it), and prints where in
//! its code each of them stands. Of a state machine one knows where it was spawned and what it waits for, but not the line.

use std::time::{Duration, Instant};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use leno::observe::{self, TaskState, Wait};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Finding, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "deadlock",
    group: Group::Mailboxes,
    title: "Consumers that wait for ever",
    answers: &["C29", "C13", "C21"],
    from: &["Kilim", "Go"],
    run,
    child: Some(|case| answer(case, deadlock)),
};

const ITEMS: usize = 10;
const WANTED: usize = 10_000;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    pairs: usize,
    /// Whether a consumer holds the whole box, as with Kilim, or only the end to receive from.
    whole: bool,
    observed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    alive: usize,
    on_recv: usize,
    report: String,
    oldest_ns: f64,
    /// From the start to the report.
    took_ns: f64,
    got: usize,
}

fn deadlock(case: Case) -> Result<Seen> {
    leno::Builder::new().observe(case.observed).start()?;
    let (got, count) = leno::channel::unbounded();
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..case.pairs {
        let (to, from) = bounded(ITEMS);
        let spare = case.whole.then(|| to.clone());
        let got = got.clone();
        match case.design {
            // SAFETY: channels and numbers are on their stacks, and no variables of threads.
            Design::Fiber => unsafe {
                tasks.push(fiber::spawn(move || fiber::wait(produce(to))));
                tasks.push(fiber::spawn(move || fiber::wait(consume(from, spare, got))));
            },
            _ => {
                tasks.push(leno::spawn(produce(to)));
                tasks.push(leno::spawn(consume(from, spare, got)));
            }
        }
    }
    drop(got);
    let left = leno::block_on(observe::idle());
    let took_ns = start.elapsed().as_nanos() as f64;
    let on_recv = left
        .list()
        .iter()
        .filter(|task| task.state() == TaskState::Parked && task.waits() == [Wait::Message]);
    let oldest = left
        .list()
        .iter()
        .map(|task| task.in_state())
        .max()
        .unwrap_or(Duration::ZERO);
    let mut total = 0;
    while count.try_recv().is_ok() {
        total += 1;
    }
    Ok(Seen {
        alive: left.alive(),
        on_recv: on_recv.count(),
        report: left.to_string(),
        oldest_ns: oldest.as_nanos() as f64,
        took_ns,
        got: total,
    })
}

async fn produce(to: Sender<usize>) {
    for item in 0..ITEMS {
        to.send(item).await.expect("its consumer is there");
    }
}

/// Ends when it has what it wants, or is told that no more will come. It is never told if it holds a sender itself.
async fn consume(from: Receiver<usize>, spare: Option<Sender<usize>>, got: Sender<usize>) {
    for _ in 0..WANTED {
        let Ok(item) = from.recv().await else { break };
        got.try_send(item).expect("it has no bound");
    }
    drop(spare);
}

/// Where in the sources it was is told without what comes before them.
fn shortened(report: &str) -> String {
    report.replace(concat!(env!("CARGO_MANIFEST_DIR"), "/"), "")
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "The article's consumers ask for 10,000 messages and get 10. Its program ends all the same. Who would have noticed?",
    );
    let pairs = settings.pick(1000, 100);
    let cases = [
        ("tasks, a box is one thing", Design::Task, true, true),
        ("fibers, a box is one thing", Design::Fiber, true, true),
        ("tasks, not observed", Design::Task, true, false),
        ("tasks, a box has two ends", Design::Task, false, true),
    ];
    let mut table = Table::new(
        format!(
            "{pairs} producers put {ITEMS} each, {pairs} consumers want {} each",
            Unit::Count.show(WANTED as f64)
        ),
        [
            "",
            "messages got",
            "left for ever",
            "of these known to wait on recv",
            "since at most",
            "start to report",
        ],
    );
    let mut all = Vec::new();
    for (name, design, whole, observed) in cases {
        settings.step(name);
        let seen: Seen = Child::of("deadlock").run(&Case {
            design,
            pairs,
            whole,
            observed,
        })?;
        let left = if whole { pairs } else { 0 };
        let known = if observed { left } else { 0 };
        finding.check(
            format!("{name}: {left} are left, {known} of them with a reason, all messages got"),
            seen.alive == left && seen.on_recv == known && seen.got == pairs * ITEMS,
        );
        table.row(
            name,
            [
                Cell::count(seen.got as f64),
                Cell::count(seen.alive as f64),
                Cell::count(seen.on_recv as f64),
                Cell::time(seen.oldest_ns),
                Cell::time(seen.took_ns),
            ],
        );
        all.push(seen);
    }
    finding.table(table);
    let [tasks, fibers, _, ends] = &all[..] else {
        unreachable!("there are four cases")
    };
    finding.listing(
        "What `println!(\"{}\", observe::idle().await)` says",
        shortened(&tasks.report),
    );
    finding.listing("And with fibers", shortened(&fibers.report));
    let count = |number: usize| Unit::Count.show(number as f64);
    finding.answer(format!(
        "leno, if it is asked: {} after the start `observe::idle()` says that nothing will go on by itself, and that {} tasks wait on `recv`, for up to {}, with the line that spawned them. \
         A box in leno has two ends, and if the consumer does not hold a sender itself, {} are left: the last sender's end is told to whoever receives.",
        Unit::Time.show(tasks.took_ns), count(tasks.on_recv), Unit::Time.show(tasks.oldest_ns), count(ends.alive),
    ));
    finding.against(
        "One has to ask. Go prints its message without being asked, though only if all goroutines sleep and none of them waits for a timer or a socket, and the line at which each of them stands; leno knows where a task was spawned, not where in it the wait is. And the reasons are known only of a \
         runtime that was started observed, which costs something at each spawn and poll.",
    );
    Ok(finding)
}
