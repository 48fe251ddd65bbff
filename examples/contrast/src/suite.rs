//! Runs the experiments, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::Options;
use crate::experiment::Experiment;
use crate::experiments;
use crate::finding::Finding;
use crate::machine::Machine;
use crate::report;
use crate::settings::Settings;

/// Everything that came out.
#[derive(Serialize)]
pub struct Results {
    pub machine: Machine,
    pub quick: bool,
    pub experiments: Vec<Outcome>,
}

/// What came of one experiment.
#[derive(Serialize)]
pub struct Outcome {
    #[serde(serialize_with = "by_name", rename = "name")]
    pub experiment: &'static Experiment,
    pub seconds: f64,
    /// Or why there is none.
    pub finding: Result<Finding, String>,
}

fn by_name<S: serde::Serializer>(experiment: &Experiment, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(experiment.name)
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.finding.as_ref().is_ok_and(Finding::passed)
    }
}

/// Runs what is asked for, prints it, writes the page. Says whether all checks passed.
pub fn run(options: &Options) -> Result<bool> {
    let chosen = experiments::chosen(&options.only)?;
    let settings = Settings {
        quick: options.quick,
        install: options.install,
        progress: progress(chosen.len())?,
    };
    let start = Instant::now();
    let mut results = Results {
        machine: Machine::describe(),
        quick: options.quick,
        experiments: Vec::new(),
    };
    for experiment in chosen {
        settings.progress.set_prefix(experiment.name);
        settings.step("");
        let outcome = one(experiment, &settings);
        settings.progress.inc(1);
        let text = report::text::outcome(&outcome);
        settings.progress.suspend(|| println!("{text}"));
        results.experiments.push(outcome);
    }
    settings.progress.finish_and_clear();
    let page = report::write(&results, &options.out)?;
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(&results)?;
        match file.to_str() {
            Some("-") => println!("{json}"),
            _ => std::fs::write(file, json).with_context(|| file.display().to_string())?,
        }
    }
    println!("{}", report::text::ending(&results, start.elapsed()));
    println!("the page: {}", page.display());
    Ok(results.experiments.iter().all(Outcome::passed))
}

fn one(experiment: &'static Experiment, settings: &Settings) -> Outcome {
    let start = Instant::now();
    let finding = (experiment.run)(settings).and_then(thought_through);
    let finding = finding.map_err(|error| format!("{error:#}"));
    Outcome {
        experiment,
        seconds: start.elapsed().as_secs_f64(),
        finding,
    }
}

/// Every experiment checks what it did, and there is always something that speaks against us.
fn thought_through(finding: Finding) -> Result<Finding> {
    ensure!(!finding.checks.is_empty(), "it checks nothing");
    ensure!(!finding.against.is_empty(), "it says nothing against us");
    ensure!(!finding.answer.is_empty(), "it has no answer");
    Ok(finding)
}

/// Silent where nobody looks.
fn progress(experiments: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(experiments as u64).with_style(
        ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {prefix}: {msg}")
            .context("the progress bar's template")?,
    );
    bar.enable_steady_tick(Duration::from_millis(500));
    Ok(bar)
}
