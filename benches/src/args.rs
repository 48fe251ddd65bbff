//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::peer::Peer;

pub const HELP: &str = "\
leno beside its peers

cargo run --release -p leno-bench -- [OPTIONS]

  --runtimes a,b     only these (leno, smol, tokio, tokio-current, may, threads)
  --workloads x,y*   only these rows; a star at the end stands for any ending
  --repeats K        samples of each runtime on each row (default 3; with --quick 1)
  --quick            a tenth of the operations
  --workers N        worker threads of each runtime (default 2)
  --out DIR          where the results are written (default benches/results)
  --max-load X       mark a figure whose samples met more than this load of other processes, in cores (default 0.1)
  --list             say what would be run
";

pub enum Command {
    Help,
    List,
    Suite,
    Child { runtime: Peer, workload: String },
}

pub struct Args {
    pub command: Command,
    pub runtimes: Option<Vec<Peer>>,
    pub workloads: Option<Vec<String>>,
    pub repeats: usize,
    pub quick: bool,
    pub workers: usize,
    pub out: PathBuf,
    pub max_load: f64,
}

impl Args {
    pub fn parse() -> Result<Args> {
        let mut command = Command::Suite;
        let mut runtimes = None;
        let mut workloads = None;
        let mut repeats = None;
        let mut quick = false;
        let mut workers = 2;
        let mut out = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/results"));
        let mut max_load = 0.1;
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("runtimes") => {
                    let names = parser.value()?.string()?;
                    runtimes = Some(names.split(',').map(Peer::named).collect::<Result<_>>()?);
                }
                Long("workloads") => {
                    let names = parser.value()?.string()?;
                    workloads = Some(names.split(',').map(str::to_owned).collect());
                }
                Long("repeats") => repeats = Some(parser.value()?.parse()?),
                Long("quick") => quick = true,
                Long("workers") => workers = parser.value()?.parse()?,
                Long("out") => out = parser.value()?.into(),
                Long("max-load") => max_load = parser.value()?.parse()?,
                Long("list") => command = Command::List,
                Long("help") | Short('h') => command = Command::Help,
                Value(name) if name == "child" => {
                    command = Command::Child {
                        runtime: Peer::named(&parser.value()?.string()?)?,
                        workload: parser.value()?.string()?,
                    };
                }
                other => return Err(other.unexpected().into()),
            }
        }
        let repeats = repeats.unwrap_or(if quick { 1 } else { 3 });
        if repeats == 0 || workers == 0 {
            bail!("--repeats and --workers are 1 or more");
        }
        Ok(Args {
            command,
            runtimes,
            workloads,
            repeats,
            quick,
            workers,
            out,
            max_load,
        })
    }
}
