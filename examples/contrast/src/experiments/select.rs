//! Waiting for whichever comes first: messages, room, or a time.
//!
//! From: Go's `select`, Quasar's `Selector`, Kilim's `Mailbox.select`. What Go has that leno does not: a statement of the language in
//! which every arm is known, so that a fair choice costs no more than another one. Its `default` is `try_recv`, a nil channel
//! `future::pending()`. Kilim's `select` only receives, and has no time-out.

use std::time::Duration;

use anyhow::Result;
use leno::Timer;
use leno::channel::bounded;
use leno::future::{or, race};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::Meter;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "select",
    group: Group::Mailboxes,
    title: "Whichever comes first",
    answers: &["C13", "C18"],
    from: &["Go", "Quasar", "Kilim"],
    run,
    child: Some(|case| answer(case, select)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Choice {
    /// The first arm that is ready, in the order of the program.
    Biased,
    Fair,
    /// Fair, on a stack.
    FairOnFiber,
}

const CHOICES: [(Choice, &str); 3] = [
    (Choice::Biased, "biased: `or`"),
    (Choice::Fair, "fair: `race`"),
    (Choice::FairOnFiber, "fair, on a fiber"),
];

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    choice: Choice,
    rounds: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chosen {
    /// How often each of two receive arms was chosen, both of which were ready.
    first: usize,
    second: usize,
    /// How often an arm that receives and one that sends were chosen, both ready.
    received: usize,
    sent: usize,
    ns_each: f64,
    /// Whether every message was where it had to be in the end: that an arm which loses has taken nothing.
    nothing_lost: bool,
    /// One that receives, one that sends and a time-out together: messages and room are there, and the time is far off.
    far: Three,
    /// The same with a time that has come already.
    due: Three,
    /// With neither message nor room: the time-out alone can end it.
    nothing: Three,
    /// After what time it did so.
    timed_out_ns: f64,
}

/// How often each of three arms was chosen.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Three {
    received: usize,
    sent: usize,
    timed_out: usize,
    ns_each: f64,
    /// Whether every message was where it had to be in the end.
    nothing_lost: bool,
}

impl Three {
    fn all(self) -> usize {
        self.received + self.sent + self.timed_out
    }
}

/// The time-out that ends a wait for nothing.
const TIME_OUT: Duration = Duration::from_millis(10);
/// One that never comes.
const FAR: Duration = Duration::from_secs(3600);

async fn choose<T>(choice: Choice, a: impl Future<Output = T>, b: impl Future<Output = T>) -> T {
    match choice {
        Choice::Biased => or(a, b).await,
        Choice::Fair | Choice::FairOnFiber => race(a, b).await,
    }
}

fn select(case: Case) -> Result<Chosen> {
    if case.choice == Choice::FairOnFiber {
        // SAFETY: a future that is `Send` is on its stack.
        return Ok(leno::block_on(unsafe {
            fiber::spawn(move || fiber::wait(rounds(case)))
        }));
    }
    Ok(leno::block_on(leno::spawn(rounds(case))))
}

async fn rounds(case: Case) -> Chosen {
    let (to_a, a) = bounded(case.rounds);
    let (to_b, b) = bounded(case.rounds);
    for number in 0..case.rounds {
        to_a.try_send(number).expect("it has room");
        to_b.try_send(number).expect("it has room");
    }
    let mut counts = [0; 4];
    let mut in_order = true;
    let meter = Meter::start();
    for _ in 0..case.rounds {
        let first = async { (0, a.recv().await) };
        let second = async { (1, b.recv().await) };
        let (arm, message) = choose(case.choice, first, second).await;
        in_order &= message == Ok(counts[arm]);
        counts[arm] += 1;
    }
    let ns_each = meter.stop().wall_ns / case.rounds as f64;
    let mut nothing_lost =
        in_order && a.len() == case.rounds - counts[0] && b.len() == case.rounds - counts[1];

    let (to_c, c) = bounded(case.rounds);
    let (full_a, room_a) = (a.len(), case.rounds);
    for number in 0..room_a - full_a {
        to_a.try_send(number).expect("it has room");
    }
    for number in 0..case.rounds {
        let receive = async { (2, a.recv().await.is_ok()) };
        let send = async { (3, to_c.send(number).await.is_ok()) };
        let (arm, done) = choose(case.choice, receive, send).await;
        nothing_lost &= done;
        counts[arm] += 1;
    }
    nothing_lost &= a.len() == case.rounds - counts[2] && c.len() == counts[3];

    let far = three(case, case.rounds, case.rounds, FAR).await;
    let due = three(case, case.rounds, case.rounds, Duration::ZERO).await;
    let nothing = three(Case { rounds: 1, ..case }, 0, 0, TIME_OUT).await;
    Chosen {
        first: counts[0],
        second: counts[1],
        received: counts[2],
        sent: counts[3],
        ns_each,
        nothing_lost,
        far,
        due,
        nothing,
        timed_out_ns: nothing.ns_each,
    }
}

/// Chooses between a message, room for one and a time-out, where there are so many messages and so much room.
async fn three(case: Case, messages: usize, room: usize, after: Duration) -> Three {
    // A box needs some room; one that shall have none is filled.
    let (to_a, a) = bounded(messages.max(1));
    let (to_b, b) = bounded(room.max(1));
    for number in 0..messages {
        to_a.try_send(number).expect("it has room");
    }
    let filled = usize::from(room == 0);
    for number in 0..filled {
        to_b.try_send(number).expect("it has room");
    }
    let mut counts = [0; 3];
    let meter = Meter::start();
    for number in 0..case.rounds {
        let receive = async { (0, a.recv().await.is_ok()) };
        let send = async { (1, to_b.send(number).await.is_ok()) };
        let late = async {
            Timer::after(after).await;
            (2, true)
        };
        let (arm, done) = choose(case.choice, choose(case.choice, receive, send), late).await;
        counts[arm] += usize::from(done);
    }
    let [received, sent, timed_out] = counts;
    Three {
        received,
        sent,
        timed_out,
        ns_each: meter.stop().wall_ns / case.rounds as f64,
        nothing_lost: a.len() == messages - received && b.len() == filled + sent,
    }
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding =
        Finding::new("How does one wait for whichever comes first, and who wins if all are ready?");
    let rounds = settings.pick(200_000, 5000);
    let mut table = Table::new(
        format!(
            "{} choices between two arms that are always ready",
            Unit::Count.show(rounds as f64)
        ),
        [
            "",
            "first receive",
            "second receive",
            "receive",
            "send",
            "time of a choice",
        ],
    );
    let mut threefold = Table::new(
        "One choice of three: to receive, to send, or a time-out",
        [
            "",
            "time-out",
            "choices",
            "receive",
            "send",
            "time-out came",
            "time of a choice",
        ],
    );
    let mut all = Vec::new();
    let mut chart = Chart::bars("How often an arm was chosen", Unit::Count, Scale::Linear);
    for (choice, name) in CHOICES {
        settings.step(name);
        let chosen: Chosen = Child::of("select").run(&Case { choice, rounds })?;
        let complete =
            chosen.first + chosen.second == rounds && chosen.received + chosen.sent == rounds;
        finding.check(
            format!("{name}: each choice chose one arm, and those that lost took nothing"),
            complete && chosen.nothing_lost,
        );
        let even = |part: usize| part > rounds * 4 / 10 && part < rounds * 6 / 10;
        let as_said = match choice {
            Choice::Biased => chosen.first == rounds && chosen.received == rounds,
            _ => even(chosen.first) && even(chosen.received),
        };
        finding.check(format!("{name}: it is what it says"), as_said);
        let Chosen {
            far, due, nothing, ..
        } = chosen;
        for (three, choices, when) in [
            (far, rounds, "far off"),
            (due, rounds, "due"),
            (nothing, 1, "10 ms, nothing else ready"),
        ] {
            finding.check(
                format!("{name}, time-out {when}: {choices} choices of three took one arm each, and lost nothing"),
                three.all() == choices && three.nothing_lost,
            );
            threefold.row(
                name,
                [
                    Cell::text(when),
                    Cell::count(choices as f64),
                    Cell::count(three.received as f64),
                    Cell::count(three.sent as f64),
                    Cell::count(three.timed_out as f64),
                    Cell::time(three.ns_each),
                ],
            );
        }
        finding.check(
            format!("{name}: a time-out that is far off never came while something was ready"),
            far.timed_out == 0,
        );
        finding.check(
            format!("{name}: one that is due came as often as it is said to"),
            match choice {
                Choice::Biased => due.timed_out == 0 && due.received == rounds,
                _ => even(due.timed_out),
            },
        );
        finding.check(
            format!("{name}: with nothing ready it came, not before its time"),
            nothing.timed_out == 1 && chosen.timed_out_ns >= TIME_OUT.as_nanos() as f64,
        );
        let count = |number: usize| Cell::count(number as f64);
        table.row(
            name,
            [
                count(chosen.first),
                count(chosen.second),
                count(chosen.received),
                count(chosen.sent),
                Cell::time(chosen.ns_each),
            ],
        );
        chart = chart.group(
            name.replace('`', ""),
            [
                ("first receive", Ink::Other(0), chosen.first as f64),
                ("second receive", Ink::Other(1), chosen.second as f64),
                ("receive", Ink::Other(2), chosen.received as f64),
                ("send", Ink::Other(3), chosen.sent as f64),
            ],
        );
        all.push(chosen);
    }
    finding.chart(chart);
    finding.table(table);
    finding.table(threefold);
    let late = |chosen: &Chosen| {
        format!(
            "{:.1} %",
            100.0 * chosen.due.timed_out as f64 / rounds as f64
        )
    };
    let share = |chosen: &Chosen| format!("{:.1} %", 100.0 * chosen.first as f64 / rounds as f64);
    finding.answer(format!(
        "With futures that are raced: any two, also one that sends, and a timer is an arm like any other. With `or` the first arm that is ready wins: {} of the choices; with `race` {}. A choice costs {} and {}, \
         on a fiber {}, and an arm that loses has taken no message and sent none. A third arm with a time-out that is far off makes it {} and {}; a time-out that is due wins {} of the choices with `or` and {} with \
         `race`, while message and room are there; and with nothing ready one of 10 ms ended the wait after {}.",
        share(&all[0]), share(&all[1]), Unit::Time.show(all[0].ns_each), Unit::Time.show(all[1].ns_each), Unit::Time.show(all[2].ns_each),
        Unit::Time.show(all[0].far.ns_each), Unit::Time.show(all[1].far.ns_each), late(&all[0]), late(&all[1]), Unit::Time.show(all[0].timed_out_ns),
    ));
    let due = &all[1].due;
    finding.against(format!(
        "`race` is fair between two. Three are two in one, so the arm outside is chosen as often as both inside together: time-out {}, receive {}, send {}. Go's `select` gives each the same chance.",
        Unit::Count.show(due.timed_out as f64), Unit::Count.show(due.received as f64), Unit::Count.show(due.sent as f64),
    ));
    finding.against(
        "Losing means being dropped, so an arm may only be a call that loses nothing when it is dropped; leno's say so in their documentation, but the compiler does not check it. Go's `select` has no such question. \
         And who always writes `or` with a busy arm first lets the second one starve, as the first line shows.",
    );
    Ok(finding)
}
