//! A full mailbox and a producer that does not stop: wait, fail, drop what is new, or displace what is old.
//!
//! From: Quasar's `OverflowPolicy` (BLOCK, THROW, DROP, DISPLACE, BACKOFF). What Quasar has that leno does not: the policy
//! is a property of the channel, so a sender can't choose a wrong one; and BACKOFF, which sleeps and tries again.

use anyhow::Result;
use leno::channel::bounded;
use leno::future::yield_now;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "overflow",
    group: Group::Mailboxes,
    title: "What happens to a message for which there is no room",
    answers: &["C13", "C18", "C21"],
    from: &["Quasar", "Kilim", "Go"],
    run,
    child: Some(|case| answer(case, overflow)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Policy {
    Block,
    Fail,
    Drop,
    Displace,
}

const POLICIES: [(Policy, &str, &str); 4] = [
    (Policy::Block, "wait", "`send(m).await`"),
    (Policy::Fail, "fail", "`try_send(m)?`"),
    (Policy::Drop, "drop", "`try_send(m).ok()`"),
    (Policy::Displace, "displace", "`force_send(m)`"),
];

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    policy: Policy,
    messages: usize,
    room: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Flow {
    /// How many the producer has tried to send.
    offered: usize,
    received: Vec<usize>,
    /// Those that came back to the producer, or fell out of the box.
    lost: usize,
    /// How often the producer had to wait.
    waits: usize,
    longest: usize,
}

/// The producer lets the consumer run after each 4 messages, and the consumer takes one each time that it runs.
fn overflow(case: Case) -> Result<Flow> {
    Ok(leno::block_on(leno::spawn(async move {
        let (sender, receiver) = bounded(case.room);
        let consumer = leno::spawn(async move {
            let mut received = Vec::new();
            while let Ok(message) = receiver.recv().await {
                received.push(message);
                yield_now().await;
            }
            received
        });
        let mut flow = Flow::default();
        for message in 0..case.messages {
            flow.offered += 1;
            match case.policy {
                Policy::Block => {
                    flow.waits += usize::from(sender.is_full());
                    sender.send(message).await.expect("the consumer is there");
                }
                Policy::Fail => {
                    if sender.try_send(message).is_err() {
                        flow.lost += 1;
                        break;
                    }
                }
                Policy::Drop => flow.lost += usize::from(sender.try_send(message).is_err()),
                Policy::Displace => {
                    let displaced = sender.force_send(message).expect("the consumer is there");
                    flow.lost += usize::from(displaced.is_some());
                }
            }
            flow.longest = flow.longest.max(sender.len());
            if message % 4 == 3 {
                yield_now().await;
            }
        }
        drop(sender);
        flow.received = consumer.await;
        flow
    })))
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "The mailbox is full. Does `put` block, and if not, where does the message go?",
    );
    let (messages, room) = (settings.pick(10_000, 1000), 10);
    let mut table = Table::new(
        format!(
            "{messages} messages, room for {room}, and a consumer that takes one where the producer makes four"
        ),
        [
            "policy",
            "in leno",
            "offered",
            "received",
            "lost",
            "producer waited",
            "longest queue",
            "the last 3 received",
        ],
    );
    let mut bars = Vec::new();
    let mut flows = Vec::new();
    for (index, (policy, name, call)) in POLICIES.into_iter().enumerate() {
        settings.step(name);
        let flow: Flow = Child::of("overflow").workers(1).run(&Case {
            policy,
            messages,
            room,
        })?;
        let received = flow.received.len();
        let ordered = flow.received.is_sorted();
        finding.check(
            format!("{name}: what was offered was received or lost, in order, and never more than {room} waited"),
            received + flow.lost == flow.offered && ordered && flow.longest <= room,
        );
        let last: Vec<_> = flow.received[received.saturating_sub(3)..]
            .iter()
            .map(usize::to_string)
            .collect();
        table.row(
            name,
            [
                Cell::text(call),
                Cell::count(flow.offered as f64),
                Cell::count(received as f64),
                Cell::count(flow.lost as f64),
                Cell::count(flow.waits as f64),
                Cell::count(flow.longest as f64),
                Cell::text(last.join(" ")),
            ],
        );
        bars.push((name, Ink::Other(index as u8), received as f64));
        flows.push(flow);
    }
    finding.chart(Chart::bars("Messages received", Unit::Count, Scale::Linear).group("", bars));
    finding.table(table);
    let [block, fail, dropped, displaced] = &flows[..] else {
        unreachable!("there are four policies")
    };
    finding.check(
        "who waits loses nothing",
        block.lost == 0 && block.received.len() == messages,
    );
    finding.check(
        "who displaces has the newest message at the end",
        displaced.received.last() == Some(&(messages - 1)),
    );
    finding.check(
        "who fails stops at the first message without room",
        fail.lost == 1 && fail.offered < messages,
    );
    let count = |number: usize| Unit::Count.show(number as f64);
    finding.answer(format!(
        "The sender chooses. `send` lets the task wait, not the thread: it found the box full {} times and lost {}. `try_send` gives the message back: the first one without room was number {}, \
         and who ignores that loses {} of {}. `force_send` throws out the oldest instead: {} were lost, but the newest is always there.",
        count(block.waits), count(block.lost), count(fail.offered), count(dropped.lost), count(dropped.offered), count(displaced.lost),
    ));
    finding.against(
        "A policy for each call is also a mistake that can be made at each call: nothing stops one of ten senders from using `force_send` where the others rely on nothing being lost. Quasar's channel has one \
         policy for all. How many are lost depends on who runs when, which is fixed here by one worker and by yields.",
    );
    Ok(finding)
}
