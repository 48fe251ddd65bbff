//! Stages behind one another, with a bound on how much is on its way.
//!
//! From: Quasar's channel transforms and reactive streams, Go's pipelines, Kotlin's flows. What Quasar has that leno does not: demand that goes
//! backwards as a number (`request(n)`); here a full box is all that a stage is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded, unbounded};
use leno::future::yield_now;
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Scale, Table};
use crate::measure::{Meter, median};
use crate::race::compared;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "pipeline",
    group: Group::Patterns,
    title: "How much is on its way",
    answers: &["C9", "C10", "C20"],
    from: &["Quasar", "Go", "Kotlin"],
    run,
    child: Some(|case| answer(case, flow)),
};

/// Between the source and the sink.
const STAGES: usize = 4;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    design: Design,
    /// None: without a bound.
    room: Option<usize>,
    items: usize,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Flowed {
    received: usize,
    in_order: bool,
    ns_each: f64,
    /// How many had left the source and not reached the sink, at most.
    most: usize,
}

fn boxed(room: Option<usize>) -> (Sender<usize>, Receiver<usize>) {
    match room {
        Some(room) => bounded(room),
        None => unbounded(),
    }
}

/// Counts what is on its way. Relaxed: each number stands for itself.
#[derive(Default)]
struct OnTheWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

async fn source(items: usize, way: Arc<OnTheWay>, to: Sender<usize>) {
    for item in 0..items {
        let now = way.now.fetch_add(1, Ordering::Relaxed) + 1;
        way.most.fetch_max(now, Ordering::Relaxed);
        if to.send(item).await.is_err() {
            return;
        }
    }
}

/// A stage adds one.
async fn stage(from: Receiver<usize>, to: Sender<usize>) {
    while let Ok(item) = from.recv().await {
        if to.send(item + 1).await.is_err() {
            return;
        }
    }
}

fn start(design: Design, future: impl Future<Output = ()> + Send + 'static) -> Started {
    match design {
        // SAFETY: a future that is `Send` is on its stack.
        Design::Fiber => Started::Task(unsafe { fiber::spawn(move || fiber::wait(future)) }),
        Design::Thread => Started::Thread(std::thread::spawn(|| leno::block_on(future))),
        _ => Started::Task(leno::spawn(future)),
    }
}

enum Started {
    Task(leno::Task<()>),
    Thread(std::thread::JoinHandle<()>),
}

fn flow(case: Case) -> Result<Flowed> {
    let way = Arc::new(OnTheWay::default());
    let meter = Meter::start();
    let (to, mut from) = boxed(case.room);
    let mut started = vec![start(case.design, source(case.items, way.clone(), to))];
    for _ in 0..STAGES {
        let (to, next) = boxed(case.room);
        started.push(start(
            case.design,
            stage(std::mem::replace(&mut from, next), to),
        ));
    }
    let counted = way.clone();
    let (told, result) = bounded(1);
    // The slowest of them: it lets others run after each item.
    started.push(start(case.design, async move {
        let (mut received, mut in_order) = (0, true);
        while let Ok(item) = from.recv().await {
            in_order &= item == received + STAGES;
            received += 1;
            counted.now.fetch_sub(1, Ordering::Relaxed);
            yield_now().await;
        }
        told.try_send((received, in_order))
            .expect("it is told once");
    }));
    for started in started {
        match started {
            Started::Task(task) => leno::block_on(task),
            Started::Thread(thread) => thread.join().expect("a stage does not panic"),
        }
    }
    let (received, in_order) = result.try_recv()?;
    Ok(Flowed {
        received,
        in_order,
        ns_each: meter.stop().wall_ns / case.items as f64,
        most: way.most.load(Ordering::Relaxed),
    })
}

/// A few times: the median of the times, and the worst of all else.
fn often(case: &Case, times: usize) -> Result<Flowed> {
    let mut all = Vec::new();
    for _ in 0..times {
        all.push(Child::of("pipeline").run::<_, Flowed>(case)?);
    }
    Ok(Flowed {
        received: all.iter().map(|flowed| flowed.received).min().unwrap_or(0),
        in_order: all.iter().all(|flowed| flowed.in_order),
        ns_each: median(all.iter().map(|flowed| flowed.ns_each).collect()),
        most: all.iter().map(|flowed| flowed.most).max().unwrap_or(0),
    })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding =
        Finding::new("A fast source, a slow sink: where do the items pile up, and what bounds it?");
    let items = settings.pick(200_000, 5000);
    let rooms = [Some(1), Some(10), Some(100), None];
    let designs = [Design::Task, Design::Fiber, Design::Thread];
    let mut most = Table::new(
        format!(
            "Most items on their way through {STAGES} stages, of {}",
            Unit::Count.show(items as f64)
        ),
        [
            "room of each box",
            "the bound",
            "leno task",
            "leno fiber",
            "thread",
        ],
    );
    let mut times = Table::new(
        "Time of an item",
        ["room of each box", "leno task", "leno fiber", "thread"],
    );
    let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new(); designs.len()];
    let mut all = Vec::new();
    for room in rooms {
        let name = room.map_or_else(|| "no bound".to_owned(), |room| room.to_string());
        // In each box so many, one in the hands of each stage, of the sink, and of the source.
        let bound = room.map(|room| (STAGES + 1) * room + STAGES + 2);
        let mut flows = Vec::new();
        for (index, design) in designs.into_iter().enumerate() {
            settings.step(format!("{}, {name}", design.name()));
            let case = Case {
                design,
                room,
                items,
            };
            let flowed = often(&case, settings.pick(3, 1))?;
            finding.check(
                format!("{}, {name}: all came, in order, and no more were on their way than there is room for", design.name()),
                flowed.received == items && flowed.in_order && bound.is_none_or(|bound| flowed.most <= bound),
            );
            if let Some(room) = room {
                lines[index].push((room as f64, flowed.ns_each));
            }
            flows.push(flowed);
        }
        let mut cells = vec![Cell::maybe(Unit::Count, bound.map(|bound| bound as f64))];
        cells.extend(flows.iter().map(|flowed| Cell::count(flowed.most as f64)));
        most.row(name.clone(), cells);
        times.row(name, flows.iter().map(|flowed| Cell::time(flowed.ns_each)));
        all.push(flows);
    }
    let mut chart = Chart::lines(
        "Time of an item",
        ("room of each box", Unit::Count, Scale::Log),
        (Unit::Time, Scale::Log),
    );
    for (design, points) in designs.into_iter().zip(lines) {
        chart = chart.line(design.name(), design, points);
    }
    finding.chart(chart);
    finding.table(most);
    finding.table(times);
    let count = |number: usize| Unit::Count.show(number as f64);
    let show = |room: usize, design: usize| Unit::Time.show(all[room][design].ns_each);
    let faster = [0, 1, 2].map(|design| all[2][design].ns_each < all[0][design].ns_each * 0.95);
    finding.answer(format!(
        "In the boxes, and their room bounds it: with room for 10 each, never more than {} items were on their way, without a bound {}. {}: an item takes {} with room for one and {} with room for 100 as tasks, \
         {} and {} on fibers, {} and {} on threads.",
        count(all[1][0].most), count(all[3][0].most), gain(&faster), show(0, 0), show(2, 0), show(0, 1), show(2, 1), show(0, 2), show(2, 2),
    ));
    for (index, room) in rooms.iter().enumerate() {
        let name = room.map_or_else(
            || "without a bound".to_owned(),
            |room| format!("with room for {room}"),
        );
        for (flowed, design) in all[index].iter().zip(designs).skip(1) {
            let mine = all[index][0].ns_each;
            if flowed.ns_each < mine * 0.95 {
                finding.against(format!(
                    "A {} is {} the task {name}.",
                    design.name(),
                    compared(flowed.ns_each, mine)
                ));
            }
        }
    }
    finding.against("The stages do nothing. In a pipeline that works, the slowest stage is what counts, and what moves the items hardly matters.");
    Ok(finding)
}

/// Whom more room makes faster: tasks, fibers, threads.
fn gain(faster: &[bool; 3]) -> String {
    let named = |wanted: bool| {
        let names = ["tasks", "fibers", "threads"].into_iter().zip(faster);
        let names = names.filter(|(_, faster)| **faster == wanted);
        names
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" and ")
    };
    match faster.iter().filter(|faster| **faster).count() {
        3 => "Room is also speed".to_owned(),
        0 => "Room makes nobody faster".to_owned(),
        _ => format!(
            "Room makes {} faster, and {} not",
            named(true),
            named(false)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::gain;

    #[test]
    fn room_is_said_to_be_speed_only_where_it_is() {
        assert_eq!(gain(&[true; 3]), "Room is also speed");
        assert_eq!(gain(&[false; 3]), "Room makes nobody faster");
        assert_eq!(
            gain(&[false, true, true]),
            "Room makes fibers and threads faster, and tasks not"
        );
    }
}
