//! How many system calls a process makes, counted from outside.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long `perf` may take to get hold of all threads. There is no sign by which it could be known.
const ATTACH: Duration = Duration::from_millis(300);

/// `perf`, counting.
pub struct Counter(Child);

impl Counter {
    /// Counts the calls of a process from now on. The process goes on at nearly full speed.
    pub fn attach(process: u32) -> anyhow::Result<Counter> {
        let perf = Command::new("perf")
            .args(["stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p"])
            .arg(process.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("system calls are counted by `perf`, which can't be run")?;
        thread::sleep(ATTACH);
        Ok(Counter(perf))
    }

    /// How many there were.
    pub fn finish(self) -> anyhow::Result<u64> {
        kill(Pid::from_raw(self.0.id() as i32), Signal::SIGINT)?;
        let output = self.0.wait_with_output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        let count = report
            .lines()
            .find(|line| line.contains("sys_enter"))
            .and_then(|line| line.split(',').next()?.parse().ok());
        ensure!(count.is_some(), "`perf` counts no system calls: {report}");
        count.context("`perf` gives a count")
    }
}
