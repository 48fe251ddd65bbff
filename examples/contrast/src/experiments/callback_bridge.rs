//! An interface that calls back, made one that is awaited.
//!
//! From: Quasar's `FiberAsync`, Kotlin's `suspendCoroutine`, Netty's listeners. What Kotlin has that leno does not: the continuation itself is
//! handed out, so that no channel is needed; here a mailbox for one message is made for each call.

use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use leno::channel::bounded;

use crate::child::answer;
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::Finding;
use crate::measure::Meter;
use crate::race::{self, Case, Done, Race, compared, of};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "callback_bridge",
    group: Group::Patterns,
    title: "From a callback to an await",
    answers: &["C9", "C19", "C27"],
    from: &["Quasar", "Kotlin", "Netty"],
    run,
    child: Some(|case| answer(case, measure)),
};

type Callback = Box<dyn FnOnce(u64) + Send>;

/// Somebody else's interface: it squares numbers on a thread of its own, and calls back from there.
#[derive(Clone)]
struct Device(mpsc::Sender<(u64, Callback)>);

impl Device {
    fn start() -> Device {
        let (orders, queue) = mpsc::channel::<(u64, Callback)>();
        thread::spawn(move || {
            queue
                .iter()
                .for_each(|(number, callback)| callback(number * number))
        });
        Device(orders)
    }

    fn square(&self, number: u64, callback: impl FnOnce(u64) + Send + 'static) {
        self.0
            .send((number, Box::new(callback)))
            .expect("the device runs");
    }

    /// The bridge.
    async fn squared(&self, number: u64) -> u64 {
        let (done, result) = bounded(1);
        // Who has gone away does not need it any more.
        self.square(number, move |square| {
            let _ = done.try_send(square);
        });
        result.recv().await.expect("the device calls back once")
    }
}

/// Numbers: calls, one after the other; how many do so at the same time. The sum of the squares modulo a million comes out.
fn measure(case: Case) -> Result<Done> {
    let (calls, parties) = (case.numbers[0] as u64, case.numbers[1] as u64);
    let device = Device::start();
    let meter = Meter::start();
    let each = calls / parties;
    let ranges = (0..parties).map(|party| party * each..(party + 1) * each);
    let sum: u64 = match case.design {
        Design::Thread => {
            let threads: Vec<_> = ranges
                .map(|range| {
                    let device = device.clone();
                    thread::spawn(move || {
                        range
                            .map(|number| {
                                let (done, result) = mpsc::channel();
                                device.square(number, move |square| {
                                    let _ = done.send(square);
                                });
                                result.recv().expect("the device calls back once")
                            })
                            .sum::<u64>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it does not panic"))
                .sum()
        }
        design => {
            let tasks: Vec<_> = ranges
                .map(|range| {
                    let device = device.clone();
                    match design {
                        // SAFETY: the end of a channel and numbers are on its stack.
                        Design::Fiber => unsafe {
                            fiber::spawn(move || {
                                range
                                    .map(|number| fiber::wait(device.squared(number)))
                                    .sum::<u64>()
                            })
                        },
                        _ => leno::spawn(async move {
                            let mut sum = 0;
                            for number in range {
                                sum += device.squared(number).await;
                            }
                            sum
                        }),
                    }
                })
                .collect();
            leno::block_on(async {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                sum
            })
        }
    };
    Ok(Done::since(meter, (sum % 1_000_000) as f64))
}

/// The same by callbacks alone: each starts the next.
fn by_callbacks(calls: u64) -> (f64, u64) {
    fn next(device: Device, number: u64, calls: u64, sum: u64, end: mpsc::Sender<u64>) {
        if number == calls {
            return end.send(sum).expect("somebody waits for it");
        }
        let again = device.clone();
        device.square(number, move |square| {
            next(again, number + 1, calls, sum + square, end)
        });
    }
    let (end, result) = mpsc::channel();
    let meter = Meter::start();
    next(Device::start(), 0, calls, 0, end);
    let sum = result.recv().expect("it ends");
    (meter.stop().wall_ns / calls as f64, sum)
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "A library calls back when it is done. How does one await that, and what does the bridge cost?",
    );
    let calls = settings.pick(200_000, 4000);
    let expected =
        |numbers: &[usize]| ((0..numbers[0] as u64).map(|n| n * n).sum::<u64>() % 1_000_000) as f64;
    // Alone, each call waits for two threads to wake.
    let few = calls / settings.pick(10, 4);
    let laps_of = |settings: &Settings, finding: &mut Finding, calls: usize, parties: usize| {
        let entries = [Design::Task, Design::Fiber, Design::Thread]
            .map(|design| (design, vec![calls, parties]));
        Race::new("callback_bridge", |numbers| numbers[0] as f64, expected)
            .run(settings, finding, &entries)
    };
    let alone = laps_of(settings, &mut finding, few, 1)?;
    let many = laps_of(settings, &mut finding, calls, 100)?;
    let (direct, sum) = by_callbacks(calls as u64);
    finding.check(
        "callbacks alone give the same sum",
        (sum % 1_000_000) as f64 == expected(&[calls]),
    );
    finding.chart(race::chart(
        "Time of a call",
        &[
            ("one after the other", &alone),
            ("a hundred at once", &many),
        ],
    ));
    finding.table(race::table("One after the other", &alone));
    finding.table(race::table("A hundred at once", &many));
    let ns = |laps: &[race::Lap], design| of(laps, design).map_or(f64::NAN, |lap| lap.ns_each);
    let show = |ns| Unit::Time.show(ns);
    let (task, fiber) = (ns(&many, Design::Task), ns(&many, Design::Fiber));
    finding.answer(format!(
        "With a mailbox for one message: the callback puts the result in, and whoever called awaits it. That is four lines, and the caller is a loop again. One call after the other takes {} from a task, {} from a fiber \
         and {} from a thread; with a hundred callers at once a call takes {}, {} and {}.",
        show(ns(&alone, Design::Task)), show(ns(&alone, Design::Fiber)), show(ns(&alone, Design::Thread)),
        show(task), show(fiber), show(ns(&many, Design::Thread)),
    ));
    finding.against(format!(
        "Callbacks alone, of which each starts the next one, take {} a call: the device never has to wake anybody else. {}",
        show(direct),
        if direct < ns(&alone, Design::Task) { "What one gets for the difference is a program that can be read." } else { "That is no better than the bridge in this run." },
    ));
    for (name, laps) in [("alone", &alone), ("with a hundred", &many)] {
        let mine = ns(laps, Design::Task);
        for lap in laps.iter().filter(|lap| lap.ns_each < mine * 0.95) {
            finding.against(format!(
                "The {} is {} the task here, {name}.",
                lap.design.name(),
                compared(lap.ns_each, mine)
            ));
        }
    }
    Ok(finding)
}
