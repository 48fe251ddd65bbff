//! Processes that nobody holds any more, and that must not stay zombies when they end.
//!
//! They are reaped by a handler for `SIGCHLD`, which calls waitpid(2) for each of them: that is allowed in a signal handler,
//! needs no thread, no executor and no descriptor, and works in a program that never comes back to leno. The handler is
//! installed for the first orphan.
//!
//! The list is behind a [`Gate`], because a handler may interrupt the code that is at it.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

use leno_reactor::PerProcess;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::ignored::kernel_reaps;
use crate::gate::Gate;

/// How many orphans are looked at when a process is started, should no handler have been called for them: another one was
/// put in its place, or all threads block the signal.
const VISITS: usize = 16;

/// A forked child has none of its parent's.
static ORPHANS: PerProcess<Orphans> = PerProcess::new();

pub(super) struct Orphans {
    gate: Gate,
    /// Only touched by who is inside of the gate.
    list: UnsafeCell<List>,
}

// SAFETY: `list` is only touched inside of the gate, which admits one at a time.
unsafe impl Sync for Orphans {}

#[derive(Default)]
struct List {
    pids: Vec<Pid>,
    /// Where the next visit begins.
    next: usize,
}

impl Orphans {
    pub(super) fn get() -> &'static Orphans {
        ORPHANS.get_or_init(|| Orphans {
            gate: Gate::new(),
            list: UnsafeCell::default(),
        })
    }

    /// Takes a running process in.
    pub(super) fn adopt(&self, pid: Pid) {
        if !listen() {
            return;
        }
        // If another thread is inside, then for as long as it takes to look at every orphan.
        self.gate.enter();
        // SAFETY: inside of the gate.
        unsafe { &mut *self.list.get() }.add(pid);
        self.leave();
    }

    /// Looks at some of them, unless somebody else does.
    pub(super) fn visit(&self) {
        if self.gate.try_enter() {
            // SAFETY: inside of the gate.
            unsafe { &mut *self.list.get() }.visit();
            self.leave();
        }
    }

    /// Looks at all of them, or has somebody else do it. Async-signal-safe.
    fn handle_signal(&self) {
        if self.gate.enter_or_call() {
            // SAFETY: inside of the gate.
            unsafe { &mut *self.list.get() }.sweep();
            self.leave();
        }
    }

    fn leave(&self) {
        // SAFETY: still inside of the gate.
        self.gate.leave(|| unsafe { &mut *self.list.get() }.sweep());
    }
}

impl List {
    fn add(&mut self, pid: Pid) {
        self.pids.push(pid);
        // It may have ended before it was on the list.
        if is_over(pid) {
            self.pids.pop();
        }
    }

    /// Reaps those that have ended. Allocates and frees nothing.
    fn sweep(&mut self) {
        let mut i = 0;
        while let Some(&pid) = self.pids.get(i) {
            if is_over(pid) {
                self.pids.swap_remove(i);
            } else {
                i += 1;
            }
        }
    }

    fn visit(&mut self) {
        for _ in 0..VISITS.min(self.pids.len()) {
            if self.next >= self.pids.len() {
                self.next = 0;
            }
            match self.pids.get(self.next) {
                Some(&pid) if is_over(pid) => drop(self.pids.swap_remove(self.next)),
                _ => self.next += 1,
            }
        }
    }
}

/// Reaps a child if it has ended. True if it is no child of this process any more.
fn is_over(pid: Pid) -> bool {
    !matches!(
        waitpid(Some(pid), WaitOptions::NOHANG),
        Ok(None) | Err(Errno::INTR)
    )
}

/// Sees to it that the handler is there. False if the kernel reaps all children itself, because the program told it so.
fn listen() -> bool {
    /// Whether the handler is there. Set after it was installed, Release; read by everybody, Acquire. Threads that get here
    /// at once install it twice, which does no harm. A forked child has it too.
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.load(Ordering::Acquire) {
        return true;
    }
    if kernel_reaps() {
        return false;
    }
    let handler = || {
        if let Some(orphans) = ORPHANS.get() {
            orphans.handle_signal();
        }
    };
    // If there can be none, the processes are looked at when others are started.
    // SAFETY: the handler loads and changes atomics, calls waitpid(2) and writes to memory that nobody else touches
    // meanwhile. It does not allocate, lock or panic.
    if unsafe { signal_hook_registry::register(libc::SIGCHLD, handler) }.is_ok() {
        LISTENING.store(true, Ordering::Release);
    }
    true
}
