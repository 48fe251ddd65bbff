//! What only systems with kqueue have: macOS and its like, and the BSDs.

use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroI32;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
use rustix::io::Errno;
use rustix::process::{Pid, Signal as Number};

use crate::{Async, Readable};
use sealed::Registration;

/// Waits for what kqueue can tell of besides sockets: a [`Signal`], or the [`Exit`] of a child.
///
/// Each filter has a kqueue of its own, and that is what the reactor waits for.
///
/// # Examples
///
/// ```no_run
/// use leno_reactor::block_on;
/// use leno_reactor::os::kqueue::{Exit, Filter};
/// use std::process::Command;
///
/// let child = Command::new("sleep").arg("1").spawn()?;
/// let exit = Filter::new(Exit::new(child))?;
/// block_on(exit.ready())?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Filter<T> {
    object: T,
    queue: Async<OwnedFd>,
    /// Whether it happens once.
    once: bool,
    /// That it happened, if it happens once. Set by whoever sees the event, read by whoever waits later. Relaxed: what
    /// happened is asked of the OS.
    happened: AtomicBool,
}

impl<T: Queueable> Filter<T> {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// If the OS refuses the filter, or is out of descriptors or memory for it.
    pub fn new(object: T) -> io::Result<Filter<T>> {
        let Registration { filter, once } = object.registration()?;
        let queue = kqueue()?;
        let add = Event::new(
            filter,
            EventFlags::ADD | EventFlags::CLEAR,
            std::ptr::null_mut(),
        );
        // SAFETY: the event names no descriptor.
        let added = unsafe { kevent(&queue, &[add], &mut [] as &mut [Event], None) };
        let happened = match added {
            Ok(_) => false,
            // The child has ended already.
            Err(Errno::SRCH) if once => true,
            Err(errno) => return Err(errno.into()),
        };
        Ok(Filter {
            object,
            queue: Async::new_nonblocking(queue)?,
            once,
            happened: AtomicBool::new(happened),
        })
    }
}

impl<T> Filter<T> {
    /// What is waited for.
    pub fn get_ref(&self) -> &T {
        &self.object
    }

    /// What is waited for, mutably. Changing it does not change what is waited for.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.object
    }

    /// Stops to listen.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn into_inner(self) -> io::Result<T> {
        Ok(self.object)
    }

    /// Waits until a signal comes, or the child has ended.
    ///
    /// A signal that comes ends one wait; of several tasks that wait for it at once, one is told.
    ///
    /// # Errors
    ///
    /// If the OS refuses to be asked.
    pub fn ready(&self) -> Ready<'_, T> {
        Ready {
            filter: self,
            wait: self.queue.readable(),
        }
    }

    /// Polls for what [`ready`](Filter::ready) waits for. Of several tasks that poll, the last one is woken.
    ///
    /// # Errors
    ///
    /// If the OS refuses to be asked.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.take()? {
            ready!(self.queue.poll_readable(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes an event out of the queue, and says whether there was one.
    fn take(&self) -> io::Result<bool> {
        if self.happened.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let mut events = Vec::with_capacity(1);
        let room = rustix::buffer::spare_capacity(&mut events);
        // SAFETY: nothing is registered here.
        let found = unsafe { kevent(&self.queue, &[], room, Some(Duration::ZERO)) }? > 0;
        if found && self.once {
            self.happened.store(true, Ordering::Relaxed);
        }
        Ok(found)
    }
}

impl<T> AsRef<T> for Filter<T> {
    fn as_ref(&self) -> &T {
        &self.object
    }
}

impl<T> AsMut<T> for Filter<T> {
    fn as_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T: AsRawFd> AsRawFd for Filter<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.object.as_raw_fd()
    }
}

impl<T: AsFd> AsFd for Filter<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }
}

/// The future of [`Filter::ready`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Ready<'a, T> {
    filter: &'a Filter<T>,
    wait: Readable<'a, OwnedFd>,
}

impl<T> Unpin for Ready<'_, T> {}

impl<T> Future for Ready<'_, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.filter.take()? {
            ready!(Pin::new(&mut self.wait).poll(cx))?;
            self.wait = self.filter.queue.readable();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T> fmt::Debug for Ready<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// What a [`Filter`] can wait for. Only the types here have it.
pub trait Queueable: sealed::Sealed {}

/// A signal, by its number. It must be ignored or have a handler, or it has its usual effect first.
#[derive(Debug, Copy, Clone, Eq, PartialEq, PartialOrd, Ord, Hash)]
pub struct Signal(pub i32);

impl Queueable for Signal {}

impl sealed::Sealed for Signal {
    fn registration(&self) -> io::Result<Registration> {
        let signal = Number::from_named_raw(self.0).ok_or(Errno::INVAL)?;
        Ok(Registration {
            filter: EventFilter::Signal { signal, times: 0 },
            once: false,
        })
    }
}

/// The end of a child process. Its exit status is still there to be waited for.
#[derive(Debug)]
pub struct Exit(NonZeroI32);

impl Exit {
    /// The end of `child`.
    ///
    /// # Panics
    ///
    /// If the OS has given the child an impossible number.
    pub fn new(child: Child) -> Exit {
        let pid = i32::try_from(child.id()).ok().and_then(NonZeroI32::new);
        Exit(pid.expect("a process has a positive number"))
    }

    /// The end of the child of this number.
    ///
    /// # Safety
    ///
    /// It must be a child of this process, and not have been waited for.
    pub unsafe fn from_pid(pid: NonZeroI32) -> Exit {
        Exit(pid)
    }
}

impl Queueable for Exit {}

impl sealed::Sealed for Exit {
    fn registration(&self) -> io::Result<Registration> {
        let pid = Pid::from_raw(self.0.get()).ok_or(Errno::INVAL)?;
        Ok(Registration {
            filter: EventFilter::Proc {
                pid,
                flags: ProcessEvents::EXIT,
            },
            once: true,
        })
    }
}

mod sealed {
    use std::io;

    use rustix::event::kqueue::EventFilter;

    /// What the kqueue is told.
    pub struct Registration {
        pub filter: EventFilter,
        /// Whether it happens once.
        pub once: bool,
    }

    pub trait Sealed {
        fn registration(&self) -> io::Result<Registration>;
    }
}
