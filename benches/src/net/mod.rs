//! The rows of the network: a server of each runtime, and one load generator for all of them.
//!
//! A row is measured with three processes. The parent starts the server ([`serve`]) and the load generator ([`load`]),
//! and tells both where the measured part begins; see [`row`].

mod awake;
pub mod load;
mod pin;
pub mod row;
pub mod serve;
mod servers;
mod syscalls;
mod workload;

pub use workload::{Workload, workloads};

/// The runtimes that this build has a server for, in the order in which they are shown.
pub use servers::names as runtimes;

use pico_args::Arguments;

use self::row::{Pin, Settings, run_row};

/// `leno-bench net <runtime,…> <workload,…>`: measures these rows once and prints a line for each.
pub fn main(mut args: Arguments) -> anyhow::Result<()> {
    let settings = Settings {
        workers: args.opt_value_from_str("--workers")?.unwrap_or(2),
        quick: args.contains("--quick"),
        pin: match args.opt_value_from_str::<_, String>("--pin")?.as_deref() {
            None => Pin::Single,
            Some("all") => Pin::All,
            Some("none") => Pin::None,
            Some(other) => anyhow::bail!("`--pin` takes all or none, not `{other}`"),
        },
    };
    let repeats = args.opt_value_from_str("--repeats")?.unwrap_or(1);
    let chosen: String = args.free_from_str()?;
    let rows: String = args.free_from_str()?;
    for workload in rows.split(',') {
        for _ in 0..repeats {
            for runtime in chosen.split(',') {
                let sample = run_row(runtime, workload, &settings)?;
                println!("{}", serde_json::to_string(&sample)?);
            }
        }
    }
    Ok(())
}
