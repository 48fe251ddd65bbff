//! Two send a number to and fro: two switches a round, and nothing to do in between.
//!
//! From: Kilim's bench `PingPong`. What Kilim has that leno does not: mailboxes made for one sender and one receiver
//! (`MailboxSPSC`), which are simpler for it. leno has one kind of channel, for many of both.

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

pub const EXPERIMENT: Experiment = Experiment {
    name: "ping_pong",
    group: Group::Switching,
    title: "Two send a number to and fro",
    answers: &["C4", "C24"],
    from: &["Kilim", "Go", "Loom"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Number: rounds.
fn measure(case: Case) -> Result<Done> {
    let rounds = case.numbers[0];
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(tasks(rounds)))),
        design => with_stacks!(design, stacks(rounds)),
    }
}

async fn tasks(rounds: usize) -> Done {
    let (ping, pinged) = bounded(1);
    let (pong, ponged) = bounded(1);
    leno::spawn(async move {
        while let Ok(number) = pinged.recv().await {
            if pong.send(number + 1).await.is_err() {
                return;
            }
        }
    })
    .detach();
    let meter = Meter::start();
    let mut number = 0_usize;
    for _ in 0..rounds {
        ping.send(number).await.expect("the other one receives");
        number = ponged.recv().await.expect("the other one sends");
    }
    Done::since(meter, number as f64)
}

fn stacks<S: Stackful>(rounds: usize) -> Done {
    let (ping, pinged) = S::channel(1);
    let (pong, ponged) = S::channel(1);
    S::detach(S::spawn(move || {
        while let Some(number) = S::receive(&pinged) {
            S::send(&pong, number + 1);
        }
    }));
    Done::measure(|| {
        let mut number = 0_usize;
        for _ in 0..rounds {
            S::send(&ping, number);
            number = S::receive(&ponged).expect("the other one sends");
        }
        number as f64
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "What does it cost to hand a message to somebody who waits for it, and to wait for the reply?",
    );
    let rounds = settings.pick(500_000, 10_000);
    let entries = [
        (Design::Task, vec![rounds]),
        (Design::Fiber, vec![rounds]),
        (Design::May, vec![rounds]),
        (Design::Thread, vec![rounds / 10]),
        (Design::Go, vec![rounds]),
        (Design::Java, vec![rounds]),
    ];
    let race = Race::new(
        "ping_pong",
        |numbers| numbers[0] as f64,
        |numbers| numbers[0] as f64,
    );
    let pair = Pair::run(race, settings, &mut finding, &entries, "one round")?;
    finding.answer(pair.summary("a round"));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    finding.against(
        "leno keeps two that talk to each other on one worker. If each had a millisecond of work to do between two messages, that would be \
         the wrong thing, until the other worker has taken one of them.",
    );
    Ok(finding)
}
