//! Telling a forked child from its parent.
//!
//! After `fork` the child has one thread, and shares every epoll instance with its parent: a child that used or
//! even tidied up the parent's registrations would change what the parent sees. So each reactor remembers in which
//! process generation it was made, and whoever finds an older generation leaves it alone and makes a fresh one.

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// How many times this process is the child of a `fork` since the first reactor was made. Written by the handler in
/// the child, when it has one thread; read by everybody. Relaxed: it changes only while nobody else runs.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The generation this process is in.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What an executor does in a forked child. A box that another thread was about to publish when the process was forked
/// is lost in the child, and nothing waits for it.
static IN_CHILD: PerProcess<fn()> = PerProcess::new();

/// Sets what is done in a forked child, on its only thread, before `fork` returns there: an executor forgets that this
/// thread is one of its workers. The hook may only touch thread-locals and atomics. The first call of this function
/// counts.
pub fn after_fork(hook: fn()) {
    IN_CHILD.get_or_init(|| hook);
}

/// Starts to watch for forks. Called by whatever remembers a [`generation`], before it does.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::atomic::AtomicBool;

    extern "C" fn in_child() {
        // Before the generation changes: it is the parent's hook.
        let hook = IN_CHILD.get().copied();
        GENERATION.fetch_add(1, Ordering::Relaxed);
        crate::current::forget_levels();
        crate::budget::lift();
        if let Some(hook) = hook {
            hook();
        }
    }

    /// Whether the handler is there. Written after it was registered, Release; read by everybody, Acquire. Threads that
    /// get here at once register it once each, which does no harm: a lock could be held by a thread that the child of a
    /// fork does not have.
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if !WATCHED.load(Ordering::Acquire) {
        // SAFETY: the handler is a function that lives for ever and only touches atomics and thread-locals without
        // destructors, which is allowed in a forked child of a program with many threads. If the C library has no memory
        // for it, forks stay unseen.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        WATCHED.store(true, Ordering::Release);
    }
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

    /// The value of this process, if it was made.
    pub fn get(&'static self) -> Option<&'static T> {
        // SAFETY: what was published is never freed.
        let dated = unsafe { self.current.load(Ordering::Acquire).as_ref() }?;
        (dated.generation == generation()).then_some(&dated.value)
    }

    /// The value of this process; `make` makes it at the first use. If two threads get here at once, both make one and
    /// one of the two is dropped.
    pub fn get_or_init(&'static self, make: impl FnOnce() -> T) -> &'static T {
        match self.get() {
            Some(value) => value,
            None => self.replace(make()),
        }
    }

    /// First use, or the first one after a fork.
    #[cold]
    fn replace(&'static self, value: T) -> &'static T {
        watch();
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: what was published is never freed.
        if let Some(dated) = unsafe { current.as_ref() } {
            if dated.generation == generation() {
                return &dated.value;
            }
        }
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
