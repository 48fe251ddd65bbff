//! The benchmark of the article, repaired: producers and consumers, with what they are and what they share varied apart.
//!
//! From: the lesson that compares a thousand pairs of threads, all under one lock, with a thousand pairs of Kilim's tasks, each
//! with a mailbox of its own. What Kilim has that leno does not: its mailbox can be looked into and waited on for `n`
//! messages, and code that was compiled already can be woven to pause.

pub(super) mod work;

use anyhow::Result;

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::median;
use crate::race::{Done, compared};
use crate::settings::Settings;
use crate::unit::Unit;
use work::{Between, Case, ITEMS, measure};

pub const EXPERIMENT: Experiment = Experiment {
    name: "article",
    group: Group::Mailboxes,
    title: "The article's producers and consumers, repaired",
    answers: &["C29", "C28", "C13", "C15"],
    from: &["Kilim", "Java threads"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// One line of the table: the times of one design with so many workers.
struct Line {
    design: Design,
    workers: usize,
    ns: Vec<((Between, bool), f64)>,
}

impl Line {
    fn name(&self) -> String {
        match self.design {
            Design::Thread => self.design.name().to_owned(),
            _ => format!("{}, {}", self.design.name(), workers(self.workers)),
        }
    }

    fn at(&self, between: Between, print: bool) -> Option<f64> {
        let found = self.ns.iter().find(|(key, _)| *key == (between, print));
        found.map(|(_, ns)| *ns)
    }
}

fn workers(count: usize) -> String {
    match count {
        1 => "1 worker".to_owned(),
        more => format!("{more} workers"),
    }
}

const SHAPES: [Between; 4] = [
    Between::Lock,
    Between::Shared,
    Between::Private,
    Between::Tight,
];

/// Everything of one line.
fn line(
    settings: &Settings,
    finding: &mut Finding,
    design: Design,
    workers: usize,
    pairs: usize,
) -> Result<Line> {
    let mut ns = Vec::new();
    for print in [true, false] {
        for between in SHAPES {
            if between == Between::Lock && design != Design::Thread {
                continue;
            }
            settings.step(format!("{}, {}", design.name(), between.name()));
            let case = Case {
                design,
                between,
                print,
                pairs,
            };
            let mut times = Vec::new();
            let mut right = true;
            for _ in 0..settings.pick(3, 1) {
                let child = Child::of("article").workers(workers);
                let ran = child.run_and_listen::<_, Done>(&case)?;
                let lines = if print { 2 * pairs * ITEMS } else { 0 };
                right &= ran.figures.result == (pairs * ITEMS) as f64 && ran.printed.len() == lines;
                times.push(ran.figures.wall_ns);
            }
            finding.check(
                format!(
                    "{}, {workers} workers, {}{}: all messages arrived, all have finished",
                    design.name(),
                    between.name(),
                    if print { ", printing" } else { "" }
                ),
                right,
            );
            ns.push(((between, print), median(times)));
        }
    }
    Ok(Line {
        design,
        workers,
        ns,
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "The article's threads share one lock and its tasks have a mailbox each. What is left of the difference if only one thing differs at a time?",
    );
    let pairs = settings.pick(1000, 40);
    let counts: &[usize] = settings.pick(&[1, 2, 4], &[1, 2]);
    let mut lines = vec![line(settings, &mut finding, Design::Thread, 2, pairs)?];
    for design in [Design::Fiber, Design::Task] {
        for &workers in counts {
            lines.push(line(settings, &mut finding, design, workers, pairs)?);
        }
    }
    for print in [false, true] {
        let caption = format!(
            "Time of {pairs} pairs with {ITEMS} messages each, {}",
            if print {
                "printing a line for each put and each get"
            } else {
                "quiet"
            }
        );
        let mut columns = vec![String::new()];
        columns.extend(SHAPES.iter().map(|between| between.name().to_owned()));
        let mut table = Table::new(caption.clone(), columns);
        for line in &lines {
            let cell = |between: &Between| Cell::maybe(Unit::Time, line.at(*between, print));
            table.row(line.name(), SHAPES.iter().map(cell));
        }
        let mut chart = Chart::bars(caption, Unit::Time, Scale::Log);
        for between in SHAPES {
            let bars = lines.iter().filter(|line| line.workers == 2);
            let bars = bars.filter_map(|line| {
                let ns = line.at(between, print)?;
                Some((line.design.name(), Ink::from(line.design), ns))
            });
            chart = chart.group(between.name(), bars);
        }
        finding.chart(chart);
        finding.table(table);
    }
    finding.table(quoted());
    conclude(&mut finding, &lines);
    Ok(finding)
}

/// What the article says, which is not ours.
fn quoted() -> Table {
    let mut table = Table::new(
        "For comparison: the two figures of the article (lesson 19 of the Java performance course by 刘超), on its author's machine",
        ["", "time", "between them", "who has finished"],
    );
    let quote =
        |ns, between: &str, end: &str| [Cell::time(ns), Cell::text(between), Cell::text(end)];
    table.row("threads", quote(2.761e9, "one lock for 2000", "all"));
    table.row(
        "Kilim's tasks",
        quote(
            1.05e9,
            "1000 mailboxes",
            "the producers: each consumer waits for 10,000 messages and gets 10",
        ),
    );
    table
}

fn conclude(finding: &mut Finding, lines: &[Line]) {
    let of = |design| {
        lines
            .iter()
            .find(|line| line.design == design && line.workers == 2)
    };
    let at = |design, between, print| {
        of(design)
            .and_then(|line| line.at(between, print))
            .unwrap_or(f64::NAN)
    };
    let show = |ns| Unit::Time.show(ns);
    let (lock, own) = (
        at(Design::Thread, Between::Lock, false),
        at(Design::Thread, Between::Private, false),
    );
    let (task, fiber) = (
        at(Design::Task, Between::Private, false),
        at(Design::Fiber, Between::Private, false),
    );
    let shape = lock / own;
    let who = own / task;
    let larger = if who > shape {
        "What they are matters more than what they share, so the article's conclusion stands, but not for its reason"
    } else {
        "What they share matters more than what they are, so the article has measured its lock"
    };
    finding.answer(format!(
        "Quiet and with two workers, threads under the article's lock take {}, threads with a box each {}: the shape alone is worth {}. Tasks in that same shape take {}, \
         which is {} the threads; fibers take {}. {larger}. With a line printed for each message the tasks take {} and the threads {}.",
        show(lock), show(own), Unit::Times.show(shape), show(task), compared(task, own), show(fiber),
        show(at(Design::Task, Between::Private, true)), show(at(Design::Thread, Between::Private, true)),
    ));
    finding.against(
        "The column with one shared box can't be written with Kilim: a mailbox of it has one consumer, and a second one that waits fails an assertion. So the article could not give its tasks what it \
         gave its threads. And its text says that Kilim has one worker, where the program in its repository sets four.",
    );
    finding.against(
        "The article's figures (2761 ms and 1050 ms) do not compare, with each other or with ours: one lock against a thousand boxes; boxes in which everything has room, so that no \
         producer ever pauses; consumers that never finish, which `idledown` does not notice; a look every 100 ms; and a printed line for each message.",
    );
    let printing = at(Design::Task, Between::Private, true) / task;
    finding.against(format!(
        "Printing makes the tasks' run {} as long. What is printed here goes into a pipe to this program, all through one lock on the output.",
        Unit::Times.show(printing),
    ));
    if fiber < task * 0.95 {
        finding.against(format!(
            "Fibers with stacks of their own are {} the tasks here.",
            compared(fiber, task)
        ));
    }
    let shared = [Design::Task, Design::Thread].map(|design| at(design, Between::Shared, false));
    finding.against(format!(
        "The threads' time is that of starting and ending two for each pair: a program that starts its threads once does not pay it. With one shared box tasks take {} and threads {}.",
        show(shared[0]), show(shared[1]),
    ));
}
