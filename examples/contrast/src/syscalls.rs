//! System calls, counted by `strace`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// How often each call was made, by its name.
pub type Calls = BTreeMap<String, f64>;

/// A command that runs a program, to which arguments can be added, and counts its calls into a file.
pub fn counting(file: &Path, program: &Path) -> Result<Command> {
    if Command::new("strace").arg("-V").output().is_err() {
        bail!("system calls are counted by strace, which is not here");
    }
    let mut command = Command::new("strace");
    command
        .args(["-f", "-c", "-U", "calls,name", "-o"])
        .arg(file)
        .arg(program);
    Ok(command)
}

/// What was counted.
pub fn read(file: &Path) -> Result<Calls> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let calls: Calls = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (count, name) = (words.next()?.parse().ok()?, words.next()?);
            (name != "total").then(|| (name.to_owned(), count))
        })
        .collect();
    if calls.is_empty() {
        bail!("strace has counted nothing: {text}");
    }
    Ok(calls)
}

/// What the second has more than the first, for each of so many operations; without what is next to nothing.
pub fn difference(first: &Calls, second: &Calls, operations: f64) -> Calls {
    second
        .iter()
        .map(|(name, count)| {
            (
                name.clone(),
                (count - first.get(name).unwrap_or(&0.0)) / operations,
            )
        })
        .filter(|(_, each)| *each > 0.0005)
        .collect()
}

/// All of them together.
pub fn total(calls: &Calls) -> f64 {
    calls.values().sum()
}

/// In words: the most frequent ones first.
pub fn in_words(calls: &Calls) -> String {
    let mut calls: Vec<_> = calls.iter().filter(|(_, each)| **each >= 0.005).collect();
    calls.sort_by(|one, other| other.1.total_cmp(one.1));
    let words: Vec<_> = calls
        .iter()
        .map(|(name, each)| format!("{name} {}", crate::unit::Unit::Count.show(**each)))
        .collect();
    words.join(", ")
}
