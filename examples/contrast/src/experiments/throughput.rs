//! Work that sleeps, work that talks, work that computes: what more workers and more coroutines do for each.
//!
//! From: Little's law, the article's claim that coroutines are for work that waits, Kilim and Loom. What Loom has that leno does
//! not: the same throughput with old code, whose calls block and which nobody had to write anew. None of them computes faster.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;

use crate::child::{Child, answer};
use crate::design::Design;
use crate::echo::{self, Server, Talk};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::race::{Case, Done};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "throughput",
    group: Group::Reading,
    title: "What gets faster, and what does not",
    answers: &["C10", "C11", "C15"],
    from: &["Kilim", "Loom"],
    run,
    child: Some(|case| answer(case, work)),
};

/// A good millisecond of a core.
const HASHES: u64 = 1_000_000;

/// Something that can't be left out.
fn hash(seed: u64) -> u64 {
    (0..HASHES).fold(seed, |state, round| {
        black_box(state.rotate_left(5) ^ round).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// Numbers: jobs; milliseconds that each sleeps, or 0 if it computes; how many threads there are, if they are shared.
pub fn work(case: Case) -> Result<Done> {
    let (jobs, milliseconds) = (case.numbers[0], case.numbers[1]);
    match case.design {
        Design::Task => Ok(leno::block_on(leno::spawn(async move {
            let meter = crate::measure::Meter::start();
            let tasks: Vec<_> = (0..jobs)
                .map(|job| {
                    leno::spawn(async move {
                        if milliseconds > 0 {
                            leno::Timer::after(Duration::from_millis(milliseconds as u64)).await;
                        } else {
                            black_box(hash(job as u64));
                        }
                    })
                })
                .collect();
            let mut finished = 0;
            for task in tasks {
                task.await;
                finished += 1;
            }
            Done::since(meter, f64::from(finished))
        }))),
        design => with_stacks!(design, stacks(jobs, milliseconds)),
    }
}

fn stacks<S: Stackful>(jobs: usize, milliseconds: usize) -> Done {
    Done::measure(|| {
        let started: Vec<_> = (0..jobs)
            .map(|job| {
                S::spawn(move || {
                    if milliseconds > 0 {
                        S::sleep(Duration::from_millis(milliseconds as u64));
                    } else {
                        black_box(hash(job as u64));
                    }
                })
            })
            .collect();
        started.into_iter().map(S::join).count() as f64
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Where do coroutines help throughput: with everything, or only where there is something to wait for?",
    );
    let designs = [
        (Design::Task, Server::Task),
        (Design::Fiber, Server::Fiber),
        (Design::Thread, Server::Thread),
    ];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if cores >= 2 { vec![1, 2] } else { vec![1] };
    let sleeping = vec![settings.pick(2000, 200), settings.pick(100, 50)];
    let computing = vec![settings.pick(1000, 100), 0];
    let talking = Talk {
        connections: 100,
        bytes: 64,
        rounds: settings.pick(600, 40),
        workers: 1,
        one_core: false,
    };

    let mut table = Table::new(
        "Jobs a second",
        ["", "workers", "sleeps", "talks", "computes"],
    );
    let mut rates: Vec<(Design, usize, [f64; 3])> = Vec::new();
    for (design, server) in designs {
        for &workers in &workers {
            // Threads have no number of workers: they may run on as many cores as there are workers otherwise.
            let one_core = design == Design::Thread && workers == 1;
            settings.step(format!("{}, {workers} workers", design.name()));
            let run = |numbers: &[usize]| -> Result<Done> {
                let child = Child::of("throughput").workers(workers);
                let child = if one_core { child.on_cpu(0) } else { child };
                child.run(&Case {
                    design,
                    numbers: numbers.to_vec(),
                })
            };
            let (slept, computed) = (run(&sleeping)?, run(&computing)?);
            let talked = echo::talk(
                server,
                &Talk {
                    workers,
                    one_core,
                    ..talking
                },
            )?;
            let name = format!("{}, {workers}", design.name());
            finding.check(
                format!("{name}: all jobs finished"),
                slept.result == sleeping[0] as f64 && computed.result == computing[0] as f64,
            );
            finding.check(format!("{name}: every reply was the message"), talked.right);
            let rate = |done: &Done| done.result / done.wall_ns * 1e9;
            let three = [rate(&slept), talked.rate(), rate(&computed)];
            let cells = three.map(|rate| Cell::of(Unit::Rate, rate));
            table.row(
                design.name(),
                std::iter::once(Cell::count(workers as f64)).chain(cells),
            );
            rates.push((design, workers, three));
        }
    }
    for (index, what) in [
        format!("{} jobs that sleep {} ms", sleeping[0], sleeping[1]),
        "100 connections that talk".to_owned(),
        "jobs that compute for a millisecond or so".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let mut chart = Chart::bars(what, Unit::Rate, Scale::Linear);
        for &workers in &workers {
            let plural = if workers == 1 {
                "1 worker"
            } else {
                "2 workers"
            };
            let bars = rates
                .iter()
                .filter(|rate| rate.1 == workers)
                .map(|(design, _, three)| (design.name(), Ink::from(*design), three[index]));
            chart = chart.group(plural, bars);
        }
        finding.chart(chart);
    }
    finding.table(table);

    let of = |design, workers| {
        rates
            .iter()
            .find(|rate| rate.0 == design && rate.1 == workers)
            .map_or([f64::NAN; 3], |rate| rate.2)
    };
    let most = *workers.last().unwrap_or(&1);
    let (one, more, thread) = (
        of(Design::Task, 1),
        of(Design::Task, most),
        of(Design::Thread, most),
    );
    let times = |ratio| Unit::Times.show(ratio);
    // Little's law: how many are under way is how many come a second, times how long each takes.
    let under_way = one[0] * sleeping[1] as f64 / 1e3;
    finding.answer(format!(
        "Only with waiting. On one worker {} that sleep are finished a second, so by Little's law {} were under way at once, where one thread could have one. Computing \
         takes what it takes: with {most} workers {} a second as tasks and {} as threads; from one worker to {most} it grows {}, sleeping {}, and talking {}.",
        Unit::Count.show(one[0]), Unit::Count.show(under_way), Unit::Count.show(more[2]), Unit::Count.show(thread[2]), times(more[2] / one[2]), times(more[0] / one[0]), times(more[1] / one[1]),
    ));
    finding.against(
        "A task that computes for a long time makes the others on its worker wait; threads are interrupted by the kernel. For work that computes there is no reason to prefer tasks.",
    );
    if thread[1] > more[1] {
        finding.against(format!(
            "Threads answer {} a second over 100 connections, tasks {}.",
            Unit::Count.show(thread[1]),
            Unit::Count.show(more[1])
        ));
    }
    if most == 1 {
        finding.skip("2 workers: there is only one core");
    }
    Ok(finding)
}
