//! What one run of one workload on one runtime used.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use serde::{Deserialize, Serialize};

/// One measurement. Whatever can be derived from these figures is derived by who reads them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Which runtime ran.
    pub runtime: String,
    /// What it did.
    pub workload: String,
    /// How many operations were measured.
    pub ops: u64,
    /// How long they took.
    pub wall_ns: u64,
    /// How much CPU time they took, in user and system mode together.
    pub cpu_ns: u64,
    /// The most memory that the process ever had.
    pub peak_rss_bytes: u64,
    /// How often a thread gave up its CPU by itself.
    pub voluntary_switches: u64,
    /// What only some workloads have.
    pub extra: BTreeMap<String, f64>,
}

/// What this process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// CPU time in user mode.
    pub user: Duration,
    /// CPU time in system mode.
    pub system: Duration,
    /// The most memory that the process ever had.
    pub peak_rss_bytes: u64,
    /// How often a thread gave up its CPU by itself.
    pub voluntary_switches: u64,
    /// How often a thread was made to give up its CPU.
    pub involuntary_switches: u64,
}

impl Usage {
    /// Asks the OS.
    pub fn now() -> io::Result<Usage> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        Ok(Usage {
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            peak_rss_bytes: usage.max_rss() as u64 * 1024,
            voluntary_switches: usage.voluntary_context_switches() as u64,
            involuntary_switches: usage.involuntary_context_switches() as u64,
        })
    }
}

fn duration(time: TimeVal) -> Duration {
    Duration::from_micros(time.num_microseconds() as u64)
}
