//! Signals through a pair of sockets: the handler writes a byte, and the reactor waits for the other end.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use leno_reactor::{Async, fork_generation};
use rustix::io::Errno;
use signal_hook_registry::SigId;

use crate::Signal;

/// The numbers of the signals here.
pub(crate) mod number {
    pub(crate) use libc::{
        SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGIO, SIGKILL,
        SIGPIPE, SIGPROF, SIGQUIT, SIGSEGV, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGTTIN,
        SIGTTOU, SIGURG, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
    };
}

/// Instead of a signal's number: look at what had no room.
const LOOK: u8 = 0;

/// The reader's end: what a stream takes signals from.
pub(crate) struct Mailbox {
    reader: Async<UnixStream>,
    slot: Arc<Slot>,
}

/// The handlers' end. Everything that a handler does with it is async-signal-safe.
struct Slot {
    /// Non-blocking. A byte is the number of a signal, or [`LOOK`].
    writer: UnixStream,
    /// One bit for each number whose signal found no room. Set by handlers, taken by the reader, both AcqRel: a handler sets
    /// it before it writes [`LOOK`] or finds that there is no room for that either, and the reader looks after it has read
    /// everything. So either the reader sees the bit, or it will read something later and look again.
    overflow: AtomicU64,
    /// The process that reads. A forked child shares the sockets and must not write to its parent's stream.
    generation: u32,
}

impl Slot {
    /// Called by signal handlers.
    fn put(&self, number: c_int) {
        if fork_generation() != self.generation {
            return;
        }
        let byte = u8::try_from(number).unwrap_or(LOOK);
        if self.write(byte) == Err(Errno::AGAIN) {
            self.overflow.fetch_or(1 << number, Ordering::AcqRel);
            // If there is still no room, the reader has something to read and will look after that.
            let _ = self.write(LOOK);
        }
    }

    fn write(&self, byte: u8) -> rustix::io::Result<()> {
        rustix::io::retry_on_intr(|| rustix::io::write(&self.writer, &[byte])).map(drop)
    }

    fn take_overflow(&self) -> Option<Signal> {
        let waiting = self.overflow.load(Ordering::Acquire);
        if waiting == 0 {
            return None;
        }
        let number = waiting.trailing_zeros();
        self.overflow.fetch_and(!(1 << number), Ordering::AcqRel);
        Signal::from_number(number as c_int)
    }
}

impl Mailbox {
    pub(crate) fn new() -> io::Result<Mailbox> {
        let (reader, writer) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        // The reactor starts to watch for forks with this.
        let reader = Async::new(reader)?;
        let slot = Slot {
            writer,
            overflow: AtomicU64::new(0),
            generation: fork_generation(),
        };
        Ok(Mailbox {
            reader,
            slot: Arc::new(slot),
        })
    }

    /// From here on signals of this kind come into the mailbox.
    pub(crate) fn subscribe(&self, signal: Signal) -> io::Result<Subscription> {
        let number = signal.number();
        if signal_hook_registry::FORBIDDEN.contains(&number) {
            let why = match signal {
                Signal::Kill | Signal::Stop => "the system delivers it to nobody",
                _ => "the program could not go on after it",
            };
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("cannot listen for the signal {signal:?}: {why}"),
            ));
        }
        let slot = self.slot.clone();
        // SAFETY: `put` only loads and changes atomics and calls write(2), all of which is async-signal-safe, and does not
        // panic. The registry drops the closure outside of handlers.
        let id = unsafe { signal_hook_registry::register(number, move || slot.put(number)) }?;
        Ok(Subscription(id))
    }

    /// The oldest signal, or one of those that had no room.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        if fork_generation() != self.slot.generation {
            return Poll::Ready(Err(io::Error::other(
                "this stream of signals belongs to the parent of this process; a forked child makes its own",
            )));
        }
        loop {
            // Tried before it waits, whatever the reactor knows: the signal may have come a moment ago.
            let mut byte = [LOOK];
            let mut reader = self.reader.get_ref();
            match reader.read(&mut byte) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => match Signal::from_number(byte[0].into()) {
                    Some(signal) => return Poll::Ready(Ok(signal)),
                    // There is something that had no room. It comes after what had.
                    None => continue,
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if let Some(signal) = self.slot.take_overflow() {
                return Poll::Ready(Ok(signal));
            }
            match self.reader.poll_readable(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl AsFd for Mailbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// That signals of one kind come into a mailbox, until this is dropped. No handler uses the mailbox after that.
pub(crate) struct Subscription(SigId);

impl Drop for Subscription {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.0);
    }
}
