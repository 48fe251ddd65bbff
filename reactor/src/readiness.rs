//! What the OS last said about a handle, in one atomic byte: who may try an operation, and who waits.
//!
//! Readiness is *claimed* before the system call and given back after it, never the other way round. An event that
//! arrives while the call runs sets the bit anew, so it cannot be wiped out by an answer that is older than it:
//!
//! ```text
//!   task                              reactor
//!   claim: takes READY and CLOSED
//!   read() -> EAGAIN                  event: publish(READY)   <- after the claim, so it stays
//!   store waker, await_change         (sees WAITING, takes the waker and wakes it)
//!     -> READY is there: try again
//! ```
//!
//! Waiting and publishing are both one read-modify-write on the same byte, so one of the two sees the other:
//! either the waiter finds the bit, or the publisher finds `WAITING` and, behind it, the stored waker.

use crate::sync::{AtomicU8, Ordering};

/// The two things one can wait for on a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(crate) fn other(self) -> Direction {
        match self {
            Direction::Read => Direction::Write,
            Direction::Write => Direction::Read,
        }
    }
}

/// A set of readiness bits, for one direction or for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready(u8);

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
/// The other side will send no more, or the handle failed: reading never waits again.
const READ_CLOSED: u8 = 1 << 2;
/// Writing never waits again.
const WRITE_CLOSED: u8 = 1 << 3;
const READ_WAITING: u8 = 1 << 4;
const WRITE_WAITING: u8 = 1 << 5;
/// There is, or was, urgent data. Never taken away.
const URGENT: u8 = 1 << 6;

impl Ready {
    pub(crate) const NONE: Ready = Ready(0);
    pub(crate) const READABLE: Ready = Ready(READABLE);
    pub(crate) const WRITABLE: Ready = Ready(WRITABLE);
    /// What a hang-up of the other side's writing half means: what is left can be read, then the end.
    #[allow(dead_code, reason = "only epoll tells it apart")]
    pub(crate) const READ_CLOSED: Ready = Ready(READABLE | READ_CLOSED);
    /// An error or a full hang-up: every operation returns at once.
    pub(crate) const CLOSED: Ready = Ready(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED);

    /// Urgent data has come: a read stops before it, whatever follows.
    #[allow(dead_code, reason = "only epoll tells it apart")]
    pub(crate) const URGENT: Ready = Ready(READABLE | URGENT);

    pub(crate) fn of(direction: Direction) -> Ready {
        match direction {
            Direction::Read => Ready::READABLE,
            Direction::Write => Ready::WRITABLE,
        }
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The part that stays after a success that used up what was ready.
    fn sticky(self) -> Ready {
        Ready(self.0 & (READ_CLOSED | WRITE_CLOSED))
    }
}

impl std::ops::BitOr for Ready {
    type Output = Ready;
    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Ready) {
        self.0 |= other.0;
    }
}

/// Which directions somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting(u8);

impl Waiting {
    pub(crate) fn includes(self, direction: Direction) -> bool {
        self.0 & waiting_bit(direction) != 0
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

fn ready_bits(direction: Direction) -> u8 {
    match direction {
        Direction::Read => READABLE | READ_CLOSED,
        Direction::Write => WRITABLE | WRITE_CLOSED,
    }
}

fn waiting_bit(direction: Direction) -> u8 {
    match direction {
        Direction::Read => READ_WAITING,
        Direction::Write => WRITE_WAITING,
    }
}

/// The readiness of one handle. Owned by its `Source`.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// Written by tasks (claim, give back, wait) and by whoever polls the reactor (publish), always with a
    /// read-modify-write. AcqRel throughout: a waiter's Release pairs with the publisher's Acquire, so that the
    /// publisher that sees `WAITING` also sees the waker stored before it.
    bits: AtomicU8,
}

impl Readiness {
    pub(crate) fn new() -> Readiness {
        Readiness {
            bits: AtomicU8::new(0),
        }
    }

    /// Takes what is ready in `direction` away and returns it. Whoever got something may try the operation, and
    /// must then either [`give_back`](Self::give_back) or, after `EAGAIN`, wait.
    pub(crate) fn claim(&self, direction: Direction) -> Ready {
        let mask = ready_bits(direction);
        Ready(self.bits.fetch_and(!mask, Ordering::AcqRel) & mask)
    }

    /// After an operation that did not say `EAGAIN`: the closed bits of `claimed` always come back, the ready bit
    /// when there may be `more`. Returns who waits and must be woken: another task may have found nothing to claim
    /// while this one held it.
    pub(crate) fn give_back(&self, direction: Direction, claimed: Ready, more: bool) -> Waiting {
        let back = if more {
            claimed.sticky() | Ready::of(direction)
        } else {
            claimed.sticky()
        };
        if back.is_none() {
            Waiting(0)
        } else {
            self.publish(back)
        }
    }

    /// Adds what the OS reported and returns who waits for it.
    ///
    /// The caller wakes them. Their `WAITING` bits are cleared here, before their wakers are taken out, so a
    /// waiter that comes in between sets its bit again and finds `ready` itself.
    pub(crate) fn publish(&self, ready: Ready) -> Waiting {
        let before = self.bits.fetch_or(ready.0, Ordering::AcqRel);
        let mut concerned = 0;
        if ready.0 & ready_bits(Direction::Read) != 0 {
            concerned |= READ_WAITING;
        }
        if ready.0 & ready_bits(Direction::Write) != 0 {
            concerned |= WRITE_WAITING;
        }
        let waiting = before & concerned;
        if waiting != 0 {
            self.bits.fetch_and(!waiting, Ordering::AcqRel);
        }
        Waiting(waiting)
    }

    /// Announces a waiter whose waker is stored already. `false`: something is ready after all, try again.
    #[must_use]
    pub(crate) fn await_change(&self, direction: Direction) -> bool {
        let before = self.bits.fetch_or(waiting_bit(direction), Ordering::AcqRel);
        before & ready_bits(direction) == 0
    }

    /// Whether urgent data was ever reported.
    pub(crate) fn is_urgent(&self) -> bool {
        self.bits.load(Ordering::Acquire) & URGENT != 0
    }

    /// Who waits on this handle. A snapshot.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(self.bits.load(Ordering::Acquire) & (READ_WAITING | WRITE_WAITING))
    }
}
