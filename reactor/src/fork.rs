//! Telling a forked child from its parent.
//!
//! After `fork` the child has one thread, and shares every epoll instance with its parent: a child that used or
//! even tidied up the parent's registrations would change what the parent sees. So each reactor remembers in which
//! process generation it was made, and whoever finds an older generation leaves it alone and makes a fresh one.

use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// How many times this process is the child of a `fork` since the first reactor was made. Written by the handler in
/// the child, when it has one thread; read by everybody. Relaxed: it changes only while nobody else runs.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The generation this process is in.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What an executor does in a forked child.
static IN_CHILD: OnceLock<fn()> = OnceLock::new();

/// Sets what is done in a forked child, on its only thread, before `fork` returns there: an executor forgets that this
/// thread is one of its workers. The hook may only touch thread-locals and atomics. The first call of this function
/// counts.
pub fn after_fork(hook: fn()) {
    watch();
    let _ = IN_CHILD.set(hook);
}

/// Starts to watch for forks. Called by whatever remembers a [`generation`], before it does.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::Once;

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        crate::current::forget_levels();
        crate::budget::lift();
        if let Some(hook) = IN_CHILD.get() {
            hook();
        }
    }

    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        // SAFETY: the handler is a function that lives for ever and only touches atomics and thread-locals without
        // destructors, which is allowed in a forked child of a program with many threads. If the C library has no memory
        // for it, forks stay unseen.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// There is no `fork` here.
#[cfg(not(unix))]
pub(crate) fn watch() {}

/// A lazily made static of which a forked child makes its own, because the parent's speaks of threads and locks that the
/// child does not have. A value lives for ever.
///
/// # Examples
///
/// ```
/// use leno_reactor::PerProcess;
///
/// static PID: PerProcess<u32> = PerProcess::new();
/// assert_eq!(*PID.get_or_init(std::process::id), std::process::id());
/// ```
#[derive(Debug)]
pub struct PerProcess<T> {
    /// Null until first used. Exchanged for a fresh value once in each process generation, AcqRel; a reader's Acquire load
    /// pairs with that. What is published is never freed.
    current: AtomicPtr<Dated<T>>,
    owns: PhantomData<T>,
}

#[derive(Debug)]
struct Dated<T> {
    generation: u32,
    value: T,
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    /// Nothing is made yet.
    #[expect(
        clippy::new_without_default,
        reason = "for statics, which need a const fn"
    )]
    pub const fn new() -> PerProcess<T> {
        PerProcess {
            current: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// The value of this process; `make` makes it at the first use. If two threads get here at once, both make one and
    /// one of the two is dropped.
    pub fn get_or_init(&'static self, make: impl FnOnce() -> T) -> &'static T {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: what was published is never freed.
        match unsafe { current.as_ref() } {
            Some(dated) if dated.generation == generation() => &dated.value,
            _ => self.replace(current, make()),
        }
    }

    /// First use, or the first one after a fork.
    #[cold]
    fn replace(&'static self, current: *mut Dated<T>, value: T) -> &'static T {
        watch();
        let fresh = Box::into_raw(Box::new(Dated {
            generation: generation(),
            value,
        }));
        match self
            .current
            .compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire)
        {
            // SAFETY: it has just been published, and what was published is never freed.
            Ok(_) => unsafe { &(*fresh).value },
            Err(winner) => {
                // SAFETY: `fresh` was never shared, and the winner's is published.
                unsafe {
                    drop(Box::from_raw(fresh));
                    &(*winner).value
                }
            }
        }
    }
}
