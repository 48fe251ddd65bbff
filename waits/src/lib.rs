#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a future waits for.
///
/// # Examples
///
/// ```
/// use leno_waits::Wait;
///
/// assert_eq!(Wait::Message.to_string(), "recv");
/// assert_eq!(Wait::Readable(7).to_string(), "handle 7 readable");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// That it is so late.
    Timer(Instant),
    /// A timer that never fires.
    Never,
    /// That the OS handle of this number can be read from: a descriptor, or on Windows a socket.
    Readable(u64),
    /// That the OS handle of this number can be written to.
    Writable(u64),
    /// A message from a channel.
    Message,
    /// Room in a channel for a message.
    Room,
    /// A receiver that takes a message, at a rendezvous.
    Receiver,
    /// That a channel is closed.
    Close,
    /// That the program is idle.
    Idle,
    /// Whatever this says. For futures that leno does not know.
    Other(&'static str),
}

impl Wait {
    /// What is waited for, without saying which one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(leno_waits::Wait::Readable(7).kind(), "readable");
    /// ```
    pub fn kind(self) -> &'static str {
        match self {
            Wait::Timer(_) => "timer",
            Wait::Never => "timer that never fires",
            Wait::Readable(_) => "readable",
            Wait::Writable(_) => "writable",
            Wait::Message => "recv",
            Wait::Room => "send, for room",
            Wait::Receiver => "rendezvous send",
            Wait::Close => "closed",
            Wait::Idle => "idle",
            Wait::Other(what) => what,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Wait::Timer(when) => match when.saturating_duration_since(Instant::now()) {
                Duration::ZERO => f.write_str("timer that is due"),
                left => write!(f, "timer in {left:.1?}"),
            },
            Wait::Readable(handle) | Wait::Writable(handle) => {
                write!(f, "handle {handle} {}", self.kind())
            }
            _ => f.write_str(self.kind()),
        }
    }
}

/// Whether anybody observes. Set once, by `observe`; read by every future that is about to wait. Relaxed: a note that is
/// missed at the beginning harms nobody.
static OBSERVED: AtomicBool = AtomicBool::new(false);

/// More notes than this of one poll are dropped: somebody joins thousands of futures in one task.
const MOST: usize = 16;

thread_local! {
    static NOTES: RefCell<Vec<Wait>> = const { RefCell::new(Vec::new()) };
}

/// Says what the calling future is about to wait for. Does nothing unless somebody observes.
///
/// For futures of your own: call it where they return [`Poll::Pending`](std::task::Poll::Pending), with [`Wait::Other`].
///
/// # Examples
///
/// ```
/// use leno_waits::{Wait, note};
/// use std::task::{Context, Poll};
///
/// fn poll_printer(cx: &mut Context<'_>, is_ready: bool) -> Poll<()> {
///     if is_ready {
///         return Poll::Ready(());
///     }
///     // … keep `cx.waker()` …
///     note(Wait::Other("printer"));
///     Poll::Pending
/// }
/// ```
#[inline]
pub fn note(wait: Wait) {
    if OBSERVED.load(Ordering::Relaxed) {
        keep(wait);
    }
}

#[cold]
fn keep(wait: Wait) {
    with_notes(|notes| {
        if notes.len() < MOST && !notes.contains(&wait) {
            notes.push(wait);
        }
    });
}

/// From here on futures say what they wait for, until the process ends.
///
/// # Examples
///
/// ```
/// leno_waits::observe();
/// ```
pub fn observe() {
    OBSERVED.store(true, Ordering::Relaxed);
}

/// Forgets what was noted on this thread: a poll begins.
///
/// # Examples
///
/// ```
/// use leno_waits::{Wait, begin, note, observe, take};
///
/// observe();
/// note(Wait::Close);
/// begin();
/// assert!(take().is_empty());
/// ```
pub fn begin() {
    with_notes(Vec::clear);
}

/// Takes what was noted on this thread, each thing once and not more than sixteen.
///
/// # Examples
///
/// ```
/// use leno_waits::{Wait, begin, note, observe, take};
///
/// observe();
/// begin();
/// (0..10).for_each(|_| note(Wait::Message));
/// assert_eq!(take(), [Wait::Message]);
/// ```
#[must_use]
pub fn take() -> Vec<Wait> {
    with_notes(mem::take)
}

/// Nothing in here runs foreign code, so the cell is never borrowed twice. At the end of a thread there are no notes.
fn with_notes<R: Default>(f: impl FnOnce(&mut Vec<Wait>) -> R) -> R {
    NOTES
        .try_with(|notes| f(&mut notes.borrow_mut()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_notes_does_not_grow_without_bound() {
        observe();
        begin();
        (0..1000).for_each(|n| note(Wait::Readable(n)));
        assert_eq!(take().len(), MOST);
        assert!(take().is_empty());
    }

    #[test]
    fn a_deadline_is_told_by_what_is_left() {
        let past = Wait::Timer(Instant::now());
        assert_eq!(past.to_string(), "timer that is due");
        let future = Wait::Timer(Instant::now() + Duration::from_secs(3600));
        assert!(future.to_string().starts_with("timer in 3"));
    }
}
