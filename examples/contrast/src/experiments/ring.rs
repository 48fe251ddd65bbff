//! Threadring: 503 in a circle hand a number around. All wait but one, so it is the price of a hand-over and nothing else.
//!
//! From: the ring of the benchmark game, which Kilim, Quasar and Akka were measured by. What they have that leno does not:
//! tasks that by default stay on their thread (Kilim; here that takes a `LocalExecutor`), actors with supervision (Akka),
//! fibers that can be moved to another machine (Quasar).

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::Finding;
use crate::measure::Meter;
use crate::race::{Case, Done, Pair, Race};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};

pub const EXPERIMENT: Experiment = Experiment {
    name: "ring",
    group: Group::Switching,
    title: "A number goes round a ring of 503",
    answers: &["C4", "C11", "C24"],
    from: &["Kilim", "Quasar", "Akka", "Go"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Numbers: members, hops.
fn measure(case: Case) -> Result<Done> {
    let (members, hops) = (case.numbers[0], case.numbers[1]);
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(tasks(members, hops)))),
        design => with_stacks!(design, stacks(members, hops)),
    }
}

async fn member(number: usize, from: Receiver<usize>, to: Sender<usize>, ended: Sender<usize>) {
    while let Ok(left) = from.recv().await {
        if left == 0 {
            let _ = ended.send(number).await;
            return;
        }
        if to.send(left - 1).await.is_err() {
            return;
        }
    }
}

async fn tasks(members: usize, hops: usize) -> Done {
    let (ended, end) = bounded(1);
    let (first, mut from) = bounded(1);
    for number in 0..members {
        let (next, after) = if number + 1 == members {
            (first.clone(), from.clone())
        } else {
            bounded(1)
        };
        leno::spawn(member(
            number,
            std::mem::replace(&mut from, after),
            next,
            ended.clone(),
        ))
        .detach();
    }
    let meter = Meter::start();
    first
        .send(hops)
        .await
        .expect("the first member receives it");
    let last = end.recv().await;
    Done::since(meter, last.map_or(-1.0, |last| last as f64))
}

fn stacks<S: Stackful>(members: usize, hops: usize) -> Done {
    let (ended, end) = S::channel(1);
    let (first, mut from) = S::channel::<usize>(1);
    for number in 0..members {
        let (next, after) = if number + 1 == members {
            (first.clone(), from.clone())
        } else {
            S::channel(1)
        };
        let (receiver, ended) = (std::mem::replace(&mut from, after), ended.clone());
        S::detach(S::spawn(move || {
            while let Some(left) = S::receive(&receiver) {
                if left == 0 {
                    return S::send(&ended, number);
                }
                S::send(&next, left - 1);
            }
        }));
    }
    Done::measure(|| {
        S::send(&first, hops);
        S::receive(&end).map_or(-1.0, |last| last as f64)
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "When everybody waits for his neighbour, what does a hand-over cost, and does it matter what keeps those who wait?",
    );
    let hops = settings.pick(1_000_000, 20_000);
    let entries = [
        (Design::Task, vec![503, hops]),
        (Design::Fiber, vec![503, hops]),
        (Design::May, vec![503, hops]),
        (Design::Thread, vec![503, hops / 20]),
        (Design::Go, vec![503, hops]),
        (Design::Java, vec![503, hops]),
    ];
    let race = Race::new(
        "ring",
        |numbers| numbers[1] as f64,
        |numbers| (numbers[1] % numbers[0]) as f64,
    );
    let pair = Pair::run(race, settings, &mut finding, &entries, "one hop")?;
    finding.answer(pair.summary("a hop"));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    finding.against(
        "Nobody works here, so a second worker can only be in the way: a ring measures the hand-over, not what a program with work to do would feel.",
    );
    Ok(finding)
}
