//! The same work by several designs: each in processes of its own, a few times, the median taken.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::child::Child;
use crate::design::Design;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::foreign;
use crate::measure::{Meter, Spent, median};
use crate::settings::Settings;
use crate::unit::Unit;

/// What a child is asked to do: the numbers mean what the experiment says they do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    pub design: Design,
    pub numbers: Vec<usize>,
}

/// What a child did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    pub spent: Option<Spent>,
    pub wall_ns: f64,
    /// By which it is seen that the work was done.
    pub result: f64,
}

impl Done {
    /// Measures a piece of work.
    pub fn measure(work: impl FnOnce() -> f64) -> Done {
        let meter = Meter::start();
        let result = work();
        Done::since(meter, result)
    }

    /// What was measured up to now.
    pub fn since(meter: Meter, result: f64) -> Done {
        let spent = meter.stop();
        Done {
            wall_ns: spent.wall_ns,
            spent: Some(spent),
            result,
        }
    }
}

/// A race: one kind of work, and who takes part.
pub struct Race {
    /// The experiment, which is also what programs in other languages know the work by.
    pub name: &'static str,
    pub workers: usize,
    pub cpu: Option<usize>,
    /// How many operations the numbers ask for.
    pub operations: fn(&[usize]) -> f64,
    /// What must come out.
    pub expected: fn(&[usize]) -> f64,
}

/// How one design fared.
#[derive(Debug)]
pub struct Lap {
    pub design: Design,
    pub ns_each: f64,
    /// Not known of programs in other languages.
    pub spent: Option<Spent>,
    pub operations: f64,
}

impl Race {
    pub fn new(
        name: &'static str,
        operations: fn(&[usize]) -> f64,
        expected: fn(&[usize]) -> f64,
    ) -> Race {
        Race {
            name,
            workers: 2,
            cpu: None,
            operations,
            expected,
        }
    }

    /// With another number of workers.
    pub fn with_workers(self, workers: usize) -> Race {
        Race { workers, ..self }
    }

    /// Runs it for each design with its numbers. Checks the results; who is not here is noted.
    pub fn run(
        &self,
        settings: &Settings,
        finding: &mut Finding,
        entries: &[(Design, Vec<usize>)],
    ) -> Result<Vec<Lap>> {
        let mut laps = Vec::new();
        for (design, numbers) in entries {
            let what = format!("{}, {} workers", design.name(), self.workers);
            settings.step(what.clone());
            let mut times = Vec::new();
            let mut spent = None;
            let mut right = true;
            for _ in 0..settings.pick(3, 1) {
                let done = match design {
                    Design::Go | Design::Java => match self.foreign(*design, numbers, settings) {
                        Ok(done) => done,
                        Err(error) => {
                            finding.skip_once(format!("{}: {error:#}", design.name()));
                            break;
                        }
                    },
                    _ => self.child().run(&Case {
                        design: *design,
                        numbers: numbers.clone(),
                    })?,
                };
                right &= done.result == (self.expected)(numbers);
                times.push(done.wall_ns);
                spent = done.spent;
            }
            if times.is_empty() {
                continue;
            }
            finding.check(
                format!(
                    "{what}: {} came out",
                    Unit::Count.show((self.expected)(numbers))
                ),
                right,
            );
            let operations = (self.operations)(numbers);
            laps.push(Lap {
                design: *design,
                ns_each: median(times) / operations,
                spent,
                operations,
            });
        }
        Ok(laps)
    }

    fn child(&self) -> Child {
        let child = Child::of(self.name).workers(self.workers);
        match self.cpu {
            Some(cpu) => child.on_cpu(cpu),
            None => child,
        }
    }

    fn foreign(&self, design: Design, numbers: &[usize], settings: &Settings) -> Result<Done> {
        let figures = foreign::run(design, settings, self.name, numbers, self.workers)?;
        Ok(Done {
            spent: None,
            wall_ns: figures["wall_ns"],
            result: figures["result"],
        })
    }
}

/// The lap of a design.
pub fn of(laps: &[Lap], design: Design) -> Option<&Lap> {
    laps.iter().find(|lap| lap.design == design)
}

/// Time, processor and context switches of an operation for each design.
pub fn table(caption: impl Into<String>, laps: &[Lap]) -> Table {
    let mut table = Table::new(
        caption,
        [
            "",
            "operations",
            "time each",
            "CPU each",
            "switches by the kernel, each",
        ],
    );
    for lap in laps {
        let cpu = lap.spent.map(|spent| spent.cpu_ns / lap.operations);
        let switches = lap
            .spent
            .map(|spent| (spent.voluntary + spent.involuntary) as f64 / lap.operations);
        table.row(
            lap.design.name(),
            [
                Cell::count(lap.operations),
                Cell::time(lap.ns_each),
                Cell::maybe(Unit::Time, cpu),
                Cell::maybe(
                    Unit::Count,
                    switches.map(|switches| (switches * 1e4).round() / 1e4),
                ),
            ],
        );
    }
    table
}

/// A group of bars for each of some races.
pub fn chart(caption: impl Into<String>, races: &[(&str, &[Lap])]) -> Chart {
    let mut chart = Chart::bars(caption, Unit::Time, Scale::Log);
    for (name, laps) in races {
        chart = chart.group(
            *name,
            laps.iter()
                .map(|lap| (lap.design.name(), Ink::from(lap.design), lap.ns_each)),
        );
    }
    chart
}

/// Ring, chain and the like: the work with two workers and with one, and what came of it.
pub struct Pair {
    pub two: Vec<Lap>,
    pub one: Vec<Lap>,
}

impl Pair {
    /// Runs both races, and shows them.
    pub fn run(
        race: Race,
        settings: &Settings,
        finding: &mut Finding,
        entries: &[(Design, Vec<usize>)],
        each: &str,
    ) -> Result<Pair> {
        let two = race.run(settings, finding, entries)?;
        // Threads have no number of workers.
        let entries: Vec<_> = entries
            .iter()
            .filter(|(design, _)| *design != Design::Thread)
            .cloned()
            .collect();
        let one = race.with_workers(1).run(settings, finding, &entries)?;
        finding.chart(chart(
            format!("Time of {each}"),
            &[("2 workers", two.as_slice()), ("1 worker", one.as_slice())],
        ));
        finding.table(table("With 2 workers", &two));
        finding.table(table("With 1 worker", &one));
        Ok(Pair { two, one })
    }

    /// A sentence about those on leno, and one about all.
    pub fn summary(&self, each: &str) -> String {
        let ns = |laps: &[Lap], design| of(laps, design).map_or(f64::NAN, |lap| lap.ns_each);
        let (task, fiber) = (ns(&self.two, Design::Task), ns(&self.two, Design::Fiber));
        let (task_one, fiber_one) = (ns(&self.one, Design::Task), ns(&self.one, Design::Fiber));
        let show = |ns| Unit::Time.show(ns);
        let fastest = self.laps().min_by(|a, b| a.ns_each.total_cmp(&b.ns_each));
        let fastest = fastest.map_or(String::new(), |lap| {
            format!(
                " The fastest of all is {}, with {} {each}.",
                lap.design.name(),
                show(lap.ns_each)
            )
        });
        format!(
            "On the same runtime with two workers a task takes {} {each} and a fiber {}; with one worker {} and {}: the task is {} the fiber there.{fastest}",
            show(task),
            show(fiber),
            show(task_one),
            show(fiber_one),
            compared(task_one, fiber_one),
        )
    }

    /// All of both races.
    pub fn laps(&self) -> impl Iterator<Item = &Lap> {
        self.two.iter().chain(&self.one)
    }

    /// A sentence about how much each design did, if not all did the same.
    pub fn amounts(&self, what: &str) -> String {
        let same = |pair: &[Lap]| pair[0].operations == pair[1].operations;
        if self.two.windows(2).all(same) {
            return String::new();
        }
        let each = self.two.iter().map(|lap| {
            let amount = Unit::Count.show(lap.operations);
            format!("{} {amount}", lap.design.name())
        });
        format!("{what}: {}.", each.collect::<Vec<_>>().join(", "))
    }

    /// Who was faster than the task, with how many workers.
    pub fn faster_than_tasks(&self) -> Vec<String> {
        [(&self.two, 2), (&self.one, 1)]
            .into_iter()
            .flat_map(|(laps, workers)| {
                let task = of(laps, Design::Task).map_or(0.0, |lap| lap.ns_each);
                let faster = laps.iter().filter(move |lap| lap.ns_each < task * 0.95);
                faster.map(move |lap| {
                    let plural = if workers == 1 { "worker" } else { "workers" };
                    format!(
                        "{} with {workers} {plural} needs {} where the task needs {}",
                        lap.design.name(),
                        Unit::Time.show(lap.ns_each),
                        Unit::Time.show(task)
                    )
                })
            })
            .collect()
    }
}

/// One design against another in words: `2.3 × as fast as`, `1.4 × as slow as`.
pub fn compared(mine: f64, other: f64) -> String {
    match other / mine {
        ratio if ratio >= 1.05 => format!("{} as fast as", Unit::Times.show(ratio)),
        ratio if ratio <= 0.95 => format!("{} as slow as", Unit::Times.show(1.0 / ratio)),
        _ => "as fast as".to_owned(),
    }
}
