//! Processes that nobody holds any more, and that must not stay zombies when they end.
//!
//! They are reaped by a handler for `SIGCHLD`, which calls waitpid(2) for each of them: that is allowed in a signal handler,
//! needs no thread, no executor and no descriptor, and works in a program that never comes back to leno. The handler is
//! installed for the first orphan.
//!
//! The list belongs to one holder at a time. A handler never waits for it, as it may have interrupted the holder: it leaves
//! word instead, and the holder looks at all orphans once more before it is done.
//!
//! ```text
//!            hold                     a handler leaves word
//!   FREE ───────────► HELD ─────────────────────────────────► CALLED
//!    ▲                │  ▲                                      │
//!    └── let go ──────┘  └────────── the holder sweeps ─────────┘
//! ```

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

use leno_reactor::PerProcess;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::ignored::kernel_reaps;

/// How many orphans are looked at when a process is started, should no handler have been called for them: another one was
/// put in its place, or all threads block the signal.
const VISITS: usize = 16;

const FREE: u8 = 0;
const HELD: u8 = 1;
const CALLED: u8 = 2;

/// A forked child has none of its parent's.
static ORPHANS: PerProcess<Orphans> = PerProcess::new();

pub(super) struct Orphans {
    /// Exchanged by whoever takes, leaves word for or gives back the list, AcqRel: what a holder did to the list is seen by
    /// the next one, and who sees that word was left looks at the processes after the one who left it.
    state: AtomicU8,
    /// Only touched by the holder.
    list: UnsafeCell<List>,
}

// SAFETY: `list` is only touched by the holder, of which `state` admits one at a time.
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
            state: AtomicU8::new(FREE),
            list: UnsafeCell::default(),
        })
    }

    /// Takes a running process in.
    pub(super) fn adopt(&self, pid: Pid) {
        if !listen() {
            return;
        }
        while !self.hold() {
            // Another thread has the list, for as long as it takes to look at every orphan.
            thread::yield_now();
        }
        // SAFETY: this thread is the holder.
        let list = unsafe { &mut *self.list.get() };
        list.pids.push(pid);
        // It may have ended before it was on the list.
        if is_over(pid) {
            list.pids.pop();
        }
        self.let_go();
    }

    /// Looks at some of them, unless somebody else does.
    pub(super) fn visit(&self) {
        if !self.hold() {
            return;
        }
        // SAFETY: this thread is the holder.
        unsafe { &mut *self.list.get() }.visit();
        self.let_go();
    }

    /// Looks at all of them, or has the holder do it. Async-signal-safe.
    fn handle_signal(&self) {
        let take_or_tell = |state| Some(if state == FREE { HELD } else { CALLED });
        let before = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take_or_tell);
        if before == Ok(FREE) {
            // SAFETY: this thread is the holder.
            unsafe { &mut *self.list.get() }.sweep();
            self.let_go();
        }
    }

    fn hold(&self) -> bool {
        self.state
            .compare_exchange(FREE, HELD, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    fn let_go(&self) {
        while self
            .state
            .compare_exchange(HELD, FREE, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            self.state.swap(HELD, Ordering::AcqRel);
            // SAFETY: this thread is still the holder.
            unsafe { &mut *self.list.get() }.sweep();
        }
    }
}

impl List {
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
