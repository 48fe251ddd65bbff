//! Ending a task from outside, wherever it waits.
//!
//! From: Kotlin's cooperative cancelling, Quasar's `interrupt`; Kilim has none, and its README says so. What Kotlin has that leno does
//! not: a cancelled coroutine is told, by an exception, and may wait while it cleans up. A future is dropped, and `drop` can't wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use leno::channel::{bounded, unbounded};
use leno::{Task, Timer};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::Meter;
use crate::race::compared;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "cancel",
    group: Group::Mailboxes,
    title: "Ending what waits",
    answers: &["C4", "C20"],
    from: &["Kotlin", "Quasar", "Kilim"],
    run,
    child: Some(|case| answer(case, cancel)),
};

/// What it does when it is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum At {
    Timer,
    Recv,
    Send,
    Lock,
    /// Twenty calls deep.
    Deep,
    /// It computes for so many milliseconds, and then waits.
    Computing(u64),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    at: At,
    count: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Gone {
    ns_each: f64,
    /// How many have run the drop of what they held.
    dropped: usize,
    finished: usize,
}

struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        // Relaxed: who reads it has awaited the end.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

async fn wait(at: At, started: leno::channel::Sender<()>, lock: Arc<leno::lock::Mutex<()>>) {
    let (to, from) = bounded::<u8>(1);
    started.try_send(()).expect("it has no bound");
    match at {
        At::Timer => {
            let _ = Timer::never().await;
        }
        At::Recv => {
            let _ = from.recv().await;
        }
        At::Send => {
            to.try_send(0).expect("it has room for one");
            let _ = to.send(1).await;
        }
        At::Lock => drop(lock.lock().await),
        At::Deep => deep(20).await,
        At::Computing(ms) => {
            let end = std::time::Instant::now() + Duration::from_millis(ms);
            while std::time::Instant::now() < end {
                std::hint::spin_loop();
            }
            let _ = Timer::never().await;
        }
    }
}

async fn deep(levels: u32) {
    match levels {
        0 => {
            let _ = Timer::never().await;
        }
        more => Box::pin(deep(more - 1)).await,
    }
}

/// The same as calls, each of which has a value to drop on its stack.
fn deep_calls(levels: u32, held: &Arc<AtomicUsize>) {
    let kept = std::hint::black_box(held.clone());
    match levels {
        0 => {
            let _ = fiber::wait(Timer::never());
        }
        more => deep_calls(more - 1, &kept),
    }
    drop(kept);
}

fn cancel(case: Case) -> Result<Gone> {
    let dropped = Arc::new(AtomicUsize::new(0));
    let lock = Arc::new(leno::lock::Mutex::new(()));
    let _held = lock.try_lock_arc();
    let (started, starts) = unbounded();
    let tasks: Vec<Task<()>> = (0..case.count)
        .map(|_| {
            let (held, counter) = (Held(dropped.clone()), dropped.clone());
            let future = wait(case.at, started.clone(), lock.clone());
            let started = started.clone();
            match (case.design, case.at) {
                // SAFETY: what is on these stacks is `Send`.
                (Design::Fiber, At::Deep) => unsafe {
                    fiber::spawn(move || {
                        let _held = held;
                        started.try_send(()).expect("it has no bound");
                        deep_calls(20, &counter);
                    })
                },
                // SAFETY: as above.
                (Design::Fiber, _) => unsafe {
                    fiber::spawn(move || {
                        let _held = held;
                        fiber::wait(future);
                    })
                },
                _ => leno::spawn(async move {
                    let _held = held;
                    future.await;
                }),
            }
        })
        .collect();
    for _ in 0..case.count {
        starts.recv_blocking()?;
    }
    let meter = Meter::start();
    let finished = leno::block_on(async {
        let mut finished = 0;
        for task in tasks {
            finished += usize::from(task.cancel().await.is_some());
        }
        finished
    });
    Ok(Gone {
        ns_each: meter.stop().wall_ns / case.count as f64,
        dropped: dropped.load(Ordering::Relaxed),
        finished,
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Can one end a coroutine from outside, at any place? And is what it holds cleaned up?",
    );
    let (count, computing) = (settings.pick(10_000, 300), settings.pick(50, 20));
    let places = [
        ("a timer", At::Timer, count),
        ("recv", At::Recv, count),
        ("send, the box is full", At::Send, count),
        ("a lock", At::Lock, count),
        ("a timer, 20 calls deep", At::Deep, count),
        ("nothing: it computes", At::Computing(computing), 1),
    ];
    let mut table = Table::new(
        format!(
            "From the call of `cancel` until the task is gone; the last one computes for {computing} ms"
        ),
        ["waits on", "cancelled", "leno task", "leno fiber", "thread"],
    );
    let mut chart = Chart::bars("Time to end one", Unit::Time, Scale::Log);
    let mut times = Vec::new();
    for (name, at, count) in places {
        let mut ns = Vec::new();
        for design in [Design::Task, Design::Fiber] {
            settings.step(format!("{}, {name}", design.name()));
            let gone: Gone = Child::of("cancel").run(&Case { design, at, count })?;
            finding.check(
                format!(
                    "{}, {name}: none finished, and each dropped what it held",
                    design.name()
                ),
                gone.finished == 0 && gone.dropped == count,
            );
            ns.push((design, gone.ns_each));
        }
        let mut cells = vec![Cell::count(count as f64)];
        cells.extend(ns.iter().map(|(_, ns)| Cell::time(*ns)));
        cells.push(Cell::text("can't be"));
        table.row(name, cells);
        chart = chart.group(
            name,
            ns.iter()
                .map(|(design, ns)| (design.name(), Ink::from(*design), *ns)),
        );
        times.push((ns[0].1, ns[1].1));
    }
    finding.chart(chart);
    finding.table(table);
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "A task can be ended wherever it waits: its state is dropped like any other value, and so is what it holds, all {} times. That takes {} for one that waits on `recv`, and {} for a fiber, whose \
         stack must be unwound; 20 calls deep {} and {}. One that computes ends when it waits next: after {} here.",
        Unit::Count.show(count as f64), show(times[1].0), show(times[1].1), show(times[4].0), show(times[4].1), show(times[5].0),
    ));
    for (place, where_) in [(1, "On `recv`"), (4, "Deep down")] {
        let (task, fiber) = times[place];
        if fiber < task * 0.95 {
            finding.against(format!(
                "{where_} the fiber is {} the task to end.",
                compared(fiber, task)
            ));
        }
    }
    finding.against(
        "Nobody is asked: every `.await` is a place where a function may end without a word, and who has done half of something by then has done half of it. `drop` can't wait, so a goodbye that must be sent needs a task of its own. \
         And what computes is not ended at all.",
    );
    Ok(finding)
}
