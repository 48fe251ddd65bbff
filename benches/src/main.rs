//! leno beside its peers: each workload in a fresh process for each runtime, interleaved, as a table of medians.
//!
//! `cargo run --release -p leno-bench`; `-- --help` lists what can be chosen.

mod args;
mod machine;
mod peer;
mod plan;
mod report;
mod rows;
mod run;
mod runtimes;
mod sample;
mod stats;
mod workloads;

use anyhow::{Result, bail};

use crate::args::{Args, Command};
use crate::plan::Plan;

fn main() -> Result<()> {
    let args = Args::parse()?;
    // What a child does; the network's servers and load generator are further subcommands.
    match &args.command {
        Command::Help => print!("{}", args::HELP),
        Command::List => report::list(&Plan::new(&args)?),
        Command::Child { runtime, workload } => run::as_child(&args, *runtime, workload)?,
        Command::Suite => {
            let plan = Plan::new(&args)?;
            let results = run::all(&plan, &args)?;
            report::write(&results, &args.out)?;
            if results.failed() {
                bail!("some workloads failed; see the table");
            }
        }
    }
    Ok(())
}
