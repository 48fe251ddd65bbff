//! Each starts the next one and waits for it: the depth is in the number of those who wait, not in a stack.
//!
//! From: Kilim's bench `Chain`. What Kilim has that leno does not: a task there may be paused in any method that says so,
//! also in one that was compiled before.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::Finding;
use crate::measure::Meter;
use crate::race::{Case, Done, Pair, Race};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};

pub const EXPERIMENT: Experiment = Experiment {
    name: "chain",
    group: Group::Switching,
    title: "Each starts the next one and waits for it",
    answers: &["C4", "C11"],
    from: &["Kilim", "Go"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Number: the length.
fn measure(case: Case) -> Result<Done> {
    let length = case.numbers[0];
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(async move {
            link(length / 10).await;
            let meter = Meter::start();
            let result = link(length).await;
            Done::since(meter, result as f64)
        }))),
        design => with_stacks!(design, stacks(length)),
    }
}

/// Boxed, for its type would contain itself.
fn link(left: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        match left {
            0 => 0,
            _ => leno::spawn(link(left - 1)).await + 1,
        }
    })
}

fn stacks<S: Stackful>(length: usize) -> Done {
    fn link<S: Stackful>(left: usize) -> usize {
        match left {
            0 => 0,
            _ => S::join(S::spawn(move || link::<S>(left - 1))) + 1,
        }
    }
    link::<S>(length / 10);
    Done::measure(|| link::<S>(length) as f64)
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "What does it cost to start one, to wait for it and to be woken by its end, if all of them live at the same time?",
    );
    let length = settings.pick(10_000, 1000);
    let entries = [
        (Design::Task, vec![length * 10]),
        (Design::Fiber, vec![length]),
        (Design::May, vec![length]),
        (Design::Thread, vec![length / 10]),
        (Design::Go, vec![length * 10]),
        (Design::Java, vec![length]),
    ];
    let race = Race::new(
        "chain",
        |numbers| numbers[0] as f64,
        |numbers| numbers[0] as f64,
    );
    let pair = Pair::run(race, settings, &mut finding, &entries, "one link")?;
    finding.answer(format!(
        "{} A link is a start, a wait and a wake; what is different is above all what a start takes: a piece of the heap, or a stack. {}",
        pair.summary("a link"), pair.amounts("The chains differ in their lengths, for not all could be so long in the same time"),
    ));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    finding.against(
        "The function that calls itself must be boxed as a future, at each level, or the compiler refuses it; the one with a stack is written as always. \
         And stacks were warmed up with a tenth of the length, so nine tenths of them are touched for the first time.",
    );
    Ok(finding)
}
