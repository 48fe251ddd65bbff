//! Which machine this is, and what else it does.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::UsageWho;
use serde::Serialize;

use crate::sample::Usage;

/// What the figures depend on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// When the run began.
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub memory_bytes: u64,
    pub kernel: String,
    pub compiler: String,
    /// Of leno, with `+` if there are changes that were not committed.
    pub commit: String,
    /// Name and version of what is compared.
    pub versions: Vec<(String, String)>,
    /// Mean number of runnable threads in the minute, five and fifteen before the run.
    pub load_average: String,
}

impl Machine {
    pub fn describe() -> Machine {
        Machine {
            date: said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: line_of("/proc/meminfo", "MemTotal")
                .trim_end_matches(" kB")
                .parse()
                .map_or(0, |kilobytes: u64| kilobytes * 1024),
            kernel: file("/proc/sys/kernel/osrelease"),
            compiler: said(Command::new("rustc").arg("--version")),
            commit: commit(),
            versions: versions(),
            load_average: file("/proc/loadavg")
                .split(' ')
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// What the lock file says about the peers.
fn versions() -> Vec<(String, String)> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let named = [
        "leno",
        "smol",
        "async-executor",
        "tokio",
        "may",
        "async-channel",
        "monoio",
        "hyper",
    ];
    let field = |entry: &str, key: &str| {
        let start = format!("{key} = \"");
        entry
            .lines()
            .find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'))
            .map(str::to_owned)
    };
    let entries: Vec<_> = LOCK
        .split("[[package]]")
        .filter_map(|entry| Some((field(entry, "name")?, field(entry, "version")?)))
        .collect();
    named
        .iter()
        .filter_map(|name| entries.iter().find(|(entry, _)| entry == name).cloned())
        .collect()
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        said(
            Command::new("git")
                .args(["-C", env!("CARGO_MANIFEST_DIR")])
                .args(arguments),
        )
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    let mark = if changed { "+" } else { "" };
    format!("{}{mark}", git(&["rev-parse", "--short", "HEAD"]))
}

/// What a program prints; nothing, if it is not there.
fn said(command: &mut Command) -> String {
    command.output().map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn file(path: &str) -> String {
    std::fs::read_to_string(path).map_or_else(|_| String::new(), |text| text.trim().to_owned())
}

fn line_of(path: &str, field: &str) -> String {
    file(path)
        .lines()
        .find_map(|line| line.strip_prefix(field)?.split_once(':'))
        .map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

/// Measures how much other processes compute meanwhile.
pub struct LoadMeter {
    busy_ns: u64,
    ours_ns: u64,
    start: Instant,
}

impl LoadMeter {
    pub fn start() -> LoadMeter {
        LoadMeter {
            busy_ns: busy_ns(),
            ours_ns: ours_ns(),
            start: Instant::now(),
        }
    }

    /// In cores: 1 is one core that is busy all the time. The kernel counts in hundredths of a second, so less than two
    /// of them is nothing.
    pub fn stop(self) -> f64 {
        let elapsed = self.start.elapsed().as_nanos() as f64;
        let ours = ours_ns() - self.ours_ns;
        let others = (busy_ns() - self.busy_ns).saturating_sub(ours);
        if others <= 2 * TICK_NS {
            return 0.0;
        }
        others as f64 / elapsed
    }
}

/// Waits until other processes leave the machine alone, or the time is over.
pub fn wait_for_calm(max_load: f64, until: Instant) {
    while Instant::now() < until {
        let load = LoadMeter::start();
        std::thread::sleep(Duration::from_millis(200));
        if load.stop() <= max_load {
            return;
        }
    }
}

/// The unit of `/proc/stat`: 100 a second, whatever the kernel's own tick is.
const TICK_NS: u64 = 10_000_000;

/// The time that all cores were not idle, that taken by other virtual machines included.
fn busy_ns() -> u64 {
    let stat = file("/proc/stat");
    let mut ticks = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse::<u64>().unwrap_or(0));
    // user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen
    let first: u64 = ticks.by_ref().take(3).sum();
    let rest: u64 = ticks.skip(2).take(3).sum();
    (first + rest) * TICK_NS
}

/// What this process and its children that have ended used.
fn ours_ns() -> u64 {
    Usage::of(UsageWho::RUSAGE_SELF).cpu_ns + Usage::of(UsageWho::RUSAGE_CHILDREN).cpu_ns
}
