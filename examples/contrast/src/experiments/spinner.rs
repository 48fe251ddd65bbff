//! One that computes and does not wait, and a heart that has to beat beside it on the same worker.
//!
//! From: Go, which takes a goroutine off its thread after 10 ms by a signal; Erlang, whose processes are done with after 4000
//! reductions; Loom, which has no time sharing, as leno. What Go and Erlang have that leno does not: it does not matter what one computes.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::channel::bounded;
use leno::future::yield_now;
use leno::io::{AsyncReadExt, AsyncWriteExt};
use leno::{Async, Timer};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::fiber;
use crate::finding::{Cell, Chart, Finding, Ink, Scale, Table};
use crate::foreign;
use crate::sentry;
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "spinner",
    group: Group::Fairness,
    title: "Beside one that never waits",
    answers: &["C14", "C21", "C25"],
    from: &["Go", "Erlang", "Loom"],
    run,
    child: Some(|case| answer(case, spin)),
};

/// What runs beside the heart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    Nothing,
    Never,
    /// On a stack.
    NeverOnFiber,
    /// On a thread, with the heart on another one, on the same CPU.
    NeverOnThread,
    /// After each so many rounds.
    Yields(u64),
    /// When it has run for so many microseconds.
    Budget(u64),
    /// Sends and receives on a channel that is always ready.
    Channel,
    /// Writes and reads a socket that is always ready.
    Socket,
}

const WAYS: [(Way, &str); 8] = [
    (Way::Nothing, "nothing"),
    (Way::Never, "a task that never yields"),
    (Way::NeverOnFiber, "a fiber that never yields"),
    (Way::NeverOnThread, "a thread that never yields, one CPU"),
    (Way::Yields(1000), "yields each 1000 rounds"),
    (Way::Budget(200), "yields after 200 µs"),
    (Way::Channel, "awaits a channel that is always ready"),
    (Way::Socket, "awaits a socket that is always ready"),
];

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Case {
    way: Way,
    workers: usize,
    ms: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Beaten {
    gap_ns: f64,
    beats: u64,
    rounds: u64,
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

/// A round: some tens of nanoseconds that the compiler can't leave out.
fn round(count: u64) -> u64 {
    (0..16).fold(count, |sum, step| std::hint::black_box(sum ^ step))
}

fn compute(until: Instant) -> u64 {
    let mut rounds = 0;
    while Instant::now() < until {
        rounds += 1;
        round(rounds);
    }
    rounds
}

async fn work(way: Way, until: Instant) -> Result<u64> {
    let (to, from) = bounded(1);
    let (mut near, mut far) = match way {
        Way::Socket => {
            let (near, far) = UnixStream::pair()?;
            (Some(Async::new(near)?), Some(Async::new(far)?))
        }
        _ => (None, None),
    };
    let mut since = Instant::now();
    let mut rounds = 0;
    while Instant::now() < until {
        rounds += 1;
        round(rounds);
        match way {
            Way::Nothing => {
                Timer::at(until).await;
            }
            Way::Yields(each) if rounds % each == 0 => yield_now().await,
            Way::Budget(microseconds) if since.elapsed() >= Duration::from_micros(microseconds) => {
                yield_now().await;
                since = Instant::now();
            }
            Way::Channel => {
                to.send(rounds).await?;
                from.recv().await?;
            }
            Way::Socket => {
                if let (Some(near), Some(far)) = (&mut near, &mut far) {
                    near.write_all(b"!").await?;
                    far.read_exact(&mut [0]).await?;
                }
            }
            _ => {}
        }
    }
    Ok(rounds)
}

/// The line of the spawn below.
const SPAWN: u32 = line!() + 4;

fn never(until: Instant) -> leno::Task<u64> {
    // It is the next line that the warning must name.
    leno::spawn(async move { compute(until) })
}

fn spin(case: Case) -> Result<Beaten> {
    let heart: Heart = Arc::new(Mutex::new((Instant::now(), Duration::ZERO, 0)));
    let duration = Duration::from_millis(case.ms);
    let settle = Duration::from_millis(20);
    let read = |rounds| {
        let heart = heart.lock().unwrap_or_else(PoisonError::into_inner);
        Beaten {
            gap_ns: heart.1.as_nanos() as f64,
            beats: heart.2,
            rounds,
        }
    };
    let fresh = || {
        *heart.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), Duration::ZERO, 0)
    };
    if case.way == Way::NeverOnThread {
        let stop = Arc::new(AtomicBool::new(false));
        let beating = thread::spawn({
            let (heart, stop) = (heart.clone(), stop.clone());
            move || {
                // Relaxed: a wish.
                while !stop.load(Ordering::Relaxed) {
                    beat(&heart);
                    thread::sleep(BEAT);
                }
            }
        });
        thread::sleep(settle);
        fresh();
        let rounds = compute(Instant::now() + duration);
        stop.store(true, Ordering::Relaxed);
        beating.join().expect("a heart does not panic");
        return Ok(read(rounds));
    }
    let beating = leno::spawn({
        let heart = heart.clone();
        async move {
            loop {
                beat(&heart);
                Timer::after(BEAT).await;
            }
        }
    });
    thread::sleep(settle);
    fresh();
    let until = Instant::now() + duration;
    let rounds = match case.way {
        Way::NeverOnFiber => {
            // SAFETY: a number is on its stack, and it does not wait at all.
            leno::block_on(unsafe { fiber::spawn(move || compute(until)) })
        }
        Way::Never => leno::block_on(never(until)),
        way => leno::block_on(leno::spawn(work(way, until)))?,
    };
    // One more beat tells the length of the last gap.
    let before = read(0).beats;
    let patience = Instant::now() + Duration::from_secs(10);
    while read(0).beats == before && Instant::now() < patience {
        thread::sleep(BEAT);
    }
    leno::block_on(beating.cancel());
    Ok(read(rounds))
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "When does a coroutine leave its worker: by hand, or after a time slice? What if it never waits?",
    );
    let ms = settings.pick(500, 60);
    let mut table = Table::new(
        format!(
            "Longest gap of a heart that beats every {} ms, beside one that runs for {ms} ms",
            BEAT.as_millis()
        ),
        [
            "beside",
            "1 worker",
            "2 workers",
            "rounds in a second, 1 worker",
        ],
    );
    let mut bars = Vec::new();
    let mut all = Vec::new();
    for (index, (way, name)) in WAYS.into_iter().enumerate() {
        let mut seen = Vec::new();
        for workers in [1, 2] {
            settings.step(format!("{name}, {workers} workers"));
            let mut child = Child::of("spinner").workers(workers);
            if way == Way::NeverOnThread {
                if workers == 2 {
                    continue;
                }
                child = child.on_cpu(0);
            }
            let beaten: Beaten = child.run(&Case { way, workers, ms })?;
            finding.check(
                format!("{name}, {workers} workers: it ran, and the heart went on"),
                beaten.rounds > 0 && beaten.beats > 0,
            );
            seen.push(beaten);
        }
        let rate = if way == Way::Nothing {
            Cell::none()
        } else {
            Cell::of(Unit::Rate, seen[0].rounds as f64 / ms as f64 * 1e3)
        };
        let gap = |index: usize| seen.get(index).map(|beaten: &Beaten| beaten.gap_ns);
        table.row(
            name,
            [
                Cell::maybe(Unit::Time, gap(0)),
                Cell::maybe(Unit::Time, gap(1)),
                rate,
            ],
        );
        let ink = match way {
            Way::NeverOnThread => Ink::from(Design::Thread),
            Way::NeverOnFiber => Ink::from(Design::Fiber),
            Way::Never => Ink::from(Design::Task),
            _ => Ink::Other((index % 6) as u8),
        };
        bars.push((name, ink, seen[0].gap_ns));
        all.push(seen);
    }
    let go = match foreign::run(Design::Go, settings, "spinner", &[ms as usize], 1) {
        Ok(figures) => {
            finding.check("Go: it ran, and the heart went on", figures["result"] > 0.0);
            table.row(
                "a goroutine that never yields",
                [Cell::time(figures["gap_ns"]), Cell::none(), Cell::none()],
            );
            bars.push((
                "a goroutine that never yields",
                Ink::from(Design::Go),
                figures["gap_ns"],
            ));
            Some(figures["gap_ns"])
        }
        Err(error) => {
            finding.skip_once(format!("Go: {error:#}"));
            None
        }
    };
    finding.chart(Chart::bars("Longest gap, 1 worker", Unit::Time, Scale::Log).group("", bars));
    finding.table(table);
    settings.step("a runtime that is observed");
    let told = Child::of("spinner")
        .workers(1)
        .observed()
        .run_and_listen::<_, Beaten>(&Case {
            way: Way::Never,
            workers: 1,
            ms: sentry::LONG_ENOUGH.as_millis() as u64,
        })?;
    let warned = sentry::warned(
        &mut finding,
        "What an observed runtime says of the task that never yields, with 1 worker",
        &told.complained,
        file!(),
        SPAWN,
    );
    let gap = |index: usize, workers: usize| {
        all[index]
            .get(workers - 1)
            .map_or(f64::NAN, |beaten: &Beaten| beaten.gap_ns)
    };
    let rounds = |index: usize| all[index][0].rounds as f64;
    let total = ms as f64 * 1e6;
    finding.check(
        "what never yields stops the heart of its only worker, with a stack or without",
        gap(1, 1) > total / 2.0 && gap(2, 1) > total / 2.0,
    );
    let show = |ns| Unit::Time.show(ns);
    let channel = if gap(6, 1) > total / 2.0 {
        format!(
            "A channel that is always ready does not let go either ({}): an `.await` that is ready at once is no pause",
            show(gap(6, 1))
        )
    } else {
        format!(
            "A channel that is always ready lets go in time ({})",
            show(gap(6, 1))
        )
    };
    finding.answer(format!(
        "By hand: at an `.await` that has to wait. One that never does stops the only worker for {}, and a fiber for {}. Who yields each 1000 rounds lets the heart miss {}, who looks at the clock {}. \
         {channel}; sockets and timers have a budget of some operations for each turn, and beside a ready socket the gap is {}. With a second worker the gap is {}.",
        show(gap(1, 1)), show(gap(2, 1)), show(gap(4, 1)), show(gap(5, 1)), show(gap(7, 1)), show(gap(1, 2)),
    ));
    let others = match go {
        Some(gap) => format!(
            "Go let its heart miss {} beside the same loop, on one thread",
            show(gap)
        ),
        None => "Go would take it off after 10 ms, by its documentation; it was not measured here"
            .to_owned(),
    };
    finding.against(format!(
        "Threads on one CPU let the heart miss {}, and nobody had to write a line for it. {others}. leno can't interrupt a task; it can only tell of it. {warned}",
        show(gap(3, 1)),
    ));
    finding.against(format!(
        "Yielding each 1000 rounds got {} of the work done that was done without, by a clock that both look at each round.",
        Unit::Times.show(rounds(4) / rounds(1)),
    ));
    Ok(finding)
}
