//! The process behind a [`Child`](crate::Child) and the futures that wait for it.

use std::io;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys;

/// What becomes of a process when nobody holds it any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDrop {
    pub(crate) kill: bool,
    pub(crate) reap: bool,
}

/// A process that this one has started. Shared by its `Child` and by the futures that wait; when the last of them goes it
/// is killed or reaped as its command said.
///
/// Its number is its own until its exit status has been collected. That is done only through `inner.child` under the lock,
/// which remembers it, so whoever holds the lock and finds no status may use the number.
#[derive(Debug)]
pub(crate) struct Process {
    id: u32,
    on_drop: OnDrop,
    /// The process that it is a child of. To a fork of that one it is a stranger.
    generation: u32,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    child: std::process::Child,
    watch: sys::Watch,
}

/// What a look at a process finds.
pub(crate) enum Look {
    Ended(ExitStatus),
    Running(sys::Watch),
}

impl Process {
    pub(crate) fn new(child: std::process::Child, on_drop: OnDrop) -> Process {
        Process {
            id: child.id(),
            on_drop,
            generation: sys::generation(),
            inner: Mutex::new(Inner {
                child,
                watch: sys::Watch::default(),
            }),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn kill(&self) -> io::Result<()> {
        self.lock()?.child.kill()
    }

    /// The exit status, if there is one.
    pub(crate) fn try_status(&self) -> io::Result<Option<ExitStatus>> {
        self.lock()?.try_status()
    }

    /// The exit status, or what to wait with.
    pub(crate) fn look(&self) -> io::Result<Look> {
        let mut inner = self.lock()?;
        if let Some(status) = inner.try_status()? {
            return Ok(Look::Ended(status));
        }
        let Inner { child, watch } = &mut *inner;
        watch.open(child);
        Ok(Look::Running(watch.clone()))
    }

    /// Waits for the exit status. Any number of futures may.
    pub(crate) async fn status(&self) -> io::Result<ExitStatus> {
        sys::wait(self).await
    }

    #[cfg(windows)]
    pub(crate) fn raw_handle(&self) -> std::os::windows::io::RawHandle {
        use std::os::windows::io::AsRawHandle;
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.child.as_raw_handle()
    }

    fn lock(&self) -> io::Result<MutexGuard<'_, Inner>> {
        // Asked first: another thread may have held the lock when this process was forked.
        if self.is_foreign() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "process {} is a child of the parent of this process; only its parent can wait for it or kill it",
                    self.id
                ),
            ));
        }
        Ok(self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_foreign(&self) -> bool {
        self.generation != sys::generation()
    }
}

impl Inner {
    fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            // Those who wait with it have their own references.
            self.watch = sys::Watch::default();
        }
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_foreign() {
            return;
        }
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.on_drop.kill {
            // What has ended already can't be killed, which is as well.
            let _ = inner.child.kill();
        }
        // An error says that somebody else has collected the exit status.
        if self.on_drop.reap && matches!(inner.child.try_wait(), Ok(None)) {
            sys::adopt(&inner.child);
        }
    }
}
