//! Which descriptors an `Async` has, so that no second one can have them too.
//!
//! Within one reactor the OS would refuse the second registration, but a process has several reactors, and a known socket is
//! not registered before it has to wait. So the first one leaves a mark, by the descriptor's number, and takes it away
//! before the descriptor is closed.

use std::array;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many descriptors share an allocation.
const CHUNK: usize = 4096;

/// For a million descriptors, which is the most that Linux gives a process unless told otherwise. Those above have no
/// mark.
const CHUNKS: usize = 256;

/// Written by whoever makes or drops an `Async`, swapped by whoever makes one of a handle from elsewhere. Relaxed: who
/// gets a number that was in use gets it from the OS, after the former owner closed it.
type Chunk = Box<[AtomicBool; CHUNK]>;

static MARKS: [OnceLock<Chunk>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];

fn mark(fd: RawFd) -> Option<&'static AtomicBool> {
    let number = usize::try_from(fd).ok()?;
    let chunk = MARKS.get(number / CHUNK)?;
    let chunk = chunk.get_or_init(|| Box::new(array::from_fn(|_| AtomicBool::new(false))));
    Some(&chunk[number % CHUNK])
}

/// An `Async` has the descriptor from now on.
pub(super) fn set(fd: RawFd) {
    if let Some(mark) = mark(fd) {
        mark.store(true, Ordering::Relaxed);
    }
}

/// Like [`set`], and says whether none had it before.
pub(super) fn try_set(fd: RawFd) -> bool {
    mark(fd).is_none_or(|mark| !mark.swap(true, Ordering::Relaxed))
}

/// No `Async` has the descriptor any more.
pub(super) fn clear(fd: RawFd) {
    if let Some(mark) = mark(fd) {
        mark.store(false, Ordering::Relaxed);
    }
}
