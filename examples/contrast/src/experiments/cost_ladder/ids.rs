//! By what numbers the kernel knows them: a process, a thread, a task.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, bail};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, gettid};
use serde::{Deserialize, Serialize};

use crate::finding::{Cell, Finding, Table};

/// What one of them is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id {
    pid: i32,
    tid: i32,
}

impl Id {
    /// Of whoever calls.
    fn own() -> Id {
        Id {
            pid: getpid().as_raw(),
            tid: gettid().as_raw(),
        }
    }
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ids {
    /// The thread that starts the others.
    here: Id,
    child: Id,
    /// What `fork` returned.
    forked: i32,
    thread: Id,
    workers: BTreeSet<Id>,
    /// Of some tasks, without those that are the same.
    tasks: BTreeSet<Id>,
}

/// How many tasks are asked, each twice, with a pause in which it may move.
const TASKS: usize = 1000;

pub fn all() -> Result<Ids> {
    let here = Id::own();
    let (forked, child) = of_a_child()?;
    let Ok(thread) = std::thread::spawn(Id::own).join() else {
        bail!("a thread panicked");
    };
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            leno::spawn(async {
                let first = Id::own();
                leno::future::yield_now().await;
                [first, Id::own()]
            })
        })
        .collect();
    let tasks = leno::block_on(async {
        let mut ids = BTreeSet::new();
        for task in tasks {
            ids.extend(task.await);
        }
        ids
    });
    Ok(Ids {
        here,
        child,
        forked: forked.as_raw(),
        thread,
        workers: of_workers()?,
        tasks,
    })
}

/// What a child says of itself, and what it is called here.
fn of_a_child() -> Result<(Pid, Id)> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    // SAFETY: this process has one thread, and the child only writes and ends.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let Id { pid, tid } = Id::own();
            let wrote = theirs
                .write_all(&pid.to_ne_bytes())
                .and_then(|()| theirs.write_all(&tid.to_ne_bytes()));
            // SAFETY: ends the process without anything else.
            unsafe { nix::libc::_exit(i32::from(wrote.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            let mut number = || -> Result<i32> {
                let mut bytes = [0; 4];
                ours.read_exact(&mut bytes)
                    .context("the child says nothing")?;
                Ok(i32::from_ne_bytes(bytes))
            };
            let id = Id {
                pid: number()?,
                tid: number()?,
            };
            waitpid(child, None)?;
            Ok((child, id))
        }
    }
}

/// The threads of this process that have the names of leno's workers, as the kernel lists them.
fn of_workers() -> Result<BTreeSet<Id>> {
    let pid = getpid().as_raw();
    let mut workers = BTreeSet::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        let thread = thread?;
        // One that has ended may be listed still, and have no name any more.
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if name.starts_with("leno-") {
            let tid = thread.file_name().to_string_lossy().parse()?;
            workers.insert(Id { pid, tid });
        }
    }
    Ok(workers)
}

/// Shows them, checks them, and says in a sentence what was seen.
pub fn show(ids: &Ids, finding: &mut Finding) -> String {
    let Ids { here, child, .. } = *ids;
    let mut table = Table::new(
        "By what numbers the kernel knows them",
        ["", "process (pid)", "thread (tid)"],
    );
    let mut row = |name: &str, id: Id| {
        table.row(name, [id.pid, id.tid].map(|id| Cell::text(id.to_string())));
    };
    row("the one that starts them", here);
    row("a process, by fork", child);
    row("a thread", ids.thread);
    for id in &ids.workers {
        row("a worker of leno", *id);
    }
    for id in &ids.tasks {
        row(&format!("tasks, of {TASKS}"), *id);
    }
    finding.table(table);
    finding.check(
        "a process that was forked has another pid, which is also its tid",
        child.pid != here.pid && child.pid == ids.forked && child.tid == child.pid,
    );
    finding.check(
        "a thread has the same pid and another tid",
        ids.thread.pid == here.pid && ids.thread.tid != here.tid,
    );
    finding.check(
        "a task has the pid and the tid of a worker",
        !ids.tasks.is_empty() && ids.tasks.is_subset(&ids.workers),
    );
    format!(
        " The kernel knows the process by another pid, {} beside {}; the thread by the same pid and another tid, {}; and {TASKS} tasks not at all: asked who they are, all of them name \
         the pid and tid of a worker, of which there are {}.",
        child.pid,
        here.pid,
        ids.thread.tid,
        ids.workers.len(),
    )
}
