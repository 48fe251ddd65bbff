//! Stackless and stackful coroutines, side by side, on the same executor, reactor, timers and channels.
//!
//! `contrast all` asks a list of questions, answers each with programs that it runs and measures, checks what they did,
//! prints what came out and draws it on a page. The README says how it is built and how to add an experiment.

mod args;
mod book;
mod child;
mod design;
mod echo;
mod experiment;
mod experiments;
mod fiber;
mod finding;
mod foreign;
mod machine;
mod measure;
mod race;
mod report;
mod sentry;
mod settings;
mod stackful;
mod suite;
mod syscalls;
mod unit;

use std::process::ExitCode;

use args::{Args, Command};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("contrast: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every check passed.
fn run() -> anyhow::Result<bool> {
    match Args::parse()?.command {
        Command::Help => {
            print!("{}", args::HELP);
            Ok(true)
        }
        Command::List => {
            print!("{}", report::text::list(&experiments::all()));
            Ok(true)
        }
        Command::Child { experiment, case } => {
            child::serve(&experiment, &case)?;
            Ok(true)
        }
        Command::Book { results, page } => {
            let (filled, places) = book::fill(&results, &page)?;
            println!("{filled} of {places} places filled: {}", page.display());
            Ok(true)
        }
        Command::Suite(options) => suite::run(&options),
    }
}
