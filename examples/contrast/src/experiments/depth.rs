//! What it costs to go on when the one that waits has been called by one that was called by one, and so on.
//!
//! From: Kilim's bench `Rec`/`Unwind`, and its paper, which measured pauses at depth 1, 5 and 10. Go, Loom and all that have
//! stacks have what leno has not: a price that does not depend on the depth.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use anyhow::Result;

use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber::{self, Fiber};
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure::median;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "depth",
    group: Group::Switching,
    title: "To go on, deep inside",
    answers: &["C10", "C26"],
    from: &["Kilim", "Go", "Loom"],
    run,
    child: None,
};

/// Not ready for so many times.
struct Pauses {
    left: u64,
}

impl Future for Pauses {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if self.left == 0 {
            return Poll::Ready(0);
        }
        // Otherwise the compiler counts down without polling.
        self.left = black_box(self.left - 1);
        Poll::Pending
    }
}

/// An `async fn` for each name, which awaits the one before it. They are different functions, as in a program, so that the
/// compiler can put as much of them into each other as it likes.
macro_rules! levels {
    ($inner:ident;) => {};
    ($inner:ident; $outer:ident $($more:ident)*) => {
        async fn $outer(pauses: u64) -> u64 {
            $inner(pauses).await + 1
        }
        levels!($outer; $($more)*);
    };
}

async fn leaf(pauses: u64) -> u64 {
    Pauses { left: pauses }.await
}

levels! { leaf;
    l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11 l12 l13 l14 l15 l16 l17 l18 l19 l20 l21 l22 l23 l24 l25 l26 l27 l28 l29 l30
    l31 l32 l33 l34 l35 l36 l37 l38 l39 l40 l41 l42 l43 l44 l45 l46 l47 l48 l49 l50 l51 l52 l53 l54 l55 l56 l57 l58
    l59 l60 l61 l62 l63 l64 l65 l66 l67 l68 l69 l70 l71 l72 l73 l74 l75 l76 l77 l78 l79 l80 l81 l82 l83 l84 l85 l86
    l87 l88 l89 l90 l91 l92 l93 l94 l95 l96 l97 l98 l99 l100
}

/// The same by recursion: each level is on the heap, and is called through a table.
fn boxed(depth: usize, pauses: u64) -> Pin<Box<dyn Future<Output = u64>>> {
    Box::pin(async move {
        match depth {
            0 => leaf(pauses).await,
            _ => boxed(depth - 1, pauses).await + 1,
        }
    })
}

/// The same on a stack. Not inlined, so that each level is a frame.
#[inline(never)]
fn stacked(depth: usize, pauses: u64) -> u64 {
    if depth > 0 {
        return black_box(stacked(depth - 1, pauses)) + 1;
    }
    for _ in 0..pauses {
        let mut once = Pauses { left: 1 };
        fiber::wait(Pin::new(&mut once));
    }
    0
}

/// Drives it by hand: nanoseconds of a poll, and what it gave.
fn resumed(future: impl Future<Output = u64>, pauses: u64) -> (f64, u64) {
    // Called through a table, as executors call the futures of their tasks.
    let future = pin!(future);
    let mut future: Pin<&mut dyn Future<Output = u64>> = black_box(future);
    let mut context = Context::from_waker(Waker::noop());
    // The first poll goes down to the leaf for the first time: that is not going on.
    let _ = black_box(future.as_mut().poll(&mut context));
    let start = Instant::now();
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return (start.elapsed().as_nanos() as f64 / pauses as f64, result);
        }
    }
}

/// The median of three.
fn thrice(depth: usize, finding: &mut Finding, what: &str, run: impl Fn() -> (f64, u64)) -> f64 {
    let runs: Vec<_> = (0..3).map(|_| run()).collect();
    finding.check(
        format!("{what} of depth {depth}: all levels returned"),
        runs.iter().all(|(_, result)| *result == depth as u64),
    );
    median(runs.into_iter().map(|(ns, _)| ns).collect())
}

/// Depth, and a future that waits so deep, without the heap.
macro_rules! inlined {
    ($finding:ident, $pauses:ident: $($depth:literal $level:ident),*) => {
        vec![$(($depth as usize, size_of_val(&$level(0)), thrice($depth, &mut $finding, "inlined", || resumed($level($pauses), $pauses)))),*]
    };
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "If a coroutine waits deep inside of calls, what does it cost to go on? Must the whole depth be walked again?",
    );
    let pauses: u64 = settings.pick(1_000_000, 20_000);
    settings.step("inlined");
    let inlined = inlined!(finding, pauses: 1 l1, 2 l2, 5 l5, 10 l10, 20 l20, 50 l50, 100 l100);
    let mut rows = Vec::new();
    for (depth, size, inlined) in inlined {
        settings.step(format!("depth {depth}"));
        let boxed = thrice(depth, &mut finding, "boxed", || {
            resumed(boxed(depth, pauses), pauses)
        });
        let on_stack = thrice(depth, &mut finding, "a fiber", || {
            // SAFETY: numbers are on its stack, a hundred small frames of it, and it stays on this thread.
            resumed(
                unsafe { Fiber::new(move || stacked(depth, pauses)) },
                pauses,
            )
        });
        rows.push((depth, size, inlined, boxed, on_stack));
    }
    let of = |figure: fn(&(usize, usize, f64, f64, f64)) -> f64| {
        rows.iter()
            .map(|row| (row.0 as f64, figure(row)))
            .collect::<Vec<_>>()
    };
    finding.chart(
        Chart::lines(
            "Time to go on, by how many calls deep it waits",
            ("calls deep", Unit::Count, Scale::Log),
            (Unit::Time, Scale::Log),
        )
        .line("async fn in async fn", Design::Task, of(|row| row.2))
        .line("async fn, each on the heap", Ink::Other(5), of(|row| row.3))
        .line("leno fiber", Design::Fiber, of(|row| row.4)),
    );
    let mut table = Table::new(
        "Time to go on",
        [
            "calls deep",
            "async fn in async fn",
            "its bytes",
            "each on the heap",
            "leno fiber",
        ],
    );
    for (depth, size, inlined, boxed, on_stack) in &rows {
        let size = Cell::bytes(*size as f64);
        table.row(
            depth.to_string(),
            [
                Cell::time(*inlined),
                size,
                Cell::time(*boxed),
                Cell::time(*on_stack),
            ],
        );
    }
    finding.table(table);

    let (first, last) = (rows[0], rows[rows.len() - 1]);
    let show = |ns| Unit::Time.show(ns);
    let from = |figure: fn(&(usize, usize, f64, f64, f64)) -> f64| {
        rows.iter().find(|row| row.4 < figure(row)).map(|row| row.0)
    };
    let said = |depth: Option<usize>| {
        depth.map_or("nowhere up to 100".to_owned(), |depth| {
            format!("from depth {depth} on")
        })
    };
    finding.answer(format!(
        "A stack is left as it is and entered where it was left: {} at depth 1 and {} at depth {}. A future is polled from the outermost level inwards: {} and {} \
         where the compiler can put the levels into each other, {} and {} where each is boxed on the heap. The fiber is cheaper than the first {}, than the second {}.",
        show(first.4), show(last.4), last.0, show(first.2), show(last.2), show(first.3), show(last.3), said(from(|row| row.2)), said(from(|row| row.3)),
    ));
    let worst = last.3 / last.4;
    finding.against(format!(
        "This is what stacks are better at: at depth {} going on through levels on the heap costs {} what it costs on a stack{}. Recursion and trait objects put them there; \
         so does a library that wants short types.",
        last.0, Unit::Times.show(worst),
        if last.2 > last.4 { format!(", and even without the heap {}", Unit::Times.show(last.2 / last.4)) } else { String::new() },
    ));
    finding.against("A pause costs a stack nothing more at any depth, but a future must return through all levels, too; the time above is that of both ways.");
    Ok(finding)
}
