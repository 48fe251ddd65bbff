//! Cases that are measured in a process of their own, so that none finds the threads, the memory or the caches of another.
//!
//! A child is this very program, started as `contrast child EXPERIMENT CASE`, where the case is JSON. It prints what it
//! found as the last line of its output.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::experiments;
use crate::syscalls::{self, Calls};

/// Before the line that is the result, so that what else a case prints is not taken for it.
const MARK: &str = "\u{1}";

/// A process that will measure one case.
pub struct Child {
    experiment: &'static str,
    workers: usize,
    cpu: Option<usize>,
    limit: Duration,
    observed: bool,
}

/// What a child found, and what else it said.
pub struct Ran<F> {
    pub figures: F,
    /// For experiments in which printing is a part of the work.
    pub printed: Vec<String>,
    /// What it wrote to its standard error, such as warnings of the runtime.
    pub complained: String,
}

impl Child {
    pub fn of(experiment: &'static str) -> Child {
        Child {
            experiment,
            workers: 2,
            cpu: None,
            limit: Duration::from_secs(120),
            observed: false,
        }
    }

    /// How many workers leno has in it: 2, if nothing else is said. What a case does about other runtimes is its own affair.
    pub fn workers(mut self, workers: usize) -> Child {
        self.workers = workers;
        self
    }

    /// Keeps it on one CPU, as `taskset -c` does.
    pub fn on_cpu(mut self, cpu: usize) -> Child {
        self.cpu = Some(cpu);
        self
    }

    /// Lets leno observe its tasks in it, as `LENO_OBSERVE=1` does for any program.
    pub fn observed(mut self) -> Child {
        self.observed = true;
        self
    }

    /// How long it may take before it is killed: two minutes, if nothing else is said.
    pub fn limit(mut self, limit: Duration) -> Child {
        self.limit = limit;
        self
    }

    /// Measures a case.
    pub fn run<C: Serialize, F: DeserializeOwned>(self, case: &C) -> Result<F> {
        Ok(self.run_and_listen(case)?.figures)
    }

    /// Measures a case, and keeps what it prints.
    pub fn run_and_listen<C: Serialize, F: DeserializeOwned>(self, case: &C) -> Result<Ran<F>> {
        let case = serde_json::to_string(case)?;
        let what = format!("{} {case}", self.experiment);
        let command = self.asking(Command::new(std::env::current_exe()?), &case);
        let (output, complained) = self.heard(command).with_context(|| what.clone())?;
        let mut printed: Vec<String> = output.lines().map(str::to_owned).collect();
        let last = printed.pop().unwrap_or_default();
        let result = last
            .strip_prefix(MARK)
            .ok_or_else(|| anyhow!("{what} printed no result"))?;
        let figures =
            serde_json::from_str(result).with_context(|| format!("{what} said {result}"))?;
        Ok(Ran {
            figures,
            printed,
            complained,
        })
    }

    /// The system calls that a case makes more than a smaller one, for each of so many operations.
    pub fn calls<C: Serialize>(&self, small: &C, large: &C, operations: f64) -> Result<Calls> {
        let mut counted = Vec::new();
        for case in [small, large] {
            let case = serde_json::to_string(case)?;
            let file = std::env::temp_dir().join(format!("contrast-{}.strace", std::process::id()));
            let command = syscalls::tracing(&file, &std::env::current_exe()?)?;
            self.output(self.asking(command, &case))?;
            counted.push(syscalls::traced(&file)?);
            std::fs::remove_file(&file)?;
        }
        Ok(syscalls::difference(&counted[0], &counted[1], operations))
    }

    /// Lets a command run this program as a child.
    fn asking(&self, mut command: Command, case: &str) -> Command {
        command
            .args(["child", self.experiment, case])
            .env("LENO_THREADS", self.workers.to_string());
        if self.observed {
            command.env("LENO_OBSERVE", "1");
        }
        command
    }

    /// Runs a program of another language in the same way, and gives what it prints.
    pub fn output(&self, command: Command) -> Result<String> {
        Ok(self.heard(command)?.0)
    }

    /// What a program prints, and what it complains of.
    fn heard(&self, mut command: Command) -> Result<(String, String)> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = pinned(self.cpu, || Ok(command.spawn()?))?;
        // Both are read while it runs, for a full pipe would stop it.
        let mut said = child.stdout.take().context("the output is a pipe")?;
        let mut complained = child.stderr.take().context("the errors are a pipe")?;
        let said = std::thread::spawn(move || -> std::io::Result<String> {
            let mut text = String::new();
            said.read_to_string(&mut text)?;
            Ok(text)
        });
        let complained = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What could be read until then says enough.
            let _ = complained.read_to_end(&mut text);
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        let status = wait(&mut child, self.limit)?;
        let said = said
            .join()
            .map_err(|_| anyhow!("the output could not be read"))??;
        let complained = complained.join().unwrap_or_default();
        match status {
            None => bail!("killed after {} s: {complained}", self.limit.as_secs()),
            Some(status) => ensure!(status.success(), "{status}: {complained}"),
        }
        Ok((said, complained))
    }
}

/// Waits until it ends, or kills it.
fn wait(child: &mut std::process::Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Does something on one CPU: a process that is started there stays there.
pub fn pinned<T>(cpu: Option<usize>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let Some(cpu) = cpu else { return work() };
    let this_thread = Pid::from_raw(0);
    let before = sched_getaffinity(this_thread)?;
    let mut one = CpuSet::new();
    one.set(cpu)?;
    sched_setaffinity(this_thread, &one).with_context(|| format!("CPU {cpu} can't be had"))?;
    let done = work();
    sched_setaffinity(this_thread, &before)?;
    done
}

/// What a child does: finds its experiment, measures the case, prints the result.
pub fn serve(experiment: &str, case: &str) -> Result<()> {
    let experiment = experiments::named(experiment)?;
    let measure = experiment
        .child
        .with_context(|| format!("{} needs no child", experiment.name))?;
    let result = measure(case)?;
    println!("{MARK}{result}");
    // Nobody wants to wait until a million parked tasks are dropped.
    std::process::exit(0)
}

/// Makes of a measuring function what [`crate::experiment::Experiment::child`] wants.
pub fn answer<C: DeserializeOwned, F: Serialize>(
    case: &str,
    measure: fn(C) -> Result<F>,
) -> Result<String> {
    let case = serde_json::from_str(case).with_context(|| format!("{case} is no case"))?;
    Ok(serde_json::to_string(&measure(case)?)?)
}
