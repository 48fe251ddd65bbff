//! Many sleep for a second at the same time, beside a pool of 200 threads.
//!
//! From: JEP 444, which shows virtual threads by it, and Kotlin's documentation, which does it with a hundred thousand. What
//! Loom has that leno does not: `Thread.sleep` in code that was written for threads does the same as here.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::foreign;
use crate::measure::Meter;
use crate::race::{Case, Done};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "sleepers",
    group: Group::Models,
    title: "A million sleep for a second",
    answers: &["C1", "C11", "C15", "C24", "C28"],
    from: &["Loom", "Kotlin", "Go"],
    run,
    child: Some(|case| answer(case, sleep)),
};

/// Numbers: how many; for how many milliseconds.
pub fn sleep(case: Case) -> Result<Done> {
    let (count, duration) = (
        case.numbers[0],
        Duration::from_millis(case.numbers[1] as u64),
    );
    fiber::set_stack_size(16 * 1024);
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(async move {
            let meter = Meter::start();
            let tasks: Vec<_> = (0..count)
                .map(|_| leno::spawn(async move { leno::Timer::after(duration).await }))
                .collect();
            let mut woken = 0;
            for task in tasks {
                task.await;
                woken += 1;
            }
            Done::since(meter, f64::from(woken))
        }))),
        design => with_stacks!(design, stacks(count, duration)),
    }
}

fn stacks<S: Stackful>(count: usize, duration: Duration) -> Done {
    Done::measure(|| {
        let started: Vec<_> = (0..count)
            .map(|_| S::spawn(move || S::sleep(duration)))
            .collect();
        started.into_iter().map(S::join).count() as f64
    })
}

/// Jobs that sleep, one after the other on each of some threads: seconds for a job, by those that were done.
fn pool(threads: usize, jobs: usize, duration: Duration) -> Done {
    let (sender, queue) = mpsc::channel::<()>();
    let queue = Arc::new(Mutex::new(queue));
    Done::measure(|| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let queue = queue.clone();
                std::thread::spawn(move || {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let mut slept = 0;
                    while next().is_ok() {
                        std::thread::sleep(duration);
                        slept += 1;
                    }
                    slept
                })
            })
            .collect();
        (0..jobs).for_each(|_| sender.send(()).expect("the pool is there"));
        drop(sender);
        f64::from(
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or(0))
                .sum::<u32>(),
        )
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "If what they do is wait, how many can wait at the same time? A pool of 200 threads lets 200 of them.",
    );
    let milliseconds = settings.pick(1000, 200);
    let sizes: &[usize] = settings.pick(&[10_000, 100_000, 1_000_000], &[1000, 5000]);
    // As many as there can be without special permission, and without waiting for minutes.
    let most = |design| match design {
        Design::Thread | Design::May => 10_000,
        Design::Java | Design::Go | Design::Fiber | Design::Task => usize::MAX,
    };
    let designs = [
        Design::Task,
        Design::Fiber,
        Design::May,
        Design::Thread,
        Design::Go,
        Design::Java,
    ];
    let mut columns = vec![String::new()];
    columns.extend(sizes.iter().map(|size| Unit::Count.show(*size as f64)));
    columns.extend(["CPU of one, of the most".to_owned()]);
    let mut table = Table::new(
        format!("Time until all have slept for {milliseconds} ms"),
        columns,
    );
    let mut lines = Vec::new();
    for design in designs {
        let mut cells = Vec::new();
        let mut points = Vec::new();
        let mut cpu_each = None;
        for &size in sizes {
            if size > most(design) {
                cells.push(Cell::none());
                continue;
            }
            settings.step(format!("{}, {size}", design.name()));
            let numbers = vec![size, milliseconds];
            let done = match design {
                Design::Go | Design::Java => {
                    match foreign::run(design, settings, "sleepers", &numbers, 2) {
                        Ok(figures) => Done {
                            spent: None,
                            wall_ns: figures["wall_ns"],
                            result: figures["result"],
                        },
                        Err(error) => {
                            finding.skip_once(format!("{}: {error:#}", design.name()));
                            cells.push(Cell::none());
                            continue;
                        }
                    }
                }
                _ => Child::of("sleepers").run(&Case { design, numbers })?,
            };
            finding.check(
                format!(
                    "{}: {} woke up, and not early",
                    design.name(),
                    Unit::Count.show(size as f64)
                ),
                done.result == size as f64 && done.wall_ns >= milliseconds as f64 * 1e6,
            );
            cpu_each = done.spent.map(|spent| spent.cpu_ns / size as f64);
            cells.push(Cell::time(done.wall_ns));
            points.push((size as f64, done.wall_ns));
        }
        cells.push(Cell::maybe(Unit::Time, cpu_each));
        table.row(design.name(), cells);
        if !points.is_empty() {
            lines.push((design.name(), Ink::from(design), points));
        }
    }
    settings.step("a pool of 200");
    let jobs = settings.pick(1000, 400);
    let done = pool(200, jobs, Duration::from_millis(milliseconds as u64));
    finding.check("the pool: all woke up", done.result == jobs as f64);
    let pool_each = done.wall_ns / jobs as f64;
    let computed = sizes
        .iter()
        .map(|size| (*size as f64, pool_each * *size as f64))
        .collect::<Vec<_>>();
    let mut cells: Vec<_> = computed.iter().map(|(_, ns)| Cell::time(*ns)).collect();
    cells.push(Cell::none());
    table.row(format!("pool of 200, computed from {jobs}"), cells);
    lines.push(("pool of 200, computed", Ink::Faint, computed));

    let mut chart = Chart::lines(
        format!("Time until all have slept for {milliseconds} ms"),
        ("sleepers", Unit::Count, Scale::Log),
        (Unit::Time, Scale::Log),
    );
    for (name, ink, points) in &lines {
        chart = chart.line(*name, *ink, points.clone());
    }
    finding.chart(chart);
    finding.table(table);

    let largest = *sizes.last().unwrap_or(&0);
    let at = |name: Design, size: usize| {
        let line = lines.iter().find(|line| line.0 == name.name());
        line.and_then(|line| line.2.iter().find(|point| point.0 == size as f64))
            .map_or(f64::NAN, |point| point.1)
    };
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "{} tasks that sleep for {} were done after {}, as many fibers after {}; {} threads, one each, after {}. A pool of 200 threads \
         would need {} for {} waits.",
        Unit::Count.show(largest as f64), show(milliseconds as f64 * 1e6), show(at(Design::Task, largest)), show(at(Design::Fiber, largest)),
        Unit::Count.show(sizes[0] as f64), show(at(Design::Thread, sizes[0])), show(pool_each * largest as f64), Unit::Count.show(largest as f64),
    ));
    finding.against(format!(
        "{} threads can sleep at once, too, and it takes {}. Nobody who has so few waits needs anything else. A sleep is also the cheapest thing to \
         wait for: no socket, no buffer, no data.",
        Unit::Count.show(sizes[0] as f64), show(at(Design::Thread, sizes[0])),
    ));
    for design in [Design::Go, Design::Java, Design::Fiber] {
        let (mine, other) = (at(Design::Task, largest), at(design, largest));
        if other < mine * 0.95 {
            finding.against(format!(
                "{} was done with {} of them after {}.",
                design.name(),
                Unit::Count.show(largest as f64),
                show(other)
            ));
        }
    }
    Ok(finding)
}
