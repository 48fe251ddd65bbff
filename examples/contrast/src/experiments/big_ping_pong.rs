//! Everybody sends a message to everybody: n² messages between n.
//!
//! From: Kilim's bench `BigPingPong`, by which its paper compares it with Erlang. What Erlang has that leno does not: a
//! message is copied into the heap of the receiver, so that each can collect its garbage alone; and it is done with after so
//! many reductions, whatever it does.

use anyhow::Result;
use leno::channel::bounded;

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::Finding;
use crate::measure::Meter;
use crate::race::{Case, Done, Pair, Race};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "big_ping_pong",
    group: Group::Switching,
    title: "Everybody sends a message to everybody",
    answers: &["C4", "C24"],
    from: &["Kilim", "Erlang", "Go"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Number: how many there are.
fn measure(case: Case) -> Result<Done> {
    let size = case.numbers[0];
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(tasks(size)))),
        design => with_stacks!(design, stacks(size)),
    }
}

async fn tasks(size: usize) -> Done {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..size).map(|_| bounded::<usize>(size)).unzip();
    let senders = std::sync::Arc::new(senders);
    let meter = Meter::start();
    let members: Vec<_> = receivers
        .into_iter()
        .map(|box_| {
            let senders = senders.clone();
            leno::spawn(async move {
                for sender in senders.iter() {
                    sender.send(1).await.expect("nobody leaves early");
                }
                let mut sum = 0;
                for _ in 0..senders.len() {
                    sum += box_.recv().await.expect("everybody sends");
                }
                (sum, box_)
            })
        })
        .collect();
    let mut sum = 0;
    let mut boxes = Vec::new();
    for member in members {
        let (received, box_) = member.await;
        sum += received;
        boxes.push(box_);
    }
    Done::since(meter, sum as f64)
}

fn stacks<S: Stackful>(size: usize) -> Done {
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..size).map(|_| S::channel::<usize>(size)).unzip();
    // A sender of `may` can't be shared, only cloned.
    let members: Vec<_> = receivers
        .into_iter()
        .map(|box_| (senders.clone(), box_))
        .collect();
    Done::measure(|| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(senders, box_)| {
                S::spawn(move || {
                    for sender in &senders {
                        S::send(sender, 1);
                    }
                    let sum: usize = senders
                        .iter()
                        .map(|_| S::receive(&box_).expect("everybody sends"))
                        .sum();
                    (sum, box_)
                })
            })
            .collect();
        // A box lives until everybody is done, for there might still be somebody who sends to it.
        let (sums, _boxes): (Vec<_>, Vec<_>) = members.into_iter().map(S::join).unzip();
        sums.iter().sum::<usize>() as f64
    })
}

/// How many there are in the bench of Kilim's paper.
const PUBLISHED: usize = 3000;

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "What is a message worth when there are many who send and many who receive, and boxes that are never full?",
    );
    let size = settings.pick(2000, 150);
    let entries = [
        (Design::Task, vec![size]),
        (Design::Fiber, vec![size]),
        (Design::May, vec![size]),
        (Design::Thread, vec![size / 2]),
        (Design::Go, vec![size]),
        (Design::Java, vec![size]),
    ];
    let square = |numbers: &[usize]| (numbers[0] * numbers[0]) as f64;
    let pair = Pair::run(
        Race::new("big_ping_pong", square, square),
        settings,
        &mut finding,
        &entries,
        "one message",
    )?;
    finding.answer(format!(
        "{} Boxes are large enough here, so there is little to wait for; what is measured is the channel more than the coroutine. {}",
        pair.summary("a message"), pair.amounts("Not all sent as many messages, for the time"),
    ));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    let runs = settings.pick(3.0, 1.0);
    let took: f64 = pair.laps().map(|lap| lap.ns_each * lap.operations).sum();
    let larger = PUBLISHED as f64 / size as f64;
    finding.against(format!(
        "Kilim's figures are for {PUBLISHED} of them, {} messages; here there are {size}, for the time: what took {} here, without what it takes to start, would take {}.",
        Unit::Count.show((PUBLISHED * PUBLISHED) as f64), Unit::Time.show(took * runs), Unit::Time.show(took * runs * larger * larger),
    ));
    finding.against("The box of one is written to by all: on more cores than two, its cache line would travel, and the figures would be others.");
    Ok(finding)
}
