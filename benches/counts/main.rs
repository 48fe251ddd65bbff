//! How many instructions leno's smallest operations take, compared with what they may take.
//!
//! Instructions do not depend on what else a machine does, so a later change can't make one of them dearer unnoticed.
//! `cargo run --release -p leno-bench --bin leno-counts`; needs `valgrind`. See `README.md` of this package.

mod callgrind;
mod limits;
mod operations;

use std::process::ExitCode;

use anyhow::{Result, bail};
use pico_args::Arguments;

use crate::limits::Limits;
use crate::operations::OPERATIONS;

const HELP: &str = "\
instructions of leno's smallest operations, compared with benches/counts/limits.txt

cargo run --release -p leno-bench --bin leno-counts -- [OPTIONS]

  --update    write what is measured to that file
";

fn main() -> ExitCode {
    counts().unwrap_or_else(|error| {
        eprintln!("leno-counts: {error:#}");
        ExitCode::FAILURE
    })
}

fn counts() -> Result<ExitCode> {
    let mut given = Arguments::from_env();
    if given.contains(["-h", "--help"]) {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    // What this program does under callgrind.
    if let Some("run") = given.subcommand()?.as_deref() {
        let name: String = given.free_from_str()?;
        operations::run(&name, given.free_from_str()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let update = given.contains("--update");
    let rest = given.finish();
    if !rest.is_empty() {
        bail!("{rest:?} is not understood; --help shows what is");
    }
    if cfg!(debug_assertions) {
        bail!("only a release build says anything: cargo run --release …");
    }
    if update {
        let figures = OPERATIONS.map(|operation| Ok((operation.name, callgrind::each(operation)?)));
        let figures: Vec<_> = figures.into_iter().collect::<Result<_>>()?;
        limits::write(&figures)?;
        println!("written to {}", limits::PATH);
        return Ok(ExitCode::SUCCESS);
    }
    compare()
}

fn compare() -> Result<ExitCode> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        bail!("the limits are those of Linux on x86-64");
    }
    let limits = Limits::committed()?;
    let mut failed = Vec::new();
    println!(
        "{:14} {:>8} {:>8} {:>8}",
        "instructions", "now", "before", "at most"
    );
    for operation in OPERATIONS {
        let name = operation.name;
        let (now, before) = (callgrind::each(operation)?, limits.figure(name)?);
        let most = limits::with_margin(before);
        println!("{name:14} {now:8} {before:8} {most:8}");
        if now > most {
            failed.push(format!(
                "{name} takes {now} instructions, and may take {most} ({before} and a margin)"
            ));
        } else if now < limits::surely_better(before) {
            println!("  {name} has become cheaper: --update keeps it so");
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "FAILED: {}\n\
         Where they go: callgrind_annotate {}\n\
         If they are worth it: run this with --update, commit benches/counts/limits.txt, and say why in the message.",
        failed.join("\n        "),
        callgrind::profiles().join("NAME.out").display()
    );
    Ok(ExitCode::FAILURE)
}
