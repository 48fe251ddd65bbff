//! The benchmark of the article, repaired: producers and consumers, with what they are and what they share varied apart.
//!
//! From: the lesson that compares a thousand pairs of threads, all under one lock, with a thousand pairs of Kilim's tasks, each
//! with a mailbox of its own. What Kilim has that leno does not: its mailbox can be looked into and waited on for `n`
//! messages, and code that was compiled already can be woven to pause.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::median;
use crate::race::{Done, compared};
use crate::settings::Settings;
use crate::stackful::{Stackful, with_stacks};
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "article",
    group: Group::Mailboxes,
    title: "The article's producers and consumers, repaired",
    answers: &["C29", "C28", "C13", "C15"],
    from: &["Kilim", "Java threads"],
    run,
    child: Some(|case| answer(case, measure)),
};

/// What producers and consumers have between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Between {
    /// A counter from 0 to 10 under one lock for all, and every change wakes everybody: the article's threads.
    Lock,
    /// One box with room for 10, for all.
    Shared,
    /// A box with room for 10 for each pair: the article's tasks. Nobody waits to put something in.
    Private,
    /// A box with room for one for each pair, so that the producer waits too.
    Tight,
}

impl Between {
    fn name(self) -> &'static str {
        match self {
            Between::Lock => "one lock, wake all",
            Between::Shared => "one shared box",
            Between::Private => "private boxes",
            Between::Tight => "private boxes of 1",
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    between: Between,
    print: bool,
    pairs: usize,
}

/// As many as in the article.
const ITEMS: usize = 10;

fn measure(case: Case) -> Result<Done> {
    match (case.between, case.design) {
        (Between::Lock, _) => Ok(lock(case)),
        (_, Design::Task) => Ok(leno::block_on(leno::spawn(tasks(case)))),
        (_, design) => with_stacks!(design, stacks(case)),
    }
}

fn said(case: Case, what: &str, item: usize) {
    if case.print {
        println!("{what} {item}");
    }
}

async fn produce(case: Case, to: Sender<usize>) -> usize {
    for item in 0..ITEMS {
        to.send(item).await.expect("its consumer is there");
        said(case, "put", item);
    }
    0
}

/// Takes what one producer makes. It is told that all are gone only if it takes too little, and then the sum is wrong.
async fn consume(case: Case, from: Receiver<usize>) -> usize {
    let mut taken = 0;
    for _ in 0..ITEMS {
        if let Ok(item) = from.recv().await {
            said(case, "got", item);
            taken += 1;
        }
    }
    taken
}

async fn tasks(case: Case) -> Done {
    let meter = crate::measure::Meter::start();
    let (mut producers, mut consumers) = (Vec::new(), Vec::new());
    // The producers all start first, as in the article.
    let mut boxes = boxes(case, bounded);
    for (to, _) in &mut boxes {
        let to = to.take().expect("each has one");
        producers.push(leno::spawn(produce(case, to)));
    }
    for (_, from) in boxes {
        consumers.push(leno::spawn(consume(case, from)));
    }
    let mut taken = 0;
    for task in producers.into_iter().chain(consumers) {
        taken += task.await;
    }
    Done::since(meter, taken as f64)
}

/// Both ends of a box for each pair.
fn boxes<S: Clone, R: Clone>(case: Case, channel: impl Fn(usize) -> (S, R)) -> Vec<(Option<S>, R)> {
    match case.between {
        Between::Lock => Vec::new(),
        Between::Shared => {
            let (to, from) = channel(ITEMS);
            vec![(Some(to), from); case.pairs]
        }
        Between::Private | Between::Tight => {
            let room = if case.between == Between::Tight {
                1
            } else {
                ITEMS
            };
            (0..case.pairs)
                .map(|_| channel(room))
                .map(|(to, from)| (Some(to), from))
                .collect()
        }
    }
}

fn stacks<S: Stackful>(case: Case) -> Done {
    Done::measure(|| {
        let mut boxes = boxes(case, S::channel::<usize>);
        let mut started = Vec::new();
        for (to, _) in &mut boxes {
            let to = to.take().expect("each has one");
            started.push(S::spawn(move || {
                for item in 0..ITEMS {
                    S::send(&to, item);
                    said(case, "put", item);
                }
                0
            }));
        }
        for (_, from) in boxes {
            started.push(S::spawn(move || {
                let received = (0..ITEMS).filter_map(|_| S::receive(&from));
                received.inspect(|item| said(case, "got", *item)).count()
            }));
        }
        started.into_iter().map(S::join).sum::<usize>() as f64
    })
}

/// The article's own: one counter, one lock, and everybody is woken each time.
fn lock(case: Case) -> Done {
    use crate::stackful::Threads;
    let shared = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let step = move |shared: &(Mutex<usize>, Condvar), put: bool| {
        let (count, changed) = shared;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = |count: &mut usize| if put { *count == ITEMS } else { *count == 0 };
        let mut count = changed
            .wait_while(count, wrong)
            .unwrap_or_else(PoisonError::into_inner);
        *count = if put { *count + 1 } else { *count - 1 };
        said(case, if put { "put" } else { "got" }, *count);
        changed.notify_all();
    };
    Done::measure(|| {
        let work = |put: bool| {
            let shared = shared.clone();
            Threads::spawn(move || {
                (0..ITEMS).for_each(|_| step(&shared, put));
                if put { 0 } else { ITEMS }
            })
        };
        let mut started: Vec<_> = (0..case.pairs).map(|_| work(true)).collect();
        started.extend((0..case.pairs).map(|_| work(false)));
        let taken: usize = started.into_iter().map(Threads::join).sum();
        let left = *shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken as f64 - left as f64
    })
}

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
