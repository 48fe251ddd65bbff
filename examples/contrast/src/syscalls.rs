//! System calls, counted by `strace` or by `perf`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// How often each call was made, by its name.
pub type Calls = BTreeMap<String, f64>;

/// A command that runs a program, to which arguments can be added, and counts its calls into a file. Stops the program at
/// each call, so it is good for what talks to nobody.
pub fn tracing(file: &Path, program: &Path) -> Result<Command> {
    if Command::new("strace").arg("-V").output().is_err() {
        bail!("they are counted by strace, which is not here");
    }
    let mut command = Command::new("strace");
    command
        .args(["-f", "-c", "-U", "calls,name", "-o"])
        .arg(file)
        .arg(program);
    Ok(command)
}

/// What `strace` has counted.
pub fn traced(file: &Path) -> Result<Calls> {
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

/// What servers call, by the kernel's names.
const OF_SERVERS: [&str; 9] = [
    "recvfrom",
    "read",
    "sendto",
    "write",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_ctl",
    "futex",
];
/// All calls there are.
const ALL: &str = "raw_syscalls:sys_enter";

/// The same by `perf`: the kernel counts, and the program is hardly slower for it. A server that is stopped at each call would find the
/// next message there before it waits for it.
pub fn watching(file: &Path, program: &Path) -> Result<Command> {
    let works = Command::new("perf")
        .args(["stat", "-e", ALL, "true"])
        .output();
    if !works.is_ok_and(|output| output.status.success()) {
        bail!("they are counted by perf, which is not here or may not count them");
    }
    let events = OF_SERVERS
        .map(|call| format!("syscalls:sys_enter_{call}"))
        .join(",");
    let mut command = Command::new("perf");
    command
        .args(["stat", "-x", ",", "-e", &format!("{ALL},{events}"), "-o"])
        .arg(file)
        .arg("--")
        .arg(program);
    Ok(command)
}

/// What `perf` has counted: by names, and the others together.
pub fn watched(file: &Path) -> Result<Calls> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut calls = Calls::new();
    for line in text.lines() {
        let mut fields = line.split(',');
        let (Some(Ok(count)), Some(event)) = (fields.next().map(str::parse::<f64>), fields.nth(1))
        else {
            continue;
        };
        calls.insert(
            event.trim_start_matches("syscalls:sys_enter_").to_owned(),
            count,
        );
    }
    let all = calls
        .remove(ALL)
        .with_context(|| format!("perf has counted nothing: {text}"))?;
    let named: f64 = calls.values().sum();
    calls.insert("others".to_owned(), all - named);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this text.
    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn counts_are_read_and_subtracted() {
        let short = file(
            "   calls syscall\n--------- -----\n       10 read\n        4 futex\n--------- -----\n 14 total\n",
        );
        let long =
            file("   calls syscall\n       30 read\n        4 futex\n       40 write\n 74 total\n");
        let each = difference(
            &traced(short.path()).unwrap(),
            &traced(long.path()).unwrap(),
            20.0,
        );
        assert_eq!(
            each,
            Calls::from([("read".to_owned(), 1.0), ("write".to_owned(), 2.0)])
        );
        assert_eq!(in_words(&each), "write 2, read 1");
        assert!(traced(file("").path()).is_err());
    }

    #[test]
    fn what_has_no_name_is_counted_too() {
        let counted = file(
            "# started\n\n12,,raw_syscalls:sys_enter,9,100.00,,\n5,,syscalls:sys_enter_read,9,100.00,,\n",
        );
        let calls = watched(counted.path()).unwrap();
        assert_eq!(
            calls,
            Calls::from([("read".to_owned(), 5.0), ("others".to_owned(), 7.0)])
        );
    }
}
