//! What the kernel has counted for this process.

use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// What a piece of work took, in this process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Spent {
    pub wall_ns: f64,
    /// User and system time of all threads.
    pub cpu_ns: f64,
    /// How often a thread went to sleep.
    pub voluntary: u64,
    /// How often the kernel took a thread off its CPU.
    pub involuntary: u64,
}

/// Measures from `start` to `stop`.
pub struct Meter {
    wall: Instant,
    usage: (f64, u64, u64),
}

impl Meter {
    pub fn start() -> Meter {
        Meter {
            usage: usage(),
            wall: Instant::now(),
        }
    }

    pub fn stop(self) -> Spent {
        self.so_far()
    }

    pub fn so_far(&self) -> Spent {
        let wall = self.wall.elapsed();
        let (cpu, voluntary, involuntary) = usage();
        Spent {
            wall_ns: wall.as_nanos() as f64,
            cpu_ns: cpu - self.usage.0,
            voluntary: voluntary - self.usage.1,
            involuntary: involuntary - self.usage.2,
        }
    }
}

fn usage() -> (f64, u64, u64) {
    let usage =
        getrusage(UsageWho::RUSAGE_SELF).expect("getrusage fails only for a wrong argument");
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let switches = (
        usage.voluntary_context_switches(),
        usage.involuntary_context_switches(),
    );
    (cpu as f64 * 1000.0, switches.0 as u64, switches.1 as u64)
}

/// The memory that is in use now, in bytes: the pages of this process, the tables by which they are mapped, and the stacks
/// that its threads have in the kernel. What else the kernel keeps of a thread, some ten kilobytes, is not in it.
pub fn memory() -> u64 {
    (status("VmRSS:") + status("VmPTE:")) * 1024 + threads() * kernel_stack()
}

/// How large the stack is that each thread has in the kernel, in bytes: all of them, divided by all threads there are, in
/// whole pages.
fn kernel_stack() -> u64 {
    let all = number_in("/proc/meminfo", "KernelStack:") * 1024;
    let load = std::fs::read_to_string("/proc/loadavg").expect("Linux has /proc");
    // The fourth word is `runnable/all`.
    let threads = load
        .split([' ', '/'])
        .nth(4)
        .and_then(|number| number.parse::<u64>().ok());
    let page = 4096;
    (all / threads.expect("/proc/loadavg counts threads") + page / 2) / page * page
}

/// The memory of the machine that could be had, in bytes.
pub fn available_memory() -> u64 {
    number_in("/proc/meminfo", "MemAvailable:") * 1024
}

/// How many mappings a process may have, or fewer.
pub fn most_mappings() -> usize {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    limit
        .and_then(|limit| limit.trim().parse().ok())
        .unwrap_or(65_530)
}

/// How many threads the system allows, or fewer, and the name of the limit that says so.
pub fn most_threads() -> (&'static str, usize) {
    let limits = [
        ("kernel.pid_max", "/proc/sys/kernel/pid_max"),
        ("kernel.threads-max", "/proc/sys/kernel/threads-max"),
        ("pids.max of the control group", "/sys/fs/cgroup/pids.max"),
    ];
    // One that can't be read, or is the word `max`, limits nothing.
    let known = limits.into_iter().filter_map(|(name, file)| {
        let limit = std::fs::read_to_string(file).ok()?;
        Some((name, limit.trim().parse().ok()?))
    });
    known
        .min_by_key(|(_, limit)| *limit)
        .unwrap_or(("kernel.pid_max", 32_768))
}

/// How many threads this process has.
pub fn threads() -> u64 {
    status("Threads:")
}

/// A number of `/proc/self/status`.
fn status(field: &str) -> u64 {
    number_in("/proc/self/status", field)
}

fn number_in(file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(file).expect("Linux has /proc");
    text.lines()
        .find_map(|line| {
            line.strip_prefix(field)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{file} has no {field}"))
}

/// The middle one; of an even number, the lower.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

/// Below which the given share of the values lies.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
