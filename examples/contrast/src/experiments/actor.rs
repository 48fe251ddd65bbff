//! Actors: a mailbox and a loop, with messages picked out of turn, and a supervisor that starts one again when it panics.
//!
//! From: Erlang, Akka, and Quasar's actors. What they have that leno does not: supervisors as a library, links, actors on other machines,
//! code that is changed while it runs; in Erlang a heap for each, so that a crash can't leave anything half done.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};

use anyhow::Result;
use leno::channel::{Receiver, RecvError, Sender, bounded, unbounded};
use leno::future::FutureExt;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::{Meter, memory};
use crate::race::compared;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "actor",
    group: Group::Patterns,
    title: "Actors, and what happens when one falls over",
    answers: &["C9", "C19", "C20"],
    from: &["Erlang", "Akka", "Quasar"],
    run,
    child: Some(|case| answer(case, act)),
};

enum Message {
    Add(u64),
    /// Before all that waits.
    Urgent(Sender<u64>),
    /// The same in its turn.
    Tell(Sender<u64>),
    /// It panics.
    Crash,
    Stop,
}

/// A mailbox that one can take from out of turn: what is passed over is kept, in order.
struct Mailbox {
    from: Receiver<Message>,
    passed: VecDeque<Message>,
}

impl Mailbox {
    async fn next(&mut self) -> Result<Message, RecvError> {
        match self.passed.pop_front() {
            Some(message) => Ok(message),
            None => self.from.recv().await,
        }
    }

    /// One that is wanted, wherever it is; or none, if there is none now.
    fn pick(&mut self, wanted: impl Fn(&Message) -> bool) -> Option<Message> {
        while let Ok(message) = self.from.try_recv() {
            self.passed.push_back(message);
        }
        let place = self.passed.iter().position(wanted)?;
        self.passed.remove(place)
    }
}

/// Returns when it is told to stop.
async fn actor(mailbox: &mut Mailbox, picky: bool) {
    let mut sum = 0;
    loop {
        let urgent = if picky {
            mailbox.pick(|message| matches!(message, Message::Urgent(_)))
        } else {
            None
        };
        let message = match urgent {
            Some(message) => message,
            None => match mailbox.next().await {
                Ok(message) => message,
                Err(RecvError) => return,
            },
        };
        match message {
            Message::Add(number) => sum += number,
            // Who has gone away does not need it any more.
            Message::Urgent(to) | Message::Tell(to) => {
                let _ = to.try_send(sum);
            }
            Message::Crash => panic!("on purpose"),
            Message::Stop => return,
        }
    }
}

/// One for one: starts the actor again when it panics, with the same mailbox, and says how often it had to.
async fn supervised(from: Receiver<Message>, picky: bool) -> usize {
    let mut mailbox = Mailbox {
        from,
        passed: VecDeque::new(),
    };
    let mut restarts = 0;
    while AssertUnwindSafe(actor(&mut mailbox, picky))
        .catch_unwind()
        .await
        .is_err()
    {
        restarts += 1;
    }
    restarts
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    what: What,
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    /// Messages to one actor: what comes out is the sum.
    Messages,
    /// The same to one that picks.
    Picking,
    /// Actors that wait: what comes out is their number.
    Waiting,
    /// Crashes, with a message between them: what comes out is how often it was started again.
    Crashes,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Acted {
    result: u64,
    ns_each: f64,
    bytes_each: f64,
}

fn start(design: Design, from: Receiver<Message>, picky: bool) -> leno::Task<usize> {
    match design {
        // SAFETY: a future that is `Send` is on its stack.
        Design::Fiber => unsafe { fiber::spawn(move || fiber::wait(supervised(from, picky))) },
        _ => leno::spawn(supervised(from, picky)),
    }
}

fn act(case: Case) -> Result<Acted> {
    panic::set_hook(Box::new(|_| {}));
    fiber::set_stack_size(32 * 1024);
    leno::block_on(leno::spawn(async {}));
    let count = case.count;
    if case.what == What::Waiting {
        let mut kept = Vec::with_capacity(count);
        let before = memory();
        let meter = Meter::start();
        for _ in 0..count {
            let (to, from) = unbounded();
            kept.push((to, start(case.design, from, false)));
        }
        // An answer of each shows that it is there.
        let mut answers = 0;
        for (to, _) in &kept {
            let (reply, answer) = bounded(1);
            to.try_send(Message::Urgent(reply))?;
            answers += u64::from(answer.recv_blocking().is_ok());
        }
        let ns_each = meter.stop().wall_ns / count as f64;
        let bytes_each = memory().saturating_sub(before) as f64 / count as f64;
        return Ok(Acted {
            result: answers,
            ns_each,
            bytes_each,
        });
    }
    let (to, from) = bounded(1000);
    let picky = case.what == What::Picking;
    let supervisor = start(case.design, from, picky);
    let (reply, answer) = bounded(1);
    let meter = Meter::start();
    let result = leno::block_on(leno::spawn(async move {
        for number in 0..count {
            let message = match case.what {
                What::Crashes => Message::Crash,
                _ => Message::Add(number as u64),
            };
            to.send(message).await?;
            if case.what == What::Crashes {
                to.send(Message::Add(1)).await?;
            }
        }
        to.send(Message::Tell(reply)).await?;
        let sum = answer.recv().await?;
        to.send(Message::Stop).await?;
        let restarts = supervisor.await;
        anyhow::Ok(if case.what == What::Crashes {
            restarts as u64
        } else {
            sum
        })
    }))?;
    Ok(Acted {
        result,
        ns_each: meter.stop().wall_ns / count as f64,
        bytes_each: 0.0,
    })
}

/// An urgent message behind a hundred others, for an actor that picks and one that does not: the sum that each of them tells.
fn out_of_turn() -> [u64; 2] {
    [true, false].map(|picky| {
        let (to, from) = unbounded();
        let (reply, answer) = bounded(1);
        for number in 1..=100 {
            to.try_send(Message::Add(number)).expect("it has no bound");
        }
        to.try_send(Message::Urgent(reply))
            .expect("it has no bound");
        to.try_send(Message::Stop).expect("it has no bound");
        leno::block_on(supervised(from, picky));
        answer.try_recv().expect("it was answered before the stop")
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Akka and Erlang have actors, with supervision. What would that be here, and at what price?",
    );
    let (messages, waiting, crashes) = (
        settings.pick(1_000_000, 20_000),
        settings.pick(100_000, 2000),
        settings.pick(10_000, 300),
    );
    let mut table = Table::new(
        "An actor on 2 workers",
        [
            "",
            "messages",
            "picking messages",
            "start and first answer",
            "memory of one that waits",
            "such in a GiB",
            "panic and restart",
        ],
    );
    let mut bars = Vec::new();
    let mut all = Vec::new();
    for design in [Design::Task, Design::Fiber] {
        let mut acted = Vec::new();
        for (what, count, expected) in [
            (
                What::Messages,
                messages,
                (messages * (messages - 1) / 2) as u64,
            ),
            (
                What::Picking,
                messages,
                (messages * (messages - 1) / 2) as u64,
            ),
            (What::Waiting, waiting, waiting as u64),
            (What::Crashes, crashes, crashes as u64),
        ] {
            settings.step(format!("{}, {what:?}", design.name()));
            let one: Acted = Child::of("actor").run(&Case {
                design,
                what,
                count,
            })?;
            finding.check(
                format!(
                    "{}, {what:?}: {} came out",
                    design.name(),
                    Unit::Count.show(expected as f64)
                ),
                one.result == expected,
            );
            acted.push(one);
        }
        let rate = |acted: &Acted| Cell::of(Unit::Rate, 1e9 / acted.ns_each);
        let in_a_gib = (1_u64 << 30) as f64 / acted[2].bytes_each;
        table.row(
            design.name(),
            [
                rate(&acted[0]),
                rate(&acted[1]),
                Cell::time(acted[2].ns_each),
                Cell::bytes(acted[2].bytes_each),
                Cell::count(in_a_gib),
                Cell::time(acted[3].ns_each),
            ],
        );
        bars.push((design.name(), Ink::from(design), 1e9 / acted[0].ns_each));
        all.push((acted, in_a_gib));
    }
    finding.chart(Chart::bars("Messages to one actor", Unit::Rate, Scale::Linear).group("", bars));
    finding.table(table);
    let [picked, in_turn] = out_of_turn();
    finding.check(
        "the urgent message came first where it is picked, and last where not",
        picked == 0 && in_turn == 5050,
    );
    let mut quoted = Table::new(
        "For comparison, what others say of themselves, on their machines",
        ["", "messages", "in a GiB", "source"],
    );
    quoted.row(
        "Akka",
        [
            Cell::text("50 million/s"),
            Cell::text("2.5 million in a GB"),
            Cell::text("its front page"),
        ],
    );
    quoted.row(
        "Erlang",
        [
            Cell::none(),
            Cell::count(f64::floor((1_u64 << 30) as f64 / 2616.0)),
            Cell::text("327 words a process, OTP 27's efficiency guide"),
        ],
    );
    finding.table(quoted);
    let (task, fiber) = (&all[0], &all[1]);
    let rate = |acted: &Acted| Unit::Rate.show(1e9 / acted.ns_each);
    finding.answer(format!(
        "A loop around `recv`. One takes {} as a task and {} on a fiber; those that wait weigh {} and {}, so {} and {} go into a GiB. An actor that panics is started again by a loop around it, with its mailbox as it was, {} after the message that \
         made it fall, as a task.",
        rate(&task.0[0]), rate(&fiber.0[0]), Unit::Memory.show(task.0[2].bytes_each), Unit::Memory.show(fiber.0[2].bytes_each),
        Unit::Count.show(task.1), Unit::Count.show(fiber.1), Unit::Time.show(task.0[3].ns_each),
    ));
    if fiber.0[0].ns_each < task.0[0].ns_each * 0.95 {
        finding.against(format!(
            "Messages to the fiber are {} those to the task.",
            compared(fiber.0[0].ns_each, task.0[0].ns_each)
        ));
    }
    finding.against(
        "A box of leno can't be looked into, so the actor that picks empties it into a queue of its own, and what bounded the box bounds nothing any more. A supervisor of four lines is not Erlang's: it counts no restarts in a time, knows no siblings, \
         and what the actor shares with others may be half done when it falls. Akka's and Erlang's figures come from other machines, and do not compare.",
    );
    Ok(finding)
}
