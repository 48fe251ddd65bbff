//! Runs the plan: each sample in a process of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::args::Args;
use crate::catalogue::rows;
use crate::foreign::Program;
use crate::journal::{Entry, Journal};
use crate::machine::{LoadMeter, Machine, wait_for_calm};
use crate::net;
use crate::peer::Peer;
use crate::plan::Plan;
use crate::report::{Cell, Measurement, Results};
use crate::row::{Row, Work};
use crate::sample::Sample;

/// What a child says.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    Sample(Sample),
    /// Why there is no sample.
    Gap {
        gap: String,
    },
}

/// Why a sample was given up.
#[derive(Debug)]
struct TooLong(Duration);

impl fmt::Display for TooLong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not done after {} s", self.0.as_secs())
    }
}

impl std::error::Error for TooLong {}

/// Runs one workload in this process, and says what came of it.
pub fn as_child(args: &Args, runtime: Peer, workload: &str) -> Result<()> {
    let row = rows(args.quick)
        .into_iter()
        .find(|row| row.name == workload)
        .ok_or_else(|| anyhow!("no workload is called {workload:?}"))?;
    let workers = row.workers.unwrap_or(args.workers);
    let sample = match row.work {
        Work::Within(work) => runtime
            .run(work, workers)?
            .map(|measured| measured.into_sample(runtime.name(), workload)),
        Work::Net(work) => {
            let settings = net::Settings {
                workers,
                quick: args.quick,
                pin: args.pin,
                server: args.server.as_deref(),
            };
            net::run_row(runtime, work, &settings)?
        }
    };
    let said = match sample {
        Ok(sample) => Said::Sample(sample),
        Err(gap) => Said::Gap { gap: gap.0 },
    };
    println!("{}", serde_json::to_string(&said)?);
    // The runtime is not taken down: nobody wants to wait for a million parked tasks to be dropped.
    std::process::exit(0)
}

/// Runs everything, and shows how far it is.
pub fn all(plan: &Plan, args: &Args) -> Result<Results> {
    let mut results = Results::new(plan, args, Machine::describe());
    // A report needs none of them, and tells their versions if they are there or may be got.
    let programs = if args.only_report && !args.install {
        BTreeMap::new()
    } else {
        programs(args, &mut results)
    };
    let steps = plan.steps().count();
    let bar = ProgressBar::new(steps as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} left: {msg}")
            .context("the progress bar's template")?,
    );
    let mut journal = Journal::open(args, &results.machine.commit)?;
    if args.only_report {
        results.machine.commit = journal.setting.clone();
    }
    for (row, peer) in plan.steps() {
        let (row, cell) = results.at(row, peer);
        bar.set_message(format!("{} on {}", row.name, cell.peer));
        if row.workers.is_some() && !cell.peer.has_workers() {
            cell.gap = Some("it has no number of workers".to_owned());
        }
        if cell.gap.is_none() {
            let earlier = journal.take(&row.name, cell.peer);
            let is_new = earlier.is_none();
            let entry = match earlier {
                Some(entry) => Ok(entry),
                None if args.only_report => {
                    bar.inc(1);
                    continue;
                }
                None => sample(cell.peer, row, args, &programs),
            };
            match entry {
                Ok(entry) => {
                    if is_new {
                        journal.note(&row.name, cell.peer, entry.clone())?;
                    }
                    match entry {
                        Entry::Measured(measurement) => cell.measurements.push(measurement),
                        Entry::Gap(gap) => cell.gap = Some(gap),
                    }
                }
                Err(error) => {
                    give_up(cell, &error);
                    if let (Some(gap), false) = (&cell.gap, cell.failed) {
                        journal.note(&row.name, cell.peer, Entry::Gap(gap.clone()))?;
                    }
                }
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(results)
}

/// Those of other languages that can be had; it is said why the others can't.
fn programs(args: &Args, results: &mut Results) -> BTreeMap<Peer, Program> {
    let mut programs = BTreeMap::new();
    for peer in results.peers().filter(|peer| peer.is_foreign()) {
        match Program::of(peer, args.install) {
            Ok(program) => {
                results.add_version(peer, &program.version);
                programs.insert(peer, program);
            }
            Err(error) => {
                eprintln!("{peer} is skipped: {error:#}");
                results.leave_out(peer);
            }
        }
    }
    programs
}

/// A sample, or why there is none. If others compute meanwhile and there is time, it is taken again.
fn sample(peer: Peer, row: &Row, args: &Args, programs: &BTreeMap<Peer, Program>) -> Result<Entry> {
    let until = Instant::now() + args.calm;
    loop {
        wait_for_calm(args.max_load, until);
        let load = LoadMeter::start();
        match said_by_child(peer, row, args, programs)? {
            Said::Gap { gap } => return Ok(Entry::Gap(gap)),
            Said::Sample(sample) => {
                let others = load.stop();
                if others <= args.max_load || Instant::now() >= until {
                    return Ok(Entry::Measured(Measurement { sample, others }));
                }
            }
        }
    }
}

fn give_up(cell: &mut Cell, error: &Error) {
    // That a peer never ends is its result. Anything else is the suite's fault, or leno's.
    if error.is::<TooLong>() && cell.peer != Peer::Leno {
        cell.gap = Some(error.to_string());
    } else {
        cell.gap = Some(format!("FAILED: {error:#}"));
        cell.failed = true;
    }
}

fn said_by_child(
    peer: Peer,
    row: &Row,
    args: &Args,
    programs: &BTreeMap<Peer, Program>,
) -> Result<Said> {
    let mut command = match (programs.get(&peer), row.work) {
        (Some(program), Work::Within(work)) => match work.words() {
            Ok(words) => {
                let workers = row.workers.unwrap_or(args.workers);
                program.run(&row.name, &words, workers)
            }
            Err(gap) => return Ok(Said::Gap { gap: gap.0 }),
        },
        (Some(program), Work::Net(_)) => {
            let mut command = this_program(peer, row, args)?;
            program.serve(row.workers.unwrap_or(args.workers), &mut command);
            command
        }
        (None, _) => this_program(peer, row, args)?,
    };
    let line = if row.on_one_cpu {
        output_on_one_cpu(&mut command, row.patience)?
    } else {
        output_of(&mut command, row.patience)?
    };
    serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))
}

fn this_program(peer: Peer, row: &Row, args: &Args) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child", peer.name(), &row.name]);
    command.args(["--workers", &args.workers.to_string()]);
    command.args(["--pin", args.pin.name()]);
    if args.quick {
        command.arg("--quick");
    }
    Ok(command)
}

/// The same as [`output_of`], of a process that may use one CPU.
fn output_on_one_cpu(command: &mut Command, patience: Duration) -> Result<String> {
    std::thread::scope(|scope| {
        let pinned = scope.spawn(|| {
            // Inherited by what this thread starts.
            net::pin_to(0)?;
            output_of(command, patience)
        });
        pinned.join().expect("it does not panic")
    })
}

/// What a process prints, if it ends well and in time.
fn output_of(command: &mut Command, patience: Duration) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {:?}", command.get_program()))?;
    let mut stdout = child.stdout.take().context("its output is piped")?;
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text).map(|_| text);
        // If nobody receives it, the time was up.
        let _ = sender.send(read);
    });
    let read = receiver.recv_timeout(patience);
    if read.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    reader.join().expect("the reader does not panic");
    let Ok(text) = read else {
        bail!(TooLong(patience));
    };
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(text?)
}
