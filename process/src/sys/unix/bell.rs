//! `SIGCHLD` for those who wait for a process without a pidfd: it rings for all of them when some child has ended.
//!
//! One pair of sockets serves all who listen, as long as somebody does. The signal's handler writes into one; they wait for
//! the other to become readable, each with its own waker. Whoever comes first empties it and counts one ring more; the
//! others find it empty and see by the count that it has rung.

use std::future::poll_fn;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;

use leno_reactor::{Async, PerProcess, fork_generation};
use signal_hook_registry::SigId;

use super::ignored::kernel_reaps;

/// The bell that others listen to already. A forked child has one of its own.
static BELL: PerProcess<Mutex<Weak<Bell>>> = PerProcess::new();

struct Bell {
    reader: Async<UnixStream>,
    /// How often it has rung. The reader is emptied under the lock, so that it is never seen empty before the ring is counted.
    rings: Mutex<u64>,
    handler: SigId,
}

impl Bell {
    fn get() -> io::Result<Arc<Bell>> {
        let known = BELL.get_or_init(Mutex::default);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = known.upgrade() {
            return Ok(bell);
        }
        let bell = Arc::new(Bell::new()?);
        *known = Arc::downgrade(&bell);
        Ok(bell)
    }

    fn new() -> io::Result<Bell> {
        if kernel_reaps() {
            return Err(io::Error::other("the program ignores SIGCHLD"));
        }
        let (reader, writer) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        let reader = Async::new(reader)?;
        let generation = fork_generation();
        let handler = move || {
            // A forked child shares the sockets, and has no children of its parent's.
            if fork_generation() == generation {
                // If there is no room, there is something to read.
                let _ = rustix::io::write(&writer, &[0]);
            }
        };
        // SAFETY: the handler loads an atomic and calls write(2), which is async-signal-safe, and does not panic. The registry
        // drops it outside of handlers.
        let handler = unsafe { signal_hook_registry::register(libc::SIGCHLD, handler) }?;
        Ok(Bell {
            reader,
            rings: Mutex::new(0),
            handler,
        })
    }

    /// How often it has rung, this time included if it rings now.
    fn rings(&self) -> u64 {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut has_rung = false;
        let mut reader = self.reader.get_ref();
        while matches!(reader.read(&mut [0; 64]), Ok(1..)) {
            has_rung = true;
        }
        *rings += u64::from(has_rung);
        *rings
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.handler);
    }
}

/// Somebody who hears the bell, from the moment that this is made.
pub(super) struct Listener {
    bell: Arc<Bell>,
    heard: u64,
}

impl Listener {
    pub(super) fn new() -> io::Result<Listener> {
        let bell = Bell::get()?;
        let heard = bell.rings();
        Ok(Listener { bell, heard })
    }

    /// Waits until some child has ended since the last time.
    pub(super) async fn rung(&mut self) -> io::Result<()> {
        loop {
            let mut readable = pin!(self.bell.reader.readable());
            poll_fn(|cx| match readable.as_mut().poll(cx) {
                // First wait, then look: another listener may have emptied the reader in between.
                Poll::Pending if self.bell.rings() != self.heard => Poll::Ready(Ok(())),
                polled => polled,
            })
            .await?;
            let rings = self.bell.rings();
            if rings != self.heard {
                self.heard = rings;
                return Ok(());
            }
        }
    }
}
