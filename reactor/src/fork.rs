//! Telling a forked child from its parent.
//!
//! After `fork` the child has one thread, and shares every epoll instance with its parent: a child that used or
//! even tidied up the parent's registrations would change what the parent sees. So each reactor remembers in which
//! process generation it was made, and whoever finds an older generation leaves it alone and makes a fresh one.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many times this process is the child of a `fork` since the first reactor was made. Written by the handler in
/// the child, when it has one thread; read by everybody. Relaxed: it changes only while nobody else runs.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The generation this process is in.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts to watch for forks. Called by whatever remembers a generation, before it does.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::Once;

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        // SAFETY: the handler is a function that lives for ever and only touches an atomic, which is allowed in a
        // forked child of a program with many threads. If the C library has no memory for it, forks stay unseen.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// There is no `fork` here.
#[cfg(not(unix))]
pub(crate) fn watch() {}
