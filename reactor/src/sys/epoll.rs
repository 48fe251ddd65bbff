//! Linux: one system call a wait.
//!
//! Every handle is registered once, edge-triggered, for both directions. The eventfd that wakes a waiter is
//! edge-triggered too and never read: each write to it is a new edge, whatever the counter says.
//! `epoll_pwait2` takes nanoseconds; where the kernel or a sandbox does not know it, time-outs are rounded up to
//! the next millisecond, so a timer is late there, never early.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;

use super::Handle;
use crate::readiness::{Ready, Waiting};

/// How many events one wait can bring. More stay in the kernel for the next.
const CAPACITY: usize = 256;

/// A year and a day is "for ever" to a worker, and fits into every kernel's arithmetic.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

pub(crate) const BACKEND: &str = "epoll";

/// The eventfd's token. No handle has it: their generations start at one.
const NOTIFY: u64 = 0;

/// An epoll instance and the eventfd that wakes it. Owned by one reactor; closed with it.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    eventfd: OwnedFd,
    /// Set for good by whoever first sees `epoll_pwait2` refused; read before each wait with a time-out. Relaxed:
    /// it only chooses between two system calls that mean the same.
    coarse: AtomicBool,
}

/// The kernel's `__kernel_timespec`, which is this on every architecture.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

/// The buffer for one wait. Owned by the thread that polls.
pub(crate) struct Events {
    buffer: Vec<epoll::Event>,
}

// SAFETY: an event is two numbers. The union that holds the token has a pointer variant, which is not used here.
unsafe impl Send for Events {}

impl Events {
    pub(crate) fn new() -> Events {
        Events { buffer: Vec::new() }
    }

    /// The handles' events of the last wait, by token.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
        self.buffer
            .iter()
            .map(|event| (event.data.u64(), ready(event.flags)))
            .filter(|&(token, _)| token != NOTIFY)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(
            &epoll,
            &eventfd,
            EventData::new_u64(NOTIFY),
            EventFlags::IN | EventFlags::ET,
        )?;
        Ok(Poller {
            epoll,
            eventfd,
            coarse: AtomicBool::new(false),
        })
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.epoll.as_fd())
    }

    pub(crate) fn edge(&self) -> bool {
        true
    }

    /// `EPOLLRDHUP` is asked for, so the end of a stream is seen even if it came with the last data.
    pub(crate) fn short_read(&self) -> bool {
        true
    }

    pub(crate) fn add(&self, handle: Handle, token: u64) -> io::Result<()> {
        let flags =
            EventFlags::IN | EventFlags::PRI | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, handle, EventData::new_u64(token), flags).map_err(Into::into)
    }

    pub(crate) fn rearm(&self, _: Handle, _: u64, _: Waiting) -> io::Result<()> {
        Ok(()) // An edge-triggered registration is always armed.
    }

    pub(crate) fn delete(&self, handle: Handle) -> io::Result<()> {
        epoll::delete(&self.epoll, handle).map_err(Into::into)
    }

    /// Waits until something is ready, somebody notifies, or `timeout` is over. An interrupted wait brings nothing.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.buffer.clear();
        events.buffer.reserve(CAPACITY);
        let result = match timeout {
            Some(timeout) if !timeout.is_zero() && !self.coarse.load(Ordering::Relaxed) => {
                match self.wait_exactly(events, timeout.min(LONGEST_WAIT)) {
                    Err(Errno::NOSYS | Errno::PERM) => {
                        self.coarse.store(true, Ordering::Relaxed);
                        self.wait_coarsely(events, Some(timeout))
                    }
                    result => result,
                }
            }
            timeout => self.wait_coarsely(events, timeout),
        };
        match result {
            Ok(()) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// `epoll_pwait`, which every kernel has. A time-out that is not a whole number of milliseconds is rounded up.
    fn wait_coarsely(&self, events: &mut Events, timeout: Option<Duration>) -> Result<(), Errno> {
        let timeout = timeout.map(|timeout| {
            let timeout = whole_milliseconds(timeout);
            Timespec {
                tv_sec: timeout.as_secs() as _,
                tv_nsec: timeout.subsec_nanos() as _,
            }
        });
        let room = rustix::buffer::spare_capacity(&mut events.buffer);
        epoll::wait(&self.epoll, room, timeout.as_ref()).map(drop)
    }

    /// `epoll_pwait2`. rustix uses it only if it is built for nothing older than Linux 5.11, in the whole program.
    fn wait_exactly(&self, events: &mut Events, timeout: Duration) -> Result<(), Errno> {
        super::be_punctual();
        let timeout = KernelTimespec {
            seconds: timeout.as_secs() as i64,
            nanoseconds: timeout.subsec_nanos().into(),
        };
        let room = events.buffer.spare_capacity_mut();
        // SAFETY: the kernel reads `timeout`, and writes at most as many events into `room` as fit; both are borrowed
        // until it returns. rustix's events are the kernel's. There is no signal mask, whose size is therefore zero.
        let found = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll.as_raw_fd(),
                room.as_mut_ptr(),
                room.len() as libc::c_int,
                &raw const timeout,
                std::ptr::null::<libc::sigset_t>(),
                0_usize,
            )
        };
        let Ok(found) = usize::try_from(found) else {
            let error = io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL));
        };
        // SAFETY: the buffer was empty, and the kernel has written its first `found` events.
        unsafe { events.buffer.set_len(found) };
        Ok(())
    }

    /// Makes the thread that waits, or the next one that does, return. An eventfd that is full was written and never
    /// waited for: its edge is still there.
    pub(crate) fn notify(&self) {
        let written =
            rustix::io::retry_on_intr(|| rustix::io::write(&self.eventfd, &1u64.to_ne_bytes()));
        debug_assert!(
            matches!(written, Ok(8) | Err(Errno::AGAIN)),
            "writing to the eventfd: {written:?}"
        );
    }
}

/// Rounds up, and down to what `epoll_wait` can say (24 days).
fn whole_milliseconds(time: Duration) -> Duration {
    let milliseconds = time.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128);
    Duration::from_millis(milliseconds as u64)
}

fn ready(flags: EventFlags) -> Ready {
    let mut ready = Ready::NONE;
    if flags.contains(EventFlags::IN) {
        ready |= Ready::READABLE;
    }
    if flags.contains(EventFlags::PRI) {
        ready |= Ready::URGENT;
    }
    if flags.contains(EventFlags::OUT) {
        ready |= Ready::WRITABLE;
    }
    if flags.contains(EventFlags::RDHUP) {
        ready |= Ready::READ_CLOSED;
    }
    if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
        ready |= Ready::CLOSED;
    }
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_time_outs_round_up() {
        let rounded = |s, ns| whole_milliseconds(Duration::new(s, ns));
        assert_eq!(rounded(0, 0), Duration::ZERO);
        assert_eq!(rounded(0, 1), Duration::from_millis(1));
        assert_eq!(rounded(1, 999_000_001), Duration::from_secs(2));
        assert_eq!(
            rounded(i32::MAX as u64, 0),
            Duration::from_millis(i32::MAX as u64)
        );
    }

    #[test]
    fn a_notification_before_the_wait_ends_it_and_is_seen_once() {
        let poller = Poller::new().unwrap();
        let mut events = Events::new();
        for _ in 0..3 {
            poller.notify();
            poller.wait(&mut events, None).unwrap();
            assert_eq!(events.iter().count(), 0);
        }
        poller
            .wait(&mut events, Some(Duration::from_micros(1)))
            .unwrap();
        assert!(events.buffer.is_empty(), "no stale edge");
    }

    #[test]
    fn a_time_out_is_over_no_sooner_than_it_says() {
        let poller = Poller::new().unwrap();
        for coarse in [false, true] {
            poller.coarse.store(coarse, Ordering::Relaxed);
            for micros in [1, 200, 1_500] {
                let timeout = Duration::from_micros(micros);
                let start = std::time::Instant::now();
                poller.wait(&mut Events::new(), Some(timeout)).unwrap();
                assert!(start.elapsed() >= timeout);
            }
        }
    }

    #[test]
    fn an_exact_wait_brings_events() {
        let poller = Poller::new().unwrap();
        let (one, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
        // SAFETY: `one` outlives the handle.
        let handle = unsafe { Handle::new(&one) };
        poller.add(handle, 7 << 32).unwrap();
        io::Write::write_all(&mut other, b"x").unwrap();
        let mut events = Events::new();
        poller
            .wait(&mut events, Some(Duration::from_secs(60)))
            .unwrap();
        let found: Vec<_> = events.iter().collect();
        assert_eq!(found, [(7 << 32, Ready::READABLE | Ready::WRITABLE)]);
    }
}
