//! As many as there can be that wait for one message, and then all get it.
//!
//! From: Go's and Loom's claim of millions, Quasar's of 400 bytes, Erlang's of 2616, Akka's of 2.5 million actors in a GiB. What
//! Go and Loom have that leno's fibers do not: stacks that begin with less than a page.

mod stop;

use std::time::Duration;

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::foreign;
use crate::measure::{self, Meter, Spent};
use crate::settings::Settings;
use crate::stackful::THREAD_STACK;
use crate::unit::Unit;
use stop::stop;

pub const EXPERIMENT: Experiment = Experiment {
    name: "million",
    group: Group::Models,
    title: "A million that wait",
    answers: &["C4", "C11", "C24"],
    from: &["Go", "Loom", "Erlang", "Akka", "Quasar"],
    run,
    child: Some(|case| answer(case, park)),
};

#[derive(Serialize, Deserialize)]
pub(super) struct Case {
    pub design: Design,
    pub count: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Parked {
    /// Until all wait.
    starting: Spent,
    pub bytes_each: f64,
    /// From the message to the end of all of them.
    ending: Spent,
    /// How many there could be, and how many of them ended.
    pub started: usize,
    pub ended: usize,
}

/// Starts one; `false` if there can be no more. It waits until the gate's senders are gone, and then says that it ends.
fn start(design: Design, waiting: &Sender<()>, gate: &Receiver<()>, ended: &Sender<()>) -> bool {
    let (waiting, gate, ended) = (waiting.clone(), gate.clone(), ended.clone());
    match design {
        Design::Task => {
            leno::spawn(async move {
                let _ = waiting.try_send(());
                let _ = gate.recv().await;
                let _ = ended.try_send(());
            })
            .detach();
            true
        }
        Design::Fiber => {
            let body = move || {
                let _ = waiting.try_send(());
                let _ = fiber::wait(gate.recv());
                let _ = ended.try_send(());
            };
            // SAFETY: channels are on the stack, and little is called.
            unsafe { fiber::spawn(body) }.detach();
            true
        }
        _ => {
            let body = move || {
                let _ = waiting.try_send(());
                let _ = gate.recv_blocking();
                let _ = ended.try_send(());
            };
            std::thread::Builder::new()
                .stack_size(THREAD_STACK)
                .spawn(body)
                .is_ok()
        }
    }
}

fn park(case: Case) -> Result<Parked> {
    let Case { design, count } = case;
    fiber::set_stack_size(16 * 1024);
    match design {
        Design::May => park_may(count),
        // Whoever starts them is one of them: else a worker would have to be woken for each.
        Design::Task | Design::Fiber => leno::block_on(leno::spawn(park_all(design, count))),
        _ => leno::block_on(park_all(design, count)),
    }
}

async fn park_all(design: Design, count: usize) -> Result<Parked> {
    let (waiting, parked) = bounded(count);
    let (open, gate) = bounded::<()>(1);
    let (ended, ends) = bounded(count);
    let before = measure::memory();
    let meter = Meter::start();
    let started = (0..count)
        .take_while(|_| start(design, &waiting, &gate, &ended))
        .count();
    for _ in 0..started {
        parked.recv().await?;
    }
    let starting = meter.stop();
    // Each has a receiver of the gate; the last of them may still be about to wait.
    assert_eq!(gate.receiver_count(), started + 1);
    let bytes_each = measure::memory().saturating_sub(before) as f64 / started as f64;
    let meter = Meter::start();
    drop(open);
    let mut ended = 0;
    while ended < started {
        ends.recv().await?;
        ended += 1;
    }
    let ending = meter.stop();
    Ok(Parked {
        starting,
        bytes_each,
        ending,
        started,
        ended,
    })
}

/// `may` has a way of its own to wait, and one that can't have a stack panics.
fn park_may(count: usize) -> Result<Parked> {
    crate::stackful::May::start();
    let (waiting, parked) = bounded(count);
    let (ended, ends) = bounded(count);
    let before = measure::memory();
    let meter = Meter::start();
    let mut all = Vec::new();
    for _ in 0..count {
        let (waiting, ended) = (waiting.clone(), ended.clone());
        let body = move || {
            let _ = waiting.try_send(());
            may::coroutine::park();
            let _ = ended.try_send(());
        };
        // SAFETY: channels are on the stack, and little is called.
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| unsafe {
            may::coroutine::spawn(body)
        })) {
            Ok(one) => all.push(one),
            Err(_) => break,
        }
    }
    for _ in 0..all.len() {
        parked.recv_blocking()?;
    }
    let starting = meter.stop();
    let bytes_each = measure::memory().saturating_sub(before) as f64 / all.len() as f64;
    let meter = Meter::start();
    all.iter().for_each(|one| one.coroutine().unpark());
    for _ in 0..all.len() {
        ends.recv_blocking()?;
    }
    Ok(Parked {
        starting,
        bytes_each,
        ending: meter.stop(),
        started: all.len(),
        ended: all.len(),
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "How many can wait at the same time, how long does it take to have them, and what do they weigh?",
    );
    let free = measure::available_memory();
    let mut table = Table::new(
        "Wait for one message, each in a process of its own",
        [
            "",
            "how many",
            "until all wait",
            "each",
            "memory",
            "bytes each",
            "until all have ended",
            "stopped by",
        ],
    );
    let mut weights = Vec::new();
    let mut stops = Vec::new();
    for design in [
        Design::Task,
        Design::Fiber,
        Design::May,
        Design::Thread,
        Design::Go,
        Design::Java,
    ] {
        let stop = stop(design, settings, free);
        let count = stop.count;
        settings.step(format!("{}, {count}", design.name()));
        let (wall, bytes, started, ending) = match design {
            Design::Go | Design::Java => {
                match foreign::run(design, settings, "park", &[count], 2) {
                    Ok(figures) => {
                        finding.check(
                            format!("{}: all wait", design.name()),
                            figures["result"] == count as f64,
                        );
                        (figures["wall_ns"], figures["bytes_each"], count, None)
                    }
                    Err(error) => {
                        finding.skip(format!("{}: {error:#}", design.name()));
                        continue;
                    }
                }
            }
            _ => {
                let park = || -> Result<Parked> {
                    Child::of("million")
                        .limit(Duration::from_secs(180))
                        .run(&Case { design, count })
                };
                let mut parked = park()?;
                // The first time, a virtual machine may have to ask its host for the memory.
                if !settings.quick {
                    let again = park()?;
                    if again.starting.wall_ns < parked.starting.wall_ns {
                        parked = again;
                    }
                }
                finding.check(
                    format!(
                        "{}: all {} that waited got their message and ended",
                        design.name(),
                        parked.started
                    ),
                    parked.ended == parked.started && parked.started > 0,
                );
                (
                    parked.starting.wall_ns,
                    parked.bytes_each,
                    parked.started,
                    Some(parked.ending.wall_ns),
                )
            }
        };
        let is_ours = stop.is_ours && started == count;
        let by = if started < count {
            format!(
                "the system: it refused more than {}",
                Unit::Count.show(started as f64)
            )
        } else {
            stop.by
        };
        if !is_ours {
            stops.push(format!("{} by {by}", design.name()));
        }
        table.row(
            design.name(),
            [
                Cell::count(started as f64),
                Cell::time(wall),
                Cell::time(wall / started as f64),
                Cell::bytes(bytes * started as f64),
                Cell::bytes(bytes),
                Cell::maybe(Unit::Time, ending),
                Cell::text(by),
            ],
        );
        weights.push((design, started, wall, bytes));
    }
    finding.chart(
        Chart::bars("Memory of one that waits", Unit::Memory, Scale::Log).group(
            "",
            weights
                .iter()
                .map(|(design, .., bytes)| (design.name(), Ink::from(*design), *bytes)),
        ),
    );
    finding.chart(
        Chart::bars("Time to have one more that waits", Unit::Time, Scale::Log).group(
            "",
            weights.iter().map(|(design, started, wall, _)| {
                (design.name(), Ink::from(*design), wall / *started as f64)
            }),
        ),
    );
    finding.table(table);
    let of = |design| weights.iter().find(|weight| weight.0 == design);
    let said = |design: Design, plural: &str| {
        of(design).map_or(format!("no {plural}"), |(_, started, wall, bytes)| {
            let memory = Unit::Memory.show(bytes * *started as f64);
            format!(
                "{} {plural} in {}, {memory}, {} each",
                Unit::Count.show(*started as f64),
                Unit::Time.show(*wall),
                Unit::Memory.show(*bytes)
            )
        })
    };
    let gib = of(Design::Task).map_or(0.0, |task| 1024.0 * 1024.0 * 1024.0 / task.3);
    let others = if stops.is_empty() {
        "all"
    } else {
        "all others"
    };
    stops.push(format!("{others} by our cap"));
    finding.answer(format!(
        "{}; {}; {}. What stopped them: {}. {} tasks that wait fit into a GiB. A stack is paid by the page, however little is on it, and a thread has one more in the kernel.",
        said(Design::Task, "tasks"), said(Design::Fiber, "fibers"), said(Design::Thread, "threads"), stops.join("; "), Unit::Count.show(gib),
    ));
    finding.against(
        "These tasks keep nothing but their channels. A connection with a buffer weighs its buffer, whoever keeps it; see `size`. A million of anything is \
         seldom what a program needs.",
    );
    if let (Some(task), Some(go)) = (of(Design::Task), of(Design::Go)) {
        let word = if go.2 / (go.1 as f64) < task.2 / task.1 as f64 {
            "faster to have than a task"
        } else {
            "slower to have than a task"
        };
        finding.against(format!(
            "A goroutine, which has a stack that can grow to a gigabyte, weighs {} and is {word}.",
            Unit::Memory.show(go.3)
        ));
    }
    finding.against("leno's fibers have the lightest guard pages that the kernel knows, in stacks of 16 KiB; with usual ones there could be some 32,000 of them.");
    Ok(finding)
}
