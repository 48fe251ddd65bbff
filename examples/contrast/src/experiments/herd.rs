//! One message, a thousand who wait: wake one, or wake all and let them find out.
//!
//! From: the article's `notifyAll`. What Java has that leno does not: several conditions on one lock (`Lock.newCondition`), so that
//! those who wait for different things wait apart. Kilim can't have a herd, because a mailbox of it has one consumer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::Meter;
use crate::settings::Settings;
use crate::stackful::{Stackful, Threads};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "herd",
    group: Group::Sharing,
    title: "Wake one, or wake all",
    answers: &["C16", "C21"],
    from: &["Java threads", "Kilim"],
    run,
    child: Some(|case| answer(case, herd)),
};

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    all: bool,
    waiters: usize,
    items: usize,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Woken {
    taken: usize,
    /// How often one woke and looked.
    looks: usize,
    ns_each: f64,
    /// How often the kernel put a thread to sleep.
    slept: u64,
}

#[derive(Default)]
struct State {
    items: usize,
    /// Nothing more will come.
    closed: bool,
    wakers: VecDeque<Waker>,
    /// How many threads wait.
    waiting: usize,
    looks: usize,
    taken: usize,
}

/// A box of items, and those who wait for them, as a monitor in the language of each design.
#[derive(Default)]
struct Monitor {
    state: Mutex<State>,
    changed: Condvar,
}

impl Monitor {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one, or false if none will come.
    fn poll_take(&self, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.state();
        state.looks += 1;
        if let Some(done) = state.take() {
            return Poll::Ready(done);
        }
        // One that is polled has been taken out of the list by whoever woke it.
        state.wakers.push_back(context.waker().clone());
        Poll::Pending
    }

    /// The same for a thread.
    fn take_blocking(&self) -> bool {
        let mut state = self.state();
        loop {
            state.looks += 1;
            if let Some(done) = state.take() {
                return done;
            }
            state.waiting += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// Returns how many looks there will have been when all wait again: one of each who is woken, and one more of the one that
    /// takes the item.
    fn put(&self, all: bool) -> usize {
        let mut state = self.state();
        state.items += 1;
        let waiting = state.waiting + state.wakers.len();
        let looks = state.looks + if all { waiting } else { 1 } + 1;
        self.notify(state, all);
        looks
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.notify(state, true);
    }

    fn notify(&self, mut state: std::sync::MutexGuard<'_, State>, all: bool) {
        let count = if all { state.wakers.len() } else { 1 };
        let count = count.min(state.wakers.len());
        let wakers: Vec<_> = state.wakers.drain(..count).collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        match all {
            true => self.changed.notify_all(),
            false => self.changed.notify_one(),
        }
    }

    /// Waits until so many wait for items, after so many looks.
    fn until_waiting(&self, waiters: usize, looks: usize) {
        loop {
            let state = self.state();
            if state.waiting + state.wakers.len() == waiters && state.looks >= looks {
                return;
            }
            drop(state);
            std::thread::yield_now();
        }
    }
}

impl State {
    fn take(&mut self) -> Option<bool> {
        if self.items > 0 {
            self.items -= 1;
            self.taken += 1;
            return Some(true);
        }
        self.closed.then_some(false)
    }
}

async fn consume(monitor: Arc<Monitor>) {
    while poll_fn(|context| monitor.poll_take(context)).await {}
}

fn herd(case: Case) -> Result<Woken> {
    let monitor = Arc::new(Monitor::default());
    let mut threads = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..case.waiters {
        let monitor = monitor.clone();
        match case.design {
            Design::Thread => {
                threads.push(Threads::spawn(move || while monitor.take_blocking() {}))
            }
            Design::Fiber => {
                // SAFETY: a future that is `Send` is on its stack.
                let fiber = unsafe { fiber::spawn(move || fiber::wait(consume(monitor))) };
                tasks.push(fiber);
            }
            _ => tasks.push(leno::spawn(consume(monitor))),
        }
    }
    monitor.until_waiting(case.waiters, case.waiters);
    let before = monitor.state().looks;
    let meter = Meter::start();
    for _ in 0..case.items {
        // Each item is for a herd that waits: the next one comes when all are back.
        let looks = monitor.put(case.all);
        monitor.until_waiting(case.waiters, looks);
    }
    let spent = meter.stop();
    let looks = monitor.state().looks - before;
    monitor.close();
    threads.into_iter().for_each(Threads::join);
    leno::block_on(async {
        for task in tasks {
            task.await;
        }
    });
    let taken = monitor.state().taken;
    Ok(Woken {
        taken,
        looks,
        ns_each: spent.wall_ns / case.items as f64,
        slept: spent.voluntary,
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "The article wakes everybody for each item, with `notifyAll`. What does it cost that all but one wake in vain?",
    );
    let (waiters, items) = (settings.pick(1000, 50), settings.pick(200, 20));
    let mut table = Table::new(
        format!("{items} items, one after the other, for {waiters} who wait"),
        [
            "",
            "looks for an item",
            "time of an item",
            "threads put to sleep, for an item",
        ],
    );
    let mut chart = Chart::bars(
        "Time until an item was taken and all wait again",
        Unit::Time,
        Scale::Log,
    );
    let mut all_seen = Vec::new();
    for all in [false, true] {
        let how = if all { "wake all" } else { "wake one" };
        let mut bars = Vec::new();
        for design in [Design::Task, Design::Fiber, Design::Thread] {
            settings.step(format!("{}, {how}", design.name()));
            let woken: Woken = Child::of("herd").run(&Case {
                design,
                all,
                waiters,
                items,
            })?;
            // Who is woken looks; the one that took the item looks again before it waits.
            let least = items * if all { waiters + 1 } else { 2 };
            finding.check(
                format!(
                    "{}, {how}: each item was taken once, by at least {least} looks: {}",
                    design.name(),
                    woken.looks
                ),
                woken.taken == items && woken.looks >= least,
            );
            if !all {
                finding.check(
                    format!("{}, {how}: it was no herd", design.name()),
                    woken.looks < items * waiters / 2,
                );
            }
            let each = |count: f64| Cell::count((count / items as f64 * 10.0).round() / 10.0);
            table.row(
                format!("{}, {how}", design.name()),
                [
                    each(woken.looks as f64),
                    Cell::time(woken.ns_each),
                    each(woken.slept as f64),
                ],
            );
            bars.push((design.name(), Ink::from(design), woken.ns_each));
            all_seen.push(woken);
        }
        chart = chart.group(how, bars);
    }
    finding.chart(chart);
    finding.table(table);
    let [task_one, _, thread_one, task_all, fiber_all, thread_all] = &all_seen[..] else {
        unreachable!("there are three designs, twice")
    };
    let each = |woken: &Woken| Unit::Count.show((woken.looks as f64 / items as f64).round());
    let slept =
        |woken: &Woken| Unit::Count.show((woken.slept as f64 / items as f64 * 10.0).round() / 10.0);
    let show = |woken: &Woken| Unit::Time.show(woken.ns_each);
    finding.answer(format!(
        "With {waiters} threads that wait an item takes {} looks and {} with `notify_all`, {} and {} with `notify_one`. With tasks it is {} looks in {} against {} in {}, and with fibers all are awake and back after {}: the herd is as large. \
         For an item the kernel put threads to sleep {} times with threads and {} times with tasks. leno's channels wake one.",
        each(thread_all), show(thread_all), each(thread_one), show(thread_one), each(task_all), show(task_all), each(task_one), show(task_one), show(fiber_all), slept(thread_all), slept(task_all),
    ));
    finding.against(
        "To wake one is right only if each of those who wait would do. If they wait for different things behind one lock, as the article's producers and consumers do, waking one may wake the wrong one, and all sleep for ever: \
         `notifyAll` is slow there, and correct. Two lists would be both.",
    );
    Ok(finding)
}
