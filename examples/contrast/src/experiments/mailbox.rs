//! Every way to put something in and take it out: with a box that is empty, full or closed. Who waits, and who runs meanwhile?
//!
//! From: Kilim's `Mailbox`, where a name without a suffix pauses the task, `nb` never waits and `b` blocks the thread; Quasar's
//! strands. What Kilim has that leno does not: `peek`, `remove`, `untilHasMessages(n)`. Its `get(EventSubscriber)` is what a
//! waker is, without a name of its own; its `getb(ms)` and `putb(m, ms)` are `block_on` of a time-out, likewise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use leno::future::yield_now;
use leno::timeout;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Finding, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "mailbox",
    group: Group::Mailboxes,
    title: "Empty, full, closed: who waits",
    answers: &["C13", "C18", "C21"],
    from: &["Kilim", "Quasar"],
    run,
    child: Some(|case| answer(case, call)),
};

/// What is called, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Call {
    Recv,
    RecvOnFiber,
    TryRecv,
    RecvTimeout,
    RecvBlocking,
    RecvBlockingInTask,
    RecvBlockingTimeout,
    Send,
    TrySend,
    SendTimeout,
    SendBlocking,
    SendBlockingTimeout,
}

impl Call {
    fn receives(self) -> bool {
        !matches!(
            self,
            Call::Send
                | Call::TrySend
                | Call::SendTimeout
                | Call::SendBlocking
                | Call::SendBlockingTimeout
        )
    }

    fn times_out(self) -> bool {
        matches!(
            self,
            Call::RecvTimeout
                | Call::SendTimeout
                | Call::RecvBlockingTimeout
                | Call::SendBlockingTimeout
        )
    }
}

/// What the box is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// There is a message, or room for one.
    Ready,
    /// There is none, until the other side comes after a while.
    Later,
    /// There is none, and the other side is gone.
    Closed,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    call: Call,
    state: State,
    wait_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    outcome: String,
    took_ns: f64,
    /// How often the worker has run its other task meanwhile.
    neighbour: u64,
}

type Ends = (Option<Sender<u8>>, Option<Receiver<u8>>);

/// The end that is used, and the other one.
fn ends(case: Case) -> (Ends, Ends) {
    let (to, from) = bounded(1);
    let filled = case.call.receives() == (case.state == State::Ready);
    // A sender whose receiver is gone is told so, whether there is room or not.
    if filled {
        to.try_send(7).expect("it has room for one");
    }
    match case.call.receives() {
        true => ((None, Some(from)), (Some(to), None)),
        false => ((Some(to), None), (None, Some(from))),
    }
}

fn call(case: Case) -> Result<Seen> {
    let (mine, other) = ends(case);
    let (turns, stop) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let neighbour = leno::spawn({
        let (turns, stop) = (turns.clone(), stop.clone());
        async move {
            // Relaxed, here and below: a number to look at, and a wish.
            while !stop.load(Ordering::Relaxed) {
                turns.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        }
    });
    while turns.load(Ordering::Relaxed) < 1000 {
        std::thread::yield_now();
    }
    let wait = Duration::from_millis(case.wait_ms);
    // The other side is a thread, so that it comes even if the only worker is blocked.
    let other_side = match case.state {
        State::Closed => {
            drop(other);
            None
        }
        state => Some(std::thread::spawn(move || {
            std::thread::sleep(wait);
            if state == State::Later {
                match &other {
                    (Some(to), _) => {
                        let _ = to.try_send(7);
                    }
                    (_, Some(from)) => {
                        let _ = from.try_recv();
                    }
                    _ => {}
                }
            }
            // It stays until the call is over, for else that would find a box that is closed.
            other
        })),
    };
    let seen = made(case.call, mine, wait / 2, turns);
    stop.store(true, Ordering::Relaxed);
    leno::block_on(neighbour);
    if let Some(other_side) = other_side {
        other_side.join().expect("it does not panic");
    }
    Ok(seen)
}

/// Counts from when the call begins, which is later than when the task that makes it is spawned.
struct Watch {
    turns: Arc<AtomicU64>,
    before: u64,
    start: Instant,
}

impl Watch {
    fn start(turns: Arc<AtomicU64>) -> Watch {
        Watch {
            before: turns.load(Ordering::Relaxed),
            turns,
            start: Instant::now(),
        }
    }

    fn seen(&self, outcome: String) -> Seen {
        Seen {
            outcome,
            took_ns: self.start.elapsed().as_nanos() as f64,
            neighbour: self.turns.load(Ordering::Relaxed) - self.before,
        }
    }
}

/// Makes the call where it belongs, and says what came of it.
fn made(call: Call, ends: Ends, patience: Duration, turns: Arc<AtomicU64>) -> Seen {
    let to = || ends.0.clone().expect("a call that sends has that end");
    let from = || ends.1.clone().expect("a call that receives has that end");
    match call {
        Call::RecvBlocking => {
            let (from, watch) = (from(), Watch::start(turns));
            watch.seen(said(from.recv_blocking()))
        }
        Call::SendBlocking => {
            let (to, watch) = (to(), Watch::start(turns));
            watch.seen(said(to.send_blocking(1)))
        }
        Call::RecvBlockingTimeout => {
            let (from, watch) = (from(), Watch::start(turns));
            watch.seen(said_in_time(leno::block_on(timeout(patience, from.recv()))))
        }
        Call::SendBlockingTimeout => {
            let (to, watch) = (to(), Watch::start(turns));
            watch.seen(said_in_time(leno::block_on(timeout(patience, to.send(1)))))
        }
        Call::RecvOnFiber => {
            let from = from();
            // SAFETY: the end of a channel is on its stack.
            leno::block_on(unsafe {
                fiber::spawn(move || {
                    let watch = Watch::start(turns);
                    watch.seen(said(fiber::wait(from.recv())))
                })
            })
        }
        _ => {
            let (to, from) = ends;
            leno::block_on(leno::spawn(async move {
                let watch = Watch::start(turns);
                let outcome = match (call, to, from) {
                    (Call::Recv, _, Some(from)) => said(from.recv().await),
                    (Call::TryRecv, _, Some(from)) => said(from.try_recv()),
                    (Call::RecvTimeout, _, Some(from)) => {
                        said_in_time(timeout(patience, from.recv()).await)
                    }
                    (Call::RecvBlockingInTask, _, Some(from)) => said(from.recv_blocking()),
                    (Call::Send, Some(to), _) => said(to.send(1).await),
                    (Call::TrySend, Some(to), _) => said(to.try_send(1)),
                    (Call::SendTimeout, Some(to), _) => {
                        said_in_time(timeout(patience, to.send(1)).await)
                    }
                    _ => unreachable!("the ends were made for the call"),
                };
                watch.seen(outcome)
            }))
        }
    }
}

fn said_in_time<T, E: std::fmt::Debug, L>(outcome: Result<Result<T, E>, L>) -> String {
    outcome.map_or("timed out".to_owned(), said)
}

fn said<T, E: std::fmt::Debug>(outcome: Result<T, E>) -> String {
    match outcome {
        Ok(_) => "done".to_owned(),
        Err(error) => {
            let error = format!("{error:?}");
            let kind = error.split('(').next().unwrap_or_default();
            let full_or_empty = kind.contains("Full") || kind.contains("Empty");
            if full_or_empty { "refused" } else { "closed" }.to_owned()
        }
    }
}

/// A call, what it is called, whether it waits, and whether it keeps the worker while it does.
const CALLS: [(Call, &str, bool, bool); 12] = [
    (Call::Recv, "recv().await", true, false),
    (Call::RecvOnFiber, "fiber::wait(recv())", true, false),
    (Call::TryRecv, "try_recv()", false, false),
    (Call::RecvTimeout, "timeout(recv()).await", true, false),
    (
        Call::RecvBlocking,
        "recv_blocking(), on a thread",
        true,
        false,
    ),
    (
        Call::RecvBlockingInTask,
        "recv_blocking(), in a task",
        true,
        true,
    ),
    (
        Call::RecvBlockingTimeout,
        "block_on(timeout(recv())), on a thread",
        true,
        false,
    ),
    (Call::Send, "send().await", true, false),
    (Call::TrySend, "try_send()", false, false),
    (Call::SendTimeout, "timeout(send()).await", true, false),
    (
        Call::SendBlocking,
        "send_blocking(), on a thread",
        true,
        false,
    ),
    (
        Call::SendBlockingTimeout,
        "block_on(timeout(send())), on a thread",
        true,
        false,
    ),
];

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "The mailbox is empty, or full: does the consumer block? There is no line in the article's program that waits.",
    );
    let wait_ms = settings.pick(100, 20);
    let mut table = Table::new(
        format!(
            "Room for one message; what is missing comes after {wait_ms} ms, time-outs are half of that; one worker, and a neighbour on it that counts its turns"
        ),
        [
            "call",
            "ready",
            "not ready",
            "closed",
            "took, not ready",
            "turns of the neighbour meanwhile",
        ],
    );
    let mut turns = Vec::new();
    for (call, name, waits, keeps) in CALLS {
        settings.step(name);
        let mut seen = Vec::new();
        for state in [State::Ready, State::Later, State::Closed] {
            let case = Case {
                call,
                state,
                wait_ms,
            };
            seen.push(Child::of("mailbox").workers(1).run::<_, Seen>(&case)?);
        }
        let later = &seen[1];
        let expected = match waits {
            _ if call.times_out() => "timed out",
            true => "done",
            false => "refused",
        };
        finding.check(
            format!("{name}: done if ready, {expected} if not, and told of the close"),
            seen[0].outcome == "done" && later.outcome == expected && seen[2].outcome == "closed",
        );
        let asked = wait_ms as f64 * 1e6 / 4.0;
        finding.check(
            format!("{name}: it waited only if it has to"),
            !waits || later.took_ns > asked,
        );
        if waits {
            // A worker that is blocked runs nothing. One that is not runs it many times in a millisecond.
            let ran = later.neighbour > wait_ms;
            finding.check(
                format!("{name}: the neighbour went on, or not"),
                ran != keeps,
            );
        }
        table.row(
            name,
            [
                Cell::text(seen[0].outcome.clone()),
                Cell::text(later.outcome.clone()),
                Cell::text(seen[2].outcome.clone()),
                Cell::time(later.took_ns),
                Cell::count(later.neighbour as f64),
            ],
        );
        turns.push((call, later.neighbour as f64, later.took_ns));
    }
    finding.table(table);
    let of = |call: Call| {
        let seen = turns.iter().find(|seen| seen.0 == call);
        let (_, count, took) = seen.expect("it was called");
        (Unit::Count.show(*count), Unit::Time.show(*took))
    };
    let (task, fiber, in_task) = (
        of(Call::Recv),
        of(Call::RecvOnFiber),
        of(Call::RecvBlockingInTask),
    );
    let (getb, putb) = (of(Call::RecvBlockingTimeout), of(Call::SendBlockingTimeout));
    finding.answer(format!(
        "The task waits and the thread does not: there is no loop because `recv` comes back when there is a message, and until then its waker lies in the channel. While `recv().await` waited for {}, the only worker \
         ran its other task {} times; beside a fiber {} times. `recv_blocking` is for threads: called in a task it keeps the worker, and the other task ran {} times. \
         Blocking with a time-out (Kilim's `getb(ms)`, `putb(m, ms)`) is `block_on(timeout(…))`: a plain thread waited, for {} to receive and {} to send, and the worker ran its task {} and {} times meanwhile.",
        task.1, task.0, fiber.0, in_task.0, getb.1, putb.1, getb.0, putb.0,
    ));
    finding.against(
        "Nothing but the name keeps one from calling `recv_blocking` in a task; a runtime that owns the blocking calls (Go, Loom) has no such trap. And there is no way to look at a message without taking it, nor to wait for three of them: \
         Kilim's mailbox can do both.",
    );
    Ok(finding)
}
