//! Counts a program's instructions in user space.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::operations::Operation;

/// How many instructions one operation takes: the difference between two runs, of which one does twice as much, so that what
/// a program does at its beginning and its end is not in it.
pub fn each(operation: Operation) -> Result<u64> {
    // The longer one comes last: its profile stays.
    let once = instructions(operation.name, operation.times)?;
    let twice = instructions(operation.name, operation.times * 2)?;
    let more = twice.checked_sub(once);
    Ok(more.context("more operations took fewer instructions")? / operation.times)
}

/// Where the profile of each operation's last run is, for `callgrind_annotate`.
pub fn profiles() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/counts"))
}

fn instructions(name: &str, times: u64) -> Result<u64> {
    let folder = profiles();
    std::fs::create_dir_all(&folder)?;
    let profile = folder.join(format!("{name}.out"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe()?)
        .args(["run", name, &times.to_string()])
        .output()
        .context("can't start valgrind; on Debian: apt-get install valgrind")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {said}", output.status);
    }
    let text = std::fs::read_to_string(&profile)?;
    text.lines()
        .find_map(|line| line.strip_prefix("totals:"))
        .and_then(|count| count.trim().parse().ok())
        .with_context(|| format!("{} has no count in it", profile.display()))
}
