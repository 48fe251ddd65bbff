//! Runs the experiments, one after the other.

use std::path::Path;
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
    // Who wants JSON from the standard output wants nothing else there.
    let json_only = options.json.as_deref() == Some(Path::new("-"));
    let say = |text: &str| {
        if json_only {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
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
        settings.progress.suspend(|| say(&text));
        results.experiments.push(outcome);
    }
    settings.progress.finish_and_clear();
    let page = report::write(&results, &options.out)?;
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(&results)?;
        if json_only {
            println!("{json}");
        } else {
            std::fs::write(file, json).with_context(|| file.display().to_string())?;
        }
    }
    say(&report::text::ending(&results, start.elapsed()));
    say(&format!("the page: {}", page.display()));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(passed: bool) -> Finding {
        let mut finding = Finding::new("Does it rain?");
        finding.answer("Yes.");
        finding.against("It could be drier.");
        finding.check("somebody has looked", passed);
        finding
    }

    #[test]
    fn a_finding_must_check_answer_and_object() {
        assert!(thought_through(finding(true)).is_ok());
        let mut unchecked = finding(true);
        unchecked.checks.clear();
        assert!(thought_through(unchecked).is_err());
        let mut flattering = finding(true);
        flattering.against.clear();
        assert!(thought_through(flattering).is_err());
        let mut silent = finding(true);
        silent.answer.clear();
        assert!(thought_through(silent).is_err());
    }

    #[test]
    fn a_failed_check_and_an_error_are_failures() {
        let experiment = experiments::all()[0];
        let outcome = |finding| Outcome {
            experiment,
            seconds: 0.0,
            finding,
        };
        assert!(outcome(Ok(finding(true))).passed());
        assert!(!outcome(Ok(finding(false))).passed());
        assert!(!outcome(Err("it broke".to_owned())).passed());
    }
}
