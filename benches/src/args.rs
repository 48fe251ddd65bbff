//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use pico_args::Arguments;

use crate::net::Pin;
use crate::peer::Peer;

pub const HELP: &str = "\
leno beside its peers

cargo run --release -p leno-bench -- [OPTIONS]

  --runtimes a,b     only these (leno, smol, tokio, tokio-current, may, threads, go, java,
                     and for the network monoio, monoio-uring, epoll-1, epoll-n)
  --workloads x,y*   only these rows; a star at the end stands for any ending
  --repeats K        samples of each runtime on each row (default 3; with --quick 1)
  --quick            a tenth of the operations
  --workers N        worker threads of each runtime (default 2)
  --out DIR          where the results are written (default benches/results)
  --max-load X       mark a figure whose samples met more than this load of other processes, in cores (default 0.1)
  --pin WHICH        put server and clients on a CPU each: single (the default: where there is one connection), all, none
  --calm SECONDS     for a sample, wait as long for others to be quiet, and take it again if they were not (default 0)
  --resume           go on where an earlier run was stopped: what it measured of the same sources is not measured again
  --report           measure nothing, and write again what --out holds
  --install          get Go and Java from PyPI, into the folder of this program, if they are not there
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
    pub calm: Duration,
    pub install: bool,
    pub resume: bool,
    pub only_report: bool,
    pub pin: Pin,
    /// For a child that drives a row of the network: the program that serves, if it is not this one.
    pub server: Option<PathBuf>,
}

impl Args {
    /// `given` is the command line after the subcommand, if there is one.
    pub fn parse(subcommand: Option<&str>, mut given: Arguments) -> Result<Args> {
        let runtimes: Option<String> = given.opt_value_from_str("--runtimes")?;
        let workloads: Option<String> = given.opt_value_from_str("--workloads")?;
        let quick = given.contains("--quick");
        let repeats = given.opt_value_from_str("--repeats")?;
        let list = given.contains("--list");
        let install = given.contains("--install");
        let resume = given.contains("--resume");
        let only_report = given.contains("--report");
        let help = given.contains(["-h", "--help"]);
        let mut args = Args {
            command: Command::Suite,
            runtimes: runtimes.map(|names| peers(&names)).transpose()?,
            workloads: workloads.map(|names| names.split(',').map(str::to_owned).collect()),
            repeats: repeats.unwrap_or(if quick { 1 } else { 3 }),
            quick,
            workers: given.opt_value_from_str("--workers")?.unwrap_or(2),
            out: given
                .opt_value_from_str("--out")?
                .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/results"))),
            max_load: given.opt_value_from_str("--max-load")?.unwrap_or(0.1),
            calm: Duration::from_secs(given.opt_value_from_str("--calm")?.unwrap_or(0)),
            install,
            resume,
            only_report,
            server: given.opt_value_from_str("--server")?,
            pin: given.opt_value_from_str("--pin")?.unwrap_or(Pin::Single),
        };
        args.command = match subcommand {
            Some("child") => Command::Child {
                runtime: Peer::named(&given.free_from_str::<String>()?)?,
                workload: given.free_from_str()?,
            },
            Some(other) => bail!("nothing is called {other:?}; --help shows what there is"),
            None if help => Command::Help,
            None if list => Command::List,
            None => Command::Suite,
        };
        let rest = given.finish();
        if !rest.is_empty() {
            bail!("{rest:?} is not understood; --help shows what is");
        }
        if args.repeats == 0 || args.workers == 0 {
            bail!("--repeats and --workers are 1 or more");
        }
        Ok(args)
    }
}

fn peers(names: &str) -> Result<Vec<Peer>> {
    names.split(',').map(Peer::named).collect()
}
