//! Where a process runs, and how many descriptors it may have.

use anyhow::Context as _;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// Keeps this thread, and those that it will start, on one CPU.
pub fn pin_to(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .with_context(|| format!("the process can't be pinned to CPU {cpu}"))
}

/// Allows as many descriptors as the OS lets us allow ourselves: thousands of connections need more than the usual 1024.
pub fn raise_descriptor_limit() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
        .context("the limit of open files can't be raised to its hard limit")
}
