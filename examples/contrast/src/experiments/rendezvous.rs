//! A mailbox without room: the sender waits until its message is taken.
//!
//! From: Go's `make(chan T)` and Quasar's transfer channel. What Go has that leno does not: a `select` in the language, in which
//! sending and receiving at the same time are one choice, made once.

use anyhow::Result;
use leno::channel::{self, Receiver, Sender};

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::Cell;
use crate::finding::{Finding, Table};
use crate::measure::Meter;
use crate::race::{self, Case, Done, Race, compared, of};
use crate::settings::Settings;
use crate::stackful::{Fibers, Stackful, Threads};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "rendezvous",
    group: Group::Mailboxes,
    title: "A mailbox without room",
    answers: &["C13", "C18"],
    from: &["Go", "Quasar"],
    run,
    child: Some(|case| answer(case, measure)),
};

fn made(room: usize) -> (Sender<usize>, Receiver<usize>) {
    match room {
        0 => channel::rendezvous(),
        room => channel::bounded(room),
    }
}

/// Numbers: messages, room. The sum of the messages comes out.
fn measure(case: Case) -> Result<Done> {
    let (messages, room) = (case.numbers[0], case.numbers[1]);
    let (to, from) = made(room);
    Ok(match case.design {
        Design::Fiber => leno::block_on(Fibers::spawn(move || {
            let meter = Meter::start();
            let sender = Fibers::spawn(move || (0..messages).for_each(|n| Fibers::send(&to, n)));
            let sum = std::iter::from_fn(|| fiber::wait(from.recv()).ok()).sum::<usize>();
            Fibers::join(sender);
            Done::since(meter, sum as f64)
        })),
        Design::Thread => Done::measure(|| {
            let sender = Threads::spawn(move || (0..messages).for_each(|n| Threads::send(&to, n)));
            let sum = std::iter::from_fn(|| from.recv_blocking().ok()).sum::<usize>();
            Threads::join(sender);
            sum as f64
        }),
        _ => leno::block_on(leno::spawn(async move {
            let meter = Meter::start();
            let sender = leno::spawn(async move {
                for number in 0..messages {
                    to.send(number).await.expect("the receiver is there");
                }
            });
            let mut sum = 0;
            while let Ok(number) = from.recv().await {
                sum += number;
            }
            sender.await;
            Done::since(meter, sum as f64)
        })),
    })
}

/// How many sends are done before anybody receives, and how many when one message was taken.
fn done_before(room: usize) -> (usize, usize) {
    let (to, from) = made(room);
    leno::block_on(async {
        let mut sends: Vec<_> = (0..3).map(|number| Box::pin(to.send(number))).collect();
        let mut done = 0;
        let mut look = async || {
            let mut left = Vec::new();
            for mut send in std::mem::take(&mut sends) {
                match leno::future::poll_once(&mut send).await {
                    Some(_) => done += 1,
                    None => left.push(send),
                }
            }
            sends = left;
            done
        };
        let before = look().await;
        let first = from.recv().await;
        let after = look().await;
        assert_eq!(first, Ok(0), "the first message comes first");
        (before, after)
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "When a send returns, has the message arrived? And what does it cost to know?",
    );
    let mut table = Table::new(
        "Three sends, and then one receive: how many sends are done",
        ["room", "before the receive", "after it"],
    );
    let mut met = Vec::new();
    for room in [0, 1, 10] {
        let (before, after) = done_before(room);
        let name = if room == 0 {
            "none: rendezvous".to_owned()
        } else {
            room.to_string()
        };
        table.row(
            name,
            [Cell::count(before as f64), Cell::count(after as f64)],
        );
        finding.check(
            format!("room for {room}: so many sends are done, and one more when one was taken"),
            before == room.min(3) && after == (room + 1).min(3),
        );
        met.push((before, after));
    }
    finding.table(table);

    let messages = settings.pick(300_000, 5000);
    let few = messages / settings.pick(10, 5);
    let race = |room: usize| {
        let entries = [
            (Design::Task, vec![messages, room]),
            (Design::Fiber, vec![messages, room]),
            (Design::Thread, vec![few, room]),
        ];
        let expected = |n: &[usize]| (n[0] * (n[0] - 1) / 2) as f64;
        (
            Race::new("rendezvous", |numbers| numbers[0] as f64, expected),
            entries,
        )
    };
    let mut laps = Vec::new();
    for room in [0, 1, 100] {
        let (race, entries) = race(room);
        laps.push(race.run(settings, &mut finding, &entries)?);
    }
    finding.chart(race::chart(
        "Time of a message, 2 workers",
        &[
            ("rendezvous", &laps[0]),
            ("room for 1", &laps[1]),
            ("room for 100", &laps[2]),
        ],
    ));
    for (name, laps) in [
        ("Rendezvous", &laps[0]),
        ("Room for 1", &laps[1]),
        ("Room for 100", &laps[2]),
    ] {
        finding.table(race::table(name, laps));
    }
    let ns = |index: usize, design| of(&laps[index], design).map_or(f64::NAN, |lap| lap.ns_each);
    let show = |ns| Unit::Time.show(ns);
    let (task, fiber, thread) = (
        ns(0, Design::Task),
        ns(0, Design::Fiber),
        ns(0, Design::Thread),
    );
    finding.answer(format!(
        "With a rendezvous it has: of three sends {} were done before somebody received, and {} after one receive; with room for one it was {} and {}. To know costs {} a message with tasks, {} with fibers \
         and {} with threads; where there is room for 100, tasks need {}.",
        met[0].0, met[0].1, met[1].0, met[1].1, show(task), show(fiber), show(thread), show(ns(2, Design::Task)),
    ));
    if fiber < task * 0.95 {
        finding.against(format!(
            "The fiber is {} the task at a rendezvous.",
            compared(fiber, task)
        ));
    }
    finding.against(format!(
        "To meet is {} room for 100, with tasks. Who needs no proof that a message has arrived should not ask for one: taken is not handled yet, either.",
        compared(task, ns(2, Design::Task)),
    ));
    Ok(finding)
}
