//! A coroutine without a scheduler: whoever has it lets it go on, when he likes, as far as its next wait.
//!
//! From: Kilim's `Continuation`, JavaFlow, Lua, Quasar. What they have that leno does not: Quasar could write a waiting fiber to
//! a disk and go on with it elsewhere. A future of Rust can't be looked into, nor copied; an enum written by hand can.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber::{self, Fiber};
use crate::finding::{Cell, Finding, Table};
use crate::measure;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "continuation",
    group: Group::Coroutine,
    title: "Without any runtime",
    answers: &["C4", "C14", "C21"],
    from: &["Kilim", "JavaFlow", "Lua", "Quasar"],
    run,
    child: Some(|case| answer(case, drive)),
};

#[derive(Serialize, Deserialize)]
struct Case {
    design: Design,
    count: usize,
    turns: u64,
}

#[derive(Serialize, Deserialize)]
struct Driven {
    ns_a_turn: f64,
    /// How many threads the process had in the end.
    threads: u64,
    sum: u64,
    /// Those that were set back to their beginning went to their end once more.
    again: u64,
}

/// Not ready the first time: by no timer, no socket and no other task.
fn turn() -> impl Future<Output = ()> + Send {
    let mut over = false;
    std::future::poll_fn(move |_| {
        if std::mem::replace(&mut over, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

async fn counting(turns: u64) -> u64 {
    let mut sum = 0;
    for number in 0..turns {
        sum += black_box(number);
        turn().await;
    }
    sum
}

/// This is a whole scheduler.
fn round_robin<F: Future<Output = u64>>(all: &mut [Pin<Box<F>>]) -> u64 {
    let mut context = Context::from_waker(Waker::noop());
    let mut going: Vec<_> = all.iter_mut().collect();
    let mut sum = 0;
    while !going.is_empty() {
        going.retain_mut(|one| match one.as_mut().poll(&mut context) {
            Poll::Ready(result) => {
                sum += result;
                false
            }
            Poll::Pending => true,
        });
    }
    sum
}

fn drive(case: Case) -> Result<Driven> {
    let Case {
        design,
        count,
        turns,
    } = case;
    let on_stack = move || {
        let mut sum = 0;
        for number in 0..turns {
            sum += black_box(number);
            fiber::wait(turn());
        }
        sum
    };
    // SAFETY: numbers are on the stack, and it stays on this thread.
    let fiber = || Box::pin(unsafe { Fiber::new(on_stack) });
    let start = Instant::now();
    let (sum, again) = if design == Design::Task {
        let mut all: Vec<_> = (0..count).map(|_| Box::pin(counting(turns))).collect();
        let sum = round_robin(&mut all);
        // In the same place in memory, as at the beginning: what Kilim calls `reset`.
        all.iter_mut().for_each(|one| one.set(counting(turns)));
        (sum, round_robin(&mut all))
    } else {
        let mut all: Vec<_> = (0..count).map(|_| fiber()).collect();
        let sum = round_robin(&mut all);
        all.iter_mut().for_each(|one| *one = fiber());
        (sum, round_robin(&mut all))
    };
    let ns_a_turn = start.elapsed().as_nanos() as f64 / (2 * count as u64 * turns) as f64;
    Ok(Driven {
        ns_a_turn,
        threads: measure::threads(),
        sum,
        again,
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Does a coroutine need threads, a scheduler, or help from the kernel? Who decides when it goes on?",
    );
    let (count, turns) = settings.pick((1000, 5000), (100, 1000));
    let mut table = Table::new(
        format!("{count} at a time, one after the other, {turns} turns each"),
        ["", "time of a turn", "threads"],
    );
    let mut driven = Vec::new();
    for design in [Design::Task, Design::Fiber] {
        settings.step(design.name());
        let one: Driven = Child::of("continuation").run(&Case {
            design,
            count,
            turns,
        })?;
        let expected = count as u64 * turns * (turns - 1) / 2;
        let name = if design == Design::Task {
            "state machines"
        } else {
            "stacks"
        };
        finding.check(
            format!("{name}: all went to their end, twice"),
            one.sum == expected && one.again == expected,
        );
        finding.check(
            format!("{name}: there was no second thread"),
            one.threads == 1,
        );
        table.row(
            name,
            [Cell::time(one.ns_a_turn), Cell::count(one.threads as f64)],
        );
        driven.push(one);
    }
    finding.answer(format!(
        "None of them. {count} coroutines took turns on one thread by a loop of ten lines, with a waker that does nothing: {} a turn for state machines, {} \
         for stacks. A coroutine goes on when somebody calls it and stops by itself; a runtime is what knows when to call.",
        Unit::Time.show(driven[0].ns_a_turn), Unit::Time.show(driven[1].ns_a_turn),
    ));
    finding.table(table);
    finding.listing("The whole scheduler", SCHEDULER);
    finding.against(
        "A future can't be copied, written to a disk or moved to another machine while it waits: the compiler gives no way to look inside. A state machine \
         written by hand can be all that, and Quasar's fibers could.",
    );
    finding.against("Nobody can make a coroutine stop: one that computes for a second is not to be interrupted by its loop; see `spinner`.");
    Ok(finding)
}

const SCHEDULER: &str = "\
while !going.is_empty() {
    going.retain_mut(|one| match one.as_mut().poll(&mut context) {
        Poll::Ready(result) => { sum += result; false }
        Poll::Pending => true,
    });
}";
