//! leno beside its peers: each workload in a fresh process for each runtime, interleaved, as a table of medians.
//!
//! `cargo run --release -p leno-bench`; `-- --help` lists what can be chosen.

mod args;
mod catalogue;
mod foreign;
mod journal;
mod machine;
mod net;
mod peer;
mod plan;
mod report;
mod row;
mod run;
mod runtimes;
mod sample;
mod stats;
mod workloads;

use std::process::ExitCode;

use anyhow::Result;
use pico_args::Arguments;

use crate::args::{Args, Command};
use crate::plan::Plan;

fn main() -> ExitCode {
    suite().unwrap_or_else(|error| {
        eprintln!("leno-bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn suite() -> Result<ExitCode> {
    let mut given = Arguments::from_env();
    // Subcommands are what the suite's children do. Those with a command line of their own are told apart here.
    let subcommand = given.subcommand()?;
    match subcommand.as_deref() {
        Some("serve") => return net::serve(given).map(|()| ExitCode::SUCCESS),
        Some("load") => return net::load(given).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let args = Args::parse(subcommand.as_deref(), given)?;
    match &args.command {
        Command::Help => print!("{}", args::HELP),
        Command::List => report::list(&Plan::new(&args)?),
        Command::Child { runtime, workload } => run::as_child(&args, *runtime, workload)?,
        Command::Suite => {
            let plan = Plan::new(&args)?;
            let results = run::all(&plan, &args)?;
            report::write(&results, &args.out)?;
            if results.failed() {
                eprintln!("some workloads failed; see the table");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
