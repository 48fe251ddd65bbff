//! What one run of one workload measured, and how it is measured.

use std::collections::BTreeMap;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// One run of one workload in a process of its own. A child prints it as one line of JSON; whatever can be derived from
/// it (nanoseconds per operation, ratios) is left to the parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    pub runtime: String,
    pub workload: String,
    pub ops: u64,
    pub wall_ns: u64,
    /// User and system time of the measured part, of all threads.
    pub cpu_ns: u64,
    pub peak_rss_bytes: u64,
    pub voluntary_switches: u64,
    /// What only some workloads have: lateness percentiles in nanoseconds, bytes per task, system calls per request.
    #[serde(default)]
    pub extra: BTreeMap<String, f64>,
    /// In what the work differed from that of the others, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What the kernel has counted for this process so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu_ns: u64,
    pub voluntary_switches: u64,
}

impl Usage {
    pub fn of(who: UsageWho) -> Usage {
        let usage = getrusage(who).expect("getrusage fails only for a wrong argument");
        let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Usage {
            cpu_ns: cpu as u64 * 1000,
            voluntary_switches: usage.voluntary_context_switches() as u64,
        }
    }
}

/// Measures from `start` to `stop`.
pub struct Meter {
    usage: Usage,
    wall: Instant,
}

impl Meter {
    pub fn start() -> Meter {
        Meter {
            usage: Usage::of(UsageWho::RUSAGE_SELF),
            wall: Instant::now(),
        }
    }

    pub fn stop(self, ops: u64) -> Measured {
        let wall = self.wall.elapsed();
        let usage = Usage::of(UsageWho::RUSAGE_SELF);
        Measured {
            ops,
            wall_ns: wall.as_nanos() as u64,
            cpu_ns: usage.cpu_ns - self.usage.cpu_ns,
            voluntary_switches: usage.voluntary_switches - self.usage.voluntary_switches,
            extra: BTreeMap::new(),
            note: None,
        }
    }
}

/// What a workload hands back: a sample that does not know yet whose it is.
#[derive(Debug)]
pub struct Measured {
    pub ops: u64,
    pub wall_ns: u64,
    pub cpu_ns: u64,
    pub voluntary_switches: u64,
    pub extra: BTreeMap<String, f64>,
    pub note: Option<String>,
}

impl Measured {
    pub fn with(mut self, key: &str, value: f64) -> Measured {
        self.extra.insert(key.to_owned(), value);
        self
    }

    /// Adds a note, beside those that are there.
    pub fn noting(mut self, note: Option<String>) -> Measured {
        self.note = match (self.note, note) {
            (Some(mine), Some(more)) => Some(format!("{mine}; {more}")),
            (mine, more) => mine.or(more),
        };
        self
    }

    pub fn into_sample(self, runtime: &str, workload: &str) -> Sample {
        Sample {
            runtime: runtime.to_owned(),
            workload: workload.to_owned(),
            ops: self.ops,
            wall_ns: self.wall_ns,
            cpu_ns: self.cpu_ns,
            peak_rss_bytes: peak_rss_bytes(),
            voluntary_switches: self.voluntary_switches,
            extra: self.extra,
            note: self.note,
        }
    }
}

/// The most memory that this process has had at once. `getrusage` would count what the parent had before `exec`, too.
pub fn peak_rss_bytes() -> u64 {
    status_bytes("VmHWM:")
}

/// The memory that this process has now.
pub fn rss_bytes() -> u64 {
    status_bytes("VmRSS:")
}

fn status_bytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}
