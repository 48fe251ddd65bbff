//! Who is told that a task has ended, and how it ended: finished, panicked or cancelled.
//!
//! From: Kilim's `informOnExit(mailbox)` and `errorExit`, and Erlang's links and monitors. What Erlang has that leno does not: a link
//! that ends the other one too, across machines, and it is set up after the start. Here the mailbox is given at the spawn.

use std::panic::{self, AssertUnwindSafe};

use anyhow::Result;
use leno::channel::{Sender, unbounded};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::{Meter, median};
use crate::race::compared;
use crate::settings::Settings;
use crate::stackful::{Stackful, Threads};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};

pub const EXPERIMENT: Experiment = Experiment {
    name: "exit_mailbox",
    group: Group::Mailboxes,
    title: "A message when a task ends",
    answers: &["C13", "C26"],
    from: &["Kilim", "Erlang", "Quasar"],
    run,
    child: Some(|case| answer(case, exits)),
};

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Finished,
    Panicked,
    Cancelled,
}

/// Sends how it ended when it is dropped, which happens however that is.
struct Notice {
    to: Sender<(usize, Exit)>,
    number: usize,
    /// None: as it looks when it is dropped.
    exit: Option<Exit>,
}

impl Drop for Notice {
    fn drop(&mut self) {
        let exit = self.exit.unwrap_or(match std::thread::panicking() {
            true => Exit::Panicked,
            false => Exit::Cancelled,
        });
        // If nobody wants to know, that is fine.
        let _ = self.to.try_send((self.number, exit));
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    /// Of each way to end.
    each: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    finished: usize,
    panicked: usize,
    cancelled: usize,
    /// Whether each number came once.
    once: bool,
    ns_each: f64,
}

/// What the work of this number does.
async fn work(number: usize) {
    match number % 3 {
        0 => {}
        1 => panic!("on purpose"),
        _ => std::future::pending().await,
    }
}

fn exits(case: Case) -> Result<Told> {
    panic::set_hook(Box::new(|_| {}));
    let (to, exits) = unbounded();
    let notice = |number| Notice {
        to: to.clone(),
        number,
        exit: None,
    };
    // A thread that waits for ever can't be ended, so there are only the other two.
    let numbers: Vec<usize> = (0..3 * case.each)
        .filter(|number| case.design != Design::Thread || number % 3 != 2)
        .collect();
    let meter = Meter::start();
    match case.design {
        Design::Thread => {
            let threads: Vec<_> = numbers
                .iter()
                .map(|&number| {
                    let notice = notice(number);
                    Threads::spawn(move || {
                        // All of it goes along, not only the field that is written.
                        let mut notice = notice;
                        assert!(number % 3 != 1, "on purpose");
                        notice.exit = Some(Exit::Finished);
                    })
                })
                .collect();
            for thread in threads {
                // How it ended is in its message.
                let _ = thread.join();
            }
        }
        design => {
            let tasks: Vec<_> = numbers
                .iter()
                .map(|&number| start(design, number, notice(number)))
                .collect();
            leno::block_on(async {
                for (number, task) in numbers.iter().zip(tasks) {
                    if number % 3 == 2 {
                        task.cancel().await;
                    } else {
                        let ended = leno::future::FutureExt::catch_unwind(AssertUnwindSafe(task));
                        let _ = ended.await;
                    }
                }
            });
        }
    }
    // Each end was awaited. What is still on its way is the last message of the last one.
    let mut seen = vec![0; 3 * case.each];
    let mut told = Told {
        finished: 0,
        panicked: 0,
        cancelled: 0,
        once: true,
        ns_each: 0.0,
    };
    for _ in &numbers {
        let (number, exit) = exits.recv_blocking()?;
        seen[number] += 1;
        match exit {
            Exit::Finished => told.finished += 1,
            Exit::Panicked => told.panicked += 1,
            Exit::Cancelled => told.cancelled += 1,
        }
    }
    told.ns_each = meter.stop().wall_ns / numbers.len() as f64;
    told.once = numbers.iter().all(|&number| seen[number] == 1) && exits.is_empty();
    Ok(told)
}

fn start(design: Design, number: usize, notice: Notice) -> leno::Task<()> {
    if design == Design::Fiber {
        // SAFETY: a channel's end and a number are on its stack, and no variables of threads.
        return unsafe {
            fiber::spawn(move || {
                let mut notice = notice;
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| fiber::wait(work(number))));
                // A fiber that is cancelled is unwound as by a panic, only that there is no message.
                notice.exit = Some(match &outcome {
                    Ok(()) => Exit::Finished,
                    Err(payload) if payload.is::<&str>() => Exit::Panicked,
                    Err(_) => Exit::Cancelled,
                });
                if let Err(payload) = outcome {
                    panic::resume_unwind(payload);
                }
            })
        };
    }
    leno::spawn(async move {
        let mut notice = notice;
        work(number).await;
        notice.exit = Some(Exit::Finished);
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "A task ends: it finished, it panicked, or somebody cancelled it. Who gets to know, and how?",
    );
    let each = settings.pick(5000, 100);
    let mut table = Table::new(
        format!("{each} of each kind, which tell a mailbox of their end"),
        ["", "finished", "panicked", "cancelled", "time each"],
    );
    let mut times = Vec::new();
    for design in [Design::Task, Design::Fiber, Design::Thread] {
        settings.step(design.name());
        let cancelled = if design == Design::Thread { 0 } else { each };
        let mut all = Vec::new();
        for _ in 0..settings.pick(3, 1) {
            all.push(Child::of("exit_mailbox").run::<_, Told>(&Case { design, each })?);
        }
        let ns_each = median(all.iter().map(|told| told.ns_each).collect());
        let right = |told: &Told| {
            told.once && (told.finished, told.panicked, told.cancelled) == (each, each, cancelled)
        };
        let all_right = all.iter().all(right);
        // One that is not as it should be, if there is one.
        all.sort_by_key(right);
        let told = &all[0];
        finding.check(
            format!(
                "{}: each end was told once, and as what it was",
                design.name()
            ),
            all_right,
        );
        let last = if design == Design::Thread {
            Cell::text("can't be")
        } else {
            Cell::count(told.cancelled as f64)
        };
        table.row(
            design.name(),
            [
                Cell::count(told.finished as f64),
                Cell::count(told.panicked as f64),
                last,
                Cell::time(ns_each),
            ],
        );
        times.push((design, ns_each));
    }
    finding.chart(
        Chart::bars("Start, end and message, each", Unit::Time, Scale::Log).group(
            "",
            times
                .iter()
                .map(|(design, ns)| (design.name(), Ink::from(*design), *ns)),
        ),
    );
    finding.table(table);
    let (task, fiber, thread) = (times[0].1, times[1].1, times[2].1);
    finding.answer(format!(
        "Whoever holds the mailbox, by one message of a value that is dropped with the task: it finished, or it panicked, or neither, and then it was cancelled. All of {} ends came once. \
         From start to message it takes {} with tasks, {} with fibers, and {} with threads, which can't be cancelled at all.",
        Unit::Count.show((3 * each) as f64), Unit::Time.show(task), Unit::Time.show(fiber), Unit::Time.show(thread),
    ));
    finding.against(format!(
        "This is thirty lines of the experiment, not a call of the library: leno tells the end to who awaits the task, and to one only. On a stack a cancelling is a panic without a message, and who wants to tell them apart has to look at what unwinds it. A third of the work panics here, as in hardly any program, and a fiber that is cancelled is unwound, too \
         (the task is {} the fiber).",
        compared(task, fiber),
    ));
    Ok(finding)
}
