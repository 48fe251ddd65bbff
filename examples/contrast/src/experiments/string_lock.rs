//! Why one does not lock a string: whoever writes the same word locks the same lock.
//!
//! From: the article's `static String LOCK = "lock"` under Java's `synchronized`. What Java has that leno does not: every object is
//! a monitor, so there is always something at hand to lock; that is what goes wrong here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "string_lock",
    group: Group::Sharing,
    title: "A lock called \"lock\"",
    answers: &["C16"],
    from: &["Java threads"],
    run,
    child: None,
};

/// Two libraries that know nothing of each other.
mod billing {
    pub const LOCK: &str = "lock";
}
mod logging {
    pub const LOCK: &str = "lock";
}

/// What Java does: equal literals are one object, and each object has a monitor.
fn monitor_of(text: &'static str) -> Arc<Mutex<()>> {
    type Monitors = HashMap<&'static str, Arc<Mutex<()>>>;
    static MONITORS: OnceLock<Mutex<Monitors>> = OnceLock::new();
    let monitors = MONITORS.get_or_init(Mutex::default);
    let mut monitors = monitors.lock().unwrap_or_else(PoisonError::into_inner);
    monitors.entry(text).or_default().clone()
}

/// How long one waits for the second lock while another thread holds the first.
fn waited(held: &Arc<Mutex<()>>, wanted: &Mutex<()>, hold: Duration) -> Duration {
    let (ready, go) = std::sync::mpsc::channel();
    let holder = std::thread::spawn({
        let held = held.clone();
        move || {
            let _guard = held.lock().unwrap_or_else(PoisonError::into_inner);
            ready.send(()).expect("somebody waits for it");
            std::thread::sleep(hold);
        }
    });
    go.recv().expect("the holder says so");
    let start = Instant::now();
    drop(wanted.lock().unwrap_or_else(PoisonError::into_inner));
    let waited = start.elapsed();
    holder.join().expect("it does not panic");
    waited
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new("Why does the article lock a string, and why should nobody?");
    let hold = Duration::from_millis(settings.pick(100, 20));
    let (billing, logging) = (monitor_of(billing::LOCK), monitor_of(logging::LOCK));
    let by_name = waited(&billing, &logging, hold);
    // What a Rust program would write: the lock is part of the data, and its name is its place.
    let (invoices, lines) = (Arc::new(Mutex::new(())), Mutex::new(()));
    let by_owner = waited(&invoices, &lines, hold);
    let same_monitor = Arc::ptr_eq(&billing, &logging);
    let same_address = std::ptr::eq(billing::LOCK.as_ptr(), logging::LOCK.as_ptr());
    finding.check("equal literals have one monitor", same_monitor);
    finding.check("a stranger waits for the word", by_name >= hold / 2);
    finding.check(
        "locks of two owners are two locks",
        !std::ptr::eq(&*invoices, &lines),
    );
    let mut table = Table::new(
        format!(
            "One holds its lock for {}; another one, which has nothing to do with it, wants its own",
            Unit::Time.show(hold.as_nanos() as f64)
        ),
        ["lock", "same lock", "waited"],
    );
    let ns = |time: Duration| time.as_nanos() as f64;
    let yes = |is: bool| Cell::text(if is { "yes" } else { "no" });
    table.row(
        "of the word, as in Java",
        [yes(same_monitor), Cell::time(ns(by_name))],
    );
    table.row(
        "of the data, as in Rust",
        [yes(false), Cell::time(ns(by_owner))],
    );
    finding.chart(
        Chart::bars("How long a stranger waited", Unit::Time, Scale::Log).group(
            "",
            [
                ("the word's lock", Ink::Other(1), ns(by_name)),
                ("the data's lock", Ink::Other(0), ns(by_owner)),
            ],
        ),
    );
    finding.table(table);
    finding.answer(format!(
        "Because in Java anything can be locked. But equal literals are one object, so whoever locks \"lock\" anywhere in the process locks the same monitor: here a stranger waited {} for a word. \
         In Rust a string has no lock; a `Mutex` owns the data that it guards, and the stranger waited {}. (The two literals {} at one address here, but nothing can be locked by it.)",
        Unit::Time.show(ns(by_name)), Unit::Time.show(ns(by_owner)),
        if same_address { "are" } else { "are not" },
    ));
    finding.against(
        "The monitors by words are an imitation, a table of locks, because Rust has none to show; the article's own program has only one class, so its lock was shared with nobody. And a `static` mutex with a well-known name is as \
         easy to share by mistake as a word.",
    );
    Ok(finding)
}
