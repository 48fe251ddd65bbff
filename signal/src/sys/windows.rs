//! Ctrl-C in the console, the only signal here that a program can do something with. Written for, but not run yet.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::console;
use crate::Signal;

/// The numbers that Linux gives them on most machines; Windows has none for most.
pub(crate) mod number {
    use std::os::raw::c_int;

    pub(crate) const SIGHUP: c_int = 1;
    pub(crate) const SIGINT: c_int = 2;
    pub(crate) const SIGQUIT: c_int = 3;
    pub(crate) const SIGILL: c_int = 4;
    pub(crate) const SIGTRAP: c_int = 5;
    pub(crate) const SIGABRT: c_int = 6;
    pub(crate) const SIGBUS: c_int = 7;
    pub(crate) const SIGFPE: c_int = 8;
    pub(crate) const SIGKILL: c_int = 9;
    pub(crate) const SIGUSR1: c_int = 10;
    pub(crate) const SIGSEGV: c_int = 11;
    pub(crate) const SIGUSR2: c_int = 12;
    pub(crate) const SIGPIPE: c_int = 13;
    pub(crate) const SIGALRM: c_int = 14;
    pub(crate) const SIGTERM: c_int = 15;
    pub(crate) const SIGCHLD: c_int = 17;
    pub(crate) const SIGCONT: c_int = 18;
    pub(crate) const SIGSTOP: c_int = 19;
    pub(crate) const SIGTSTP: c_int = 20;
    pub(crate) const SIGTTIN: c_int = 21;
    pub(crate) const SIGTTOU: c_int = 22;
    pub(crate) const SIGURG: c_int = 23;
    pub(crate) const SIGXCPU: c_int = 24;
    pub(crate) const SIGXFSZ: c_int = 25;
    pub(crate) const SIGVTALRM: c_int = 26;
    pub(crate) const SIGPROF: c_int = 27;
    pub(crate) const SIGWINCH: c_int = 28;
    pub(crate) const SIGIO: c_int = 29;
    pub(crate) const SIGSYS: c_int = 31;
}

/// What a stream takes Ctrl-C from.
pub(crate) struct Mailbox(Arc<Slot>);

/// How often Ctrl-C has come, and who waits for it. The console calls its handler on a thread like any other, so a lock will
/// do.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    presses: usize,
    waker: Option<Waker>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self) {
        let mut inner = self.lock();
        inner.presses += 1;
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Mailbox {
    pub(crate) fn new() -> io::Result<Mailbox> {
        Ok(Mailbox(Arc::default()))
    }

    /// From here on signals of this kind come into the mailbox.
    pub(crate) fn subscribe(&self, signal: Signal) -> io::Result<Subscription> {
        if signal.number() != number::SIGINT {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "cannot listen for the signal {signal:?}: Windows has only `Signal::Int`, which is Ctrl-C"
                ),
            ));
        }
        console::add(self.0.clone())?;
        Ok(Subscription(self.0.clone()))
    }

    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        let mut inner = self.0.lock();
        if inner.presses > 0 {
            inner.presses -= 1;
            return Poll::Ready(Ok(Signal::Int));
        }
        let replaced = inner.waker.replace(cx.waker().clone());
        drop(inner);
        drop(replaced);
        Poll::Pending
    }
}

/// That Ctrl-C comes into a mailbox, until this is dropped.
pub(crate) struct Subscription(Arc<Slot>);

impl Drop for Subscription {
    fn drop(&mut self) {
        console::remove(&self.0);
    }
}
