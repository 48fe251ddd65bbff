//! Values that are written once, and formulas that run when all that they need is there.
//!
//! From: Quasar's dataflow `Val` (written once) and `Var` (computed again when something changes). What Quasar has that leno does not: both, as
//! types; here a `Val` is `OnceCell` and a `Var` is twenty lines of the experiment.

use std::sync::Arc;

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use leno::lock::OnceCell;

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Finding, Table};
use crate::measure::Meter;
use crate::race::{Case, Done, Pair, Race};
use crate::settings::Settings;
use crate::stackful::{Stackful, Threads};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "dataflow",
    group: Group::Patterns,
    title: "Values that wait for values",
    answers: &["C9", "C20"],
    from: &["Quasar"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// Small enough for a float to hold it.
const MODULUS: u64 = 1_000_003;

type Val = Arc<OnceCell<u64>>;

/// A formula: the sum of the two values before.
async fn formula(vals: [Val; 3]) {
    let sum = (vals[0].wait().await + vals[1].wait().await) % MODULUS;
    vals[2].set(sum).await.expect("each is written once");
}

/// Numbers: values. Each but the first two is the sum of the two before it; the last is asked for first.
fn measure(case: Case) -> Result<Done> {
    let count = case.numbers[0];
    let vals: Vec<Val> = (0..count).map(|_| Val::default()).collect();
    let formulas = (2..count)
        .rev()
        .map(|n| [n - 2, n - 1, n].map(|n| vals[n].clone()));
    let (first, second, last) = (vals[0].clone(), vals[1].clone(), vals[count - 1].clone());
    let begin = move || {
        first.set_blocking(0).expect("nobody else writes it");
        second.set_blocking(1).expect("nobody else writes it");
    };
    let meter = Meter::start();
    let result = match case.design {
        Design::Thread => {
            let threads: Vec<_> = formulas
                .map(|vals| {
                    Threads::spawn(move || {
                        let sum = (vals[0].wait_blocking() + vals[1].wait_blocking()) % MODULUS;
                        vals[2].set_blocking(sum).expect("each is written once");
                    })
                })
                .collect();
            begin();
            threads.into_iter().for_each(Threads::join);
            *last.wait_blocking()
        }
        design => {
            let tasks: Vec<_> = formulas
                .map(|vals| match design {
                    // SAFETY: a future that is `Send` is on its stack.
                    Design::Fiber => unsafe { fiber::spawn(move || fiber::wait(formula(vals))) },
                    _ => leno::spawn(formula(vals)),
                })
                .collect();
            begin();
            leno::block_on(async {
                for task in tasks {
                    task.await;
                }
                *last.wait().await
            })
        }
    };
    Ok(Done::since(meter, result as f64))
}

fn fibonacci(count: usize) -> f64 {
    let sums = (2..count).fold((0, 1), |(a, b), _| (b, (a + b) % MODULUS));
    sums.1 as f64
}

/// A value that changes. Whoever listens gets the newest, and need not see every one.
struct Var {
    changes: Sender<u64>,
}

impl Var {
    fn new() -> (Var, Receiver<u64>) {
        let (changes, newest) = bounded(1);
        (Var { changes }, newest)
    }

    fn set(&self, value: u64) {
        // The value that is displaced was not the newest any more. If nobody listens, nobody needs it.
        let _ = self.changes.force_send(value);
    }
}

/// Computes again whenever one of the two changes, until both are gone.
async fn sum(a: Receiver<u64>, b: Receiver<u64>, to: Var) -> u64 {
    let (mut x, mut y, mut times) = (0, 0, 0);
    loop {
        // `or` would be told by the first for ever once its sender is gone.
        let change = match (a.is_closed() && a.is_empty(), b.is_closed() && b.is_empty()) {
            (true, true) => return times,
            (true, false) => b.recv().await.map(|new| y = new),
            (false, true) => a.recv().await.map(|new| x = new),
            (false, false) => {
                let first = async { (Some(a.recv().await), None) };
                let second = async { (None, Some(b.recv().await)) };
                match leno::future::race(first, second).await {
                    (Some(new), _) => new.map(|new| x = new),
                    (_, Some(new)) => new.map(|new| y = new),
                    (None, None) => unreachable!("one of them came"),
                }
            }
        };
        if change.is_ok() {
            times += 1;
            to.set(x + y);
        }
    }
}

/// How often a sum was computed while its parts changed so often, and what it was in the end.
fn recompute(changes: u64) -> (u64, u64) {
    leno::block_on(async {
        let (a, new_a) = Var::new();
        let (b, new_b) = Var::new();
        let (total, newest) = Var::new();
        let computing = leno::spawn(sum(new_a, new_b, total));
        for value in 1..=changes {
            a.set(value);
            b.set(1000 * value);
            if value % 16 == 0 {
                leno::future::yield_now().await;
            }
        }
        drop((a, b));
        let times = computing.await;
        (times, newest.recv().await.unwrap_or(0))
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding =
        Finding::new("Quasar's dataflow: can values wait for values, without a mailbox in sight?");
    let count = settings.pick(100_000, 2000);
    let few = settings.pick(4000, 300);
    let entries = [
        (Design::Task, vec![count]),
        (Design::Fiber, vec![few]),
        (Design::Thread, vec![few]),
    ];
    let race = Race::new(
        "dataflow",
        |numbers| numbers[0] as f64,
        |numbers| fibonacci(numbers[0]),
    );
    let pair = Pair::run(race, settings, &mut finding, &entries, "one value")?;
    let changes = settings.pick(100_000, 2000);
    let (times, newest) = recompute(changes);
    finding.check(
        "a sum of two that change is right in the end",
        newest == 1001 * changes,
    );
    finding.check(
        "it is not computed more often than something changed",
        times >= 1 && times <= 2 * changes,
    );
    let mut table = Table::new(
        "A value that is computed again when one of two changes",
        ["", "changes", "computed"],
    );
    table.row(
        "sum",
        [Cell::count((2 * changes) as f64), Cell::count(times as f64)],
    );
    finding.table(table);
    finding.answer(format!(
        "{} And a sum that is to follow two values that changed {} times was computed {} times, and was right in the end: who only wants the newest may miss the others.",
        pair.summary("a value"), Unit::Count.show((2 * changes) as f64), Unit::Count.show(times as f64),
    ));
    for sentence in pair.faster_than_tasks() {
        finding.against(sentence + ".");
    }
    finding.against(format!(
        "Tasks ran {} values and the others {few}, for a stack for each value is a lot of memory; each figure is of one value. A function that adds in a loop needs none of them: this is for values that come from somewhere. \
         Nothing here finds a circle, in which all would wait for ever.",
        Unit::Count.show(count as f64),
    ));
    Ok(finding)
}
