//! A tree of a million: each starts ten, who start ten, and adds up what they give.
//!
//! From: the skynet benchmark, on which Go, Erlang, Akka and .NET were compared. What Go and
//! Erlang have that leno's *fibers* do not: stacks that begin small and grow, so that a million of them fit anywhere. leno's
//! tasks have no stack.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;
use leno::channel::bounded;

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::Finding;
use crate::measure::Meter;
use crate::race::{Case, Done, Pair, Race};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};

pub const EXPERIMENT: Experiment = Experiment {
    name: "skynet",
    group: Group::Switching,
    title: "A tree of a million",
    answers: &["C4", "C11"],
    from: &["Go", "Erlang", "Akka", ".NET"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Number: how many leaves there are, a power of ten.
fn measure(case: Case) -> Result<Done> {
    let leaves = case.numbers[0];
    // There can be as many stacks as leaves.
    fiber::set_stack_size(16 * 1024);
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(async move {
            let meter = Meter::start();
            let sum = node(0, leaves).await;
            Done::since(meter, sum as f64)
        }))),
        design => with_stacks!(design, stacks(leaves)),
    }
}

fn node(number: usize, size: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        if size == 1 {
            return number;
        }
        let (sender, sums) = bounded(10);
        for child in 0..10 {
            let sender = sender.clone();
            leno::spawn(async move {
                let sum = node(number + child * (size / 10), size / 10).await;
                sender.send(sum).await.expect("the parent waits for it");
            })
            .detach();
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += sums.recv().await.expect("ten children send");
        }
        sum
    })
}

fn stacks<S: Stackful>(leaves: usize) -> Done {
    fn node<S: Stackful>(number: usize, size: usize) -> usize {
        if size == 1 {
            return number;
        }
        let (sender, sums) = S::channel(10);
        for child in 0..10 {
            let sender = sender.clone();
            S::detach(S::spawn(move || {
                S::send(&sender, node::<S>(number + child * (size / 10), size / 10))
            }));
        }
        (0..10)
            .map(|_| S::receive(&sums).expect("ten children send"))
            .sum()
    }
    Done::measure(|| node::<S>(0, leaves) as f64)
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "How fast does a program start a million of them in a tree, and collect what they found?",
    );
    let leaves = settings.pick(1_000_000, 1000);
    let entries = [
        (Design::Task, vec![leaves]),
        (Design::Fiber, vec![leaves]),
        (Design::May, vec![leaves.min(10_000)]),
        (Design::Thread, vec![leaves.min(1000)]),
        (Design::Go, vec![leaves]),
        (Design::Java, vec![leaves]),
    ];
    // There are nodes above the leaves, too: a ninth of them, without the one root.
    let race = Race::new(
        "skynet",
        |numbers| numbers[0] as f64 * 10.0 / 9.0,
        |numbers| (numbers[0] * (numbers[0] - 1) / 2) as f64,
    );
    let pair = Pair::run(race, settings, &mut finding, &entries, "one node")?;
    finding.answer(pair.summary("a node"));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    finding.against(
        "Trees of `may` and of threads are smaller, because as many stacks at once as a million leaves need can't be had; \
         their figures are those of smaller trees. Nobody needs a task to return a number: a function adds the million up in a millisecond.",
    );
    Ok(finding)
}
