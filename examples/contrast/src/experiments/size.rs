//! What a piece of work that waits weighs: a state machine by what it keeps, a stack by the page.
//!
//! From: all of them. Go's stacks begin at 2 KiB and grow by copying; Loom keeps only the frames in use, on the
//! heap; Erlang's share a block with the heap of their process, and grow with it by copying. leno's fibers, as those of
//! `may`, have stacks of a fixed size of which the touched pages count.

use std::future::Future;
use std::hint::black_box;

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::measure;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "size",
    group: Group::Coroutine,
    title: "What does one that waits weigh?",
    answers: &["C4", "C10", "C26"],
    from: &["Go", "Loom", "Kilim", "may"],
    run,
    child: Some(|case| answer(case, weigh)),
};

const BUFFER: usize = 16 * 1024;

/// Something to wait for.
fn pause() -> impl Future<Output = ()> + Send {
    leno::future::yield_now()
}

async fn nothing() {
    pause().await;
}

async fn a_number(number: u64) -> u64 {
    pause().await;
    number
}

async fn a_buffer_across() -> usize {
    let buffer = black_box([1_u8; BUFFER]);
    pause().await;
    black_box(&buffer).len()
}

async fn a_buffer_before() -> usize {
    let length = {
        let buffer = black_box([1_u8; BUFFER]);
        black_box(&buffer).len()
    };
    pause().await;
    length
}

/// The same as most would write it: a local that nobody needs any more, but whose scope has not ended.
async fn a_buffer_borrowed_before() -> usize {
    let buffer = black_box([1_u8; BUFFER]);
    let length = black_box(&buffer).len();
    pause().await;
    length
}

async fn a_boxed_buffer_across() -> usize {
    let buffer = black_box(vec![1_u8; BUFFER].into_boxed_slice());
    pause().await;
    black_box(&buffer).len()
}

async fn one_after_the_other() -> u64 {
    a_number(1).await + a_number(2).await + a_number(3).await
}

async fn three_at_once() -> u64 {
    let ((first, second), third) =
        leno::future::zip(leno::future::zip(a_number(1), a_number(2)), a_number(3)).await;
    first + second + third
}

async fn nested() -> u64 {
    async fn outer() -> u64 {
        one_after_the_other().await
    }
    outer().await
}

#[derive(Serialize, Deserialize)]
struct Case {
    design: Design,
    count: usize,
    /// Whether it has a buffer in its frame while it waits.
    buffer: bool,
}

#[derive(Serialize, Deserialize)]
struct Weight {
    bytes_each: f64,
    waiting: usize,
}

/// Parks some of them, and weighs the process.
fn weigh(case: Case) -> Result<Weight> {
    let (started, starting) = bounded::<()>(case.count);
    let (keep, never) = bounded::<()>(1);
    // What the first one needs is not counted: the workers, a first stack.
    start(&case, &started, &never);
    starting.recv_blocking()?;
    let before = measure::memory();
    for _ in 0..case.count {
        start(&case, &started, &never);
    }
    for _ in 0..case.count {
        starting.recv_blocking()?;
    }
    let bytes_each = measure::memory().saturating_sub(before) as f64 / case.count as f64;
    // One that has gone has dropped its receiver. This function and the first one have one each.
    let waiting = never.receiver_count() - 2;
    drop(keep);
    Ok(Weight {
        bytes_each,
        waiting,
    })
}

/// Starts one that says that it runs and then waits for a message that never comes.
fn start(case: &Case, started: &Sender<()>, never: &Receiver<()>) {
    let (started, never) = (started.clone(), never.clone());
    let with_buffer = case.buffer;
    match case.design {
        Design::Task if with_buffer => leno::spawn(async move {
            let mut frame = [1_u8; BUFFER];
            black_box(&mut frame);
            let _ = started.try_send(());
            let _ = never.recv().await;
            black_box(&frame);
        })
        .detach(),
        Design::Task => leno::spawn(async move {
            let _ = started.try_send(());
            let _ = never.recv().await;
        })
        .detach(),
        Design::Fiber => {
            let body = move || {
                frame(with_buffer, &started, || {
                    let _ = fiber::wait(never.recv());
                })
            };
            // SAFETY: channels and bytes are on the stack, which is larger than the buffer by far.
            unsafe { fiber::spawn(body) }.detach();
        }
        Design::May => {
            let body = move || {
                frame(with_buffer, &started, may::coroutine::park);
                drop(never);
            };
            // Its size is in machine words.
            let builder = may::coroutine::Builder::new().stack_size(256 * 1024 / 8);
            // SAFETY: as above.
            unsafe { builder.spawn(body) }.expect("may starts a coroutine");
        }
        _ => {
            std::thread::spawn(move || {
                frame(with_buffer, &started, || {
                    let _ = never.recv_blocking();
                })
            });
        }
    }
}

/// What is the same for all that have a stack. The buffer is in the frame of a function that is not called without it.
fn frame(with_buffer: bool, started: &Sender<()>, wait: impl Fn()) {
    #[inline(never)]
    fn with(started: &Sender<()>, wait: impl Fn()) {
        let mut frame = [1_u8; BUFFER];
        black_box(&mut frame);
        without(started, wait);
        black_box(&frame);
    }
    #[inline(never)]
    fn without(started: &Sender<()>, wait: impl Fn()) {
        let _ = started.try_send(());
        wait();
    }
    if with_buffer {
        with(started, wait)
    } else {
        without(started, wait)
    }
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "What is it that is kept of a coroutine while it waits, how much is it, and what does a large buffer that lives across a wait do to it?",
    );
    let sizes = [
        ("waits once, keeps nothing", size_of_val(&nothing())),
        ("keeps a number of 8 bytes", size_of_val(&a_number(1))),
        (
            "waits for three of these, one after the other",
            size_of_val(&one_after_the_other()),
        ),
        (
            "waits for three of these at once",
            size_of_val(&three_at_once()),
        ),
        (
            "an async fn that awaits one that awaits the three",
            size_of_val(&nested()),
        ),
        (
            "a buffer of 16 KiB in an inner block that ends before the wait",
            size_of_val(&a_buffer_before()),
        ),
        (
            "a buffer of 16 KiB, lent before the wait and not used after it, without such a block",
            size_of_val(&a_buffer_borrowed_before()),
        ),
        (
            "a buffer of 16 KiB, kept across the wait",
            size_of_val(&a_buffer_across()),
        ),
        (
            "the same, boxed on the heap",
            size_of_val(&a_boxed_buffer_across()),
        ),
    ];
    let mut table = Table::new(
        "State machines, as `size_of_val` gives them before anything runs",
        ["async fn", "bytes"],
    );
    for (what, size) in sizes {
        table.row(what, [Cell::text(size.to_string())]);
    }
    finding.table(table);

    let designs = [Design::Task, Design::Fiber, Design::May, Design::Thread];
    let count = settings.pick(4000, 500);
    let mut weights = Vec::new();
    let mut table = Table::new(
        format!("Memory of one of {count} that wait, in a process of its own each"),
        ["", "frame with nothing", "with 16 KiB"],
    );
    for design in designs {
        settings.step(design.name());
        let weigh = |buffer| {
            Child::of("size").run::<_, Weight>(&Case {
                design,
                count,
                buffer,
            })
        };
        let (small, large) = (weigh(false)?, weigh(true)?);
        finding.check(
            format!("{}: all wait", design.name()),
            small.waiting == count && large.waiting == count,
        );
        table.row(
            design.name(),
            [Cell::bytes(small.bytes_each), Cell::bytes(large.bytes_each)],
        );
        weights.push((design, small.bytes_each, large.bytes_each));
    }
    finding.chart(
        Chart::bars("Memory of one that waits", Unit::Memory, Scale::Log)
            .group(
                "nothing in its frame",
                weights
                    .iter()
                    .map(|(design, small, _)| (design.name(), Ink::from(*design), *small)),
            )
            .group(
                "16 KiB in its frame",
                weights
                    .iter()
                    .map(|(design, _, large)| (design.name(), Ink::from(*design), *large)),
            ),
    );
    finding.table(table);

    let (task, fiber, thread) = (weights[0], weights[1], weights[3]);
    let (number, before, lent, across, boxed) =
        (sizes[1].1, sizes[5].1, sizes[6].1, sizes[7].1, sizes[8].1);
    let lent_is_kept = lent >= BUFFER;
    finding.answer(format!(
        "{}: with one number that is {number} bytes, and the compiler knows it before the program runs. On the heap \
         a task that waits takes {} in all, a fiber on the same runtime {}, because a stack is paid by the page, and a thread {}. A buffer of 16 KiB that \
         lives across the wait makes the state machine {across} bytes; in an inner block that ends before the wait, {before}; lent before the wait and not used after it, but without such a block, {lent}; on the heap, {boxed}.",
        if lent_is_kept { "What is needed after the wait, and what was lent and is still in scope" } else { "Only what is needed after the wait" },
        Unit::Memory.show(task.1), Unit::Memory.show(fiber.1), Unit::Memory.show(thread.1),
    ));
    if lent_is_kept {
        finding.against(format!(
            "The compiler keeps more than it must: a buffer that was lent once and is of no use after the wait is kept until its scope ends ({lent} bytes), and does not warn of it. \
             A block around it makes that {before}.",
        ));
    }
    finding.against(format!(
        "With 16 KiB in its frame a task weighs {} and a fiber {}: {}. And a state machine has its largest size from its first moment to its last, in one \
         piece, copied when it is spawned; a stack grows when it is used. A stack that was deep once keeps its pages, though.",
        Unit::Memory.show(task.2), Unit::Memory.show(fiber.2),
        if task.2 > fiber.2 * 0.7 { "there is little left of the difference" } else { "the difference stays" },
    ));
    finding.check(
        "a buffer whose block ends before the wait is not kept",
        before < BUFFER,
    );
    finding.check("a buffer across the wait is kept", across >= BUFFER);
    finding.check(
        "a buffer that was lent before the wait is kept once or not at all",
        lent < before + 64 || (across..across + 64).contains(&lent),
    );
    finding.check(
        "a buffer on the heap is a pointer and a length",
        boxed < 100,
    );
    finding.check(
        "three after the other share their room, three at once do not",
        sizes[2].1 < sizes[3].1,
    );
    Ok(finding)
}
