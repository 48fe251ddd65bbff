//! A task that reads as a thread would: who else stops, for how long, and what can be done.
//!
//! From: Go, whose monitor gives a processor away that hangs in a system call; Loom, which adds a thread for files; Quasar, whose
//! watch names the fiber that runs away. What they have that leno does not: Go needs nobody to say which calls block.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::io::AsyncReadExt;
use leno::{Async, Timer};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::sentry;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "blocking_io",
    group: Group::Reading,
    title: "A task that reads as a thread would",
    answers: &["C25", "C6", "C14"],
    from: &["Go", "Loom", "Quasar"],
    run,
    child: Some(|case| answer(case, read)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    /// `std`'s read, in the task.
    Std,
    /// The same on a fiber: a stack does not help.
    StdOnFiber,
    /// A read that waits.
    Async,
    /// `std`'s read, on a thread for such things.
    Unblock,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    way: Way,
    readers: usize,
    wait_ms: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Heard {
    bytes: usize,
    gap_ms: f64,
    beats: u64,
}

const BEAT: Duration = Duration::from_millis(1);

/// The time of the last beat, the longest gap, and how many there were.
type Heart = Arc<Mutex<(Instant, Duration, u64)>>;

fn beat(heart: &Heart) {
    let mut heart = heart.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    heart.1 = heart.1.max(now - heart.0);
    (heart.0, heart.2) = (now, heart.2 + 1);
}

/// Readers wait for a byte that comes after a while; beside them a heart beats.
fn read(case: Case) -> Result<Heard> {
    let heart: Heart = Arc::new(Mutex::new((Instant::now(), Duration::ZERO, 0)));
    let beating = leno::spawn({
        let heart = heart.clone();
        async move {
            loop {
                beat(&heart);
                Timer::after(BEAT).await;
            }
        }
    });
    // Everybody is up, and the heart beats.
    thread::sleep(Duration::from_millis(30));
    let mut writers = Vec::new();
    let mut readers = Vec::new();
    for _ in 0..case.readers {
        let (reader, writer) = UnixStream::pair()?;
        writers.push(writer);
        readers.push(start(case.way, reader)?);
    }
    let writing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(case.wait_ms));
        writers
            .iter_mut()
            .try_for_each(|writer| writer.write_all(b"!"))
    });
    let mut bytes = 0;
    for reader in readers {
        bytes += leno::block_on(reader)?;
    }
    writing.join().expect("the writer does not panic")?;
    // One more beat tells the length of the last gap.
    let beats = heart.lock().unwrap_or_else(PoisonError::into_inner).2;
    let patience = Instant::now() + Duration::from_secs(10);
    while heart.lock().unwrap_or_else(PoisonError::into_inner).2 == beats
        && Instant::now() < patience
    {
        thread::sleep(BEAT);
    }
    leno::block_on(beating.cancel());
    let heart = heart.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Heard {
        bytes,
        gap_ms: heart.1.as_secs_f64() * 1e3,
        beats: heart.2,
    })
}

fn start(way: Way, mut reader: UnixStream) -> Result<leno::Task<std::io::Result<usize>>> {
    let mut buffer = [0; 16];
    Ok(match way {
        Way::Std => blocked(reader),
        // SAFETY: a stream and a buffer are on the stack, and it does not wait at all.
        Way::StdOnFiber => unsafe { fiber::spawn(move || reader.read(&mut buffer)) },
        Way::Async => {
            let mut reader = Async::new(reader)?;
            leno::spawn(async move { reader.read(&mut buffer).await })
        }
        Way::Unblock => leno::spawn(leno::unblock(move || reader.read(&mut buffer))),
    })
}

/// The line of the spawn below.
const SPAWN: u32 = line!() + 4;

fn blocked(mut reader: UnixStream) -> leno::Task<std::io::Result<usize>> {
    // It is the next line that the warning must name.
    leno::spawn(async move { reader.read(&mut [0; 16]) })
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Does a read that blocks not block the thread beneath the coroutine, and with it all that it carries?",
    );
    let wait_ms = settings.pick(300, 100);
    let ways = [
        (Way::Std, "`std` read in a task", Ink::Other(1)),
        (Way::StdOnFiber, "`std` read on a fiber", Ink::Other(3)),
        (Way::Async, "async read", Ink::Other(0)),
        (Way::Unblock, "`std` read in `unblock`", Ink::Other(2)),
    ];
    let rows = [
        ("1 reader, 1 worker", 1, 1),
        ("1 reader, 2 workers", 1, 2),
        ("2 readers, 2 workers", 2, 2),
    ];
    let mut columns = vec![String::new()];
    columns.extend(rows.iter().map(|row| row.0.to_owned()));
    let mut table = Table::new(
        format!(
            "Longest gap of a heart that beats every {} ms, while readers wait {wait_ms} ms for a byte",
            BEAT.as_millis()
        ),
        columns,
    );
    let mut gaps = Vec::new();
    for (way, name, ink) in ways {
        let mut of_way = Vec::new();
        for (row, readers, workers) in rows {
            settings.step(format!("{name}, {row}"));
            let heard: Heard = Child::of("blocking_io").workers(workers).run(&Case {
                way,
                readers,
                wait_ms,
            })?;
            finding.check(
                format!("{name}, {row}: all bytes were read and the heart beat on"),
                heard.bytes == readers && heard.beats > 10,
            );
            of_way.push(heard.gap_ms * 1e6);
        }
        table.row(name, of_way.iter().map(|ns| Cell::time(*ns)));
        gaps.push((name.replace('`', ""), ink, of_way));
    }
    let mut chart = Chart::bars(
        format!("Longest gap while readers wait {wait_ms} ms"),
        Unit::Time,
        Scale::Log,
    );
    for (index, (row, ..)) in rows.iter().enumerate() {
        chart = chart.group(
            *row,
            gaps.iter()
                .map(|(name, ink, of_way)| (name.clone(), *ink, of_way[index])),
        );
    }
    finding.chart(chart);
    finding.table(table);

    settings.step("a runtime that is observed");
    let told = Child::of("blocking_io")
        .observed()
        .run_and_listen::<_, Heard>(&Case {
            way: Way::Std,
            readers: 1,
            wait_ms: sentry::LONG_ENOUGH.as_millis() as u64,
        })?;
    let warned = sentry::warned(
        &mut finding,
        "What an observed runtime says of the `std` read in a task, with 2 workers",
        &told.complained,
        file!(),
        SPAWN,
    );

    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "It does. On one worker a `std` read stops everybody for {}, on a task as on a fiber ({}). With a second worker the sentry sees that the first does not move \
         and takes over what waits there: the heart missed {}. With an async read the longest gap is {} on one worker, and with `unblock`, which has threads for such \
         calls, {}. {warned}",
        show(gaps[0].2[0]), show(gaps[1].2[0]), show(gaps[0].2[1]), show(gaps[2].2[0]), show(gaps[3].2[0]),
    ));
    finding.against(format!(
        "The sentry is a worker, too. If two tasks block two workers nobody is left: the heart missed {}. Go starts another thread for each call that hangs, and nobody has to \
         know which calls these are.",
        show(gaps[0].2[2]),
    ));
    // A reader may have begun to block some ten milliseconds after the other one.
    let blocked = wait_ms as f64 * 1e6 * 0.5;
    finding.check(
        "on one worker a blocking read stopped everybody, with or without a stack",
        gaps[0].2[0] >= blocked && gaps[1].2[0] >= blocked,
    );
    finding.check(
        "two blocking reads stopped two workers",
        gaps[0].2[2] >= blocked,
    );
    Ok(finding)
}
