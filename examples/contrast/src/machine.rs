//! On which machine it was measured, and when.

use std::process::Command;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Machine {
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub memory_bytes: u64,
    pub kernel: String,
    pub compiler: String,
    /// Of leno, with `+` if there are changes that were not committed.
    pub commit: String,
    /// How many threads were runnable in the minute before, from `/proc/loadavg`.
    pub load: String,
    pub optimized: bool,
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
                .map_or(0, |kibibytes: u64| kibibytes * 1024),
            kernel: file("/proc/sys/kernel/osrelease"),
            compiler: said(Command::new("rustc").arg("--version")),
            commit: commit(),
            load: file("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            optimized: !cfg!(debug_assertions),
        }
    }
}

fn commit() -> String {
    let git = |words: &[&str]| {
        said(
            Command::new("git")
                .args(["-C", env!("CARGO_MANIFEST_DIR")])
                .args(words),
        )
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    format!(
        "{}{}",
        git(&["rev-parse", "--short", "HEAD"]),
        if changed { "+" } else { "" }
    )
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
