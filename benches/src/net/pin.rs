//! Where a process runs, and how many descriptors it may have.

use anyhow::Context as _;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// Keeps this thread on one CPU, and what threads and processes it will start.
pub fn pin_to(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .with_context(|| format!("a thread can't be pinned to CPU {cpu}"))
}

/// Does something on one CPU: a process that is started there stays there.
pub fn on_cpu<T>(cpu: usize, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let this_thread = Pid::from_raw(0);
    let before = sched_getaffinity(this_thread)?;
    pin_to(cpu)?;
    let done = work();
    sched_setaffinity(this_thread, &before)?;
    done
}

/// Allows as many descriptors as the OS lets us allow ourselves: thousands of connections need more than the usual 1024.
pub fn raise_descriptor_limit() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
        .context("the limit of open files can't be raised to its hard limit")
}
