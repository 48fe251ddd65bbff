//! What the queues hold: things that are one pointer wide and can travel as one.
//!
//! The queues store bare pointers because a thief copies entries before it knows that they are its
//! own: a copy of a pointer that turns out to be somebody else's is simply forgotten, where a copy
//! of a task would have to be kept from being dropped.

use std::ptr::NonNull;

/// An owned value that can be turned into a pointer and back.
///
/// `Send`, because whoever takes an entry out need not be the one who put it in.
pub(crate) trait Pointer: Send {
    /// Gives the value up for a pointer that stands for it.
    fn into_raw(self) -> NonNull<()>;

    /// Turns the pointer back into the value.
    ///
    /// # Safety
    ///
    /// `raw` came from [`into_raw`](Self::into_raw) of the same type, and this is the only time that
    /// it is turned back.
    unsafe fn from_raw(raw: NonNull<()>) -> Self;
}

#[cfg(not(loom))]
impl Pointer for async_task::Runnable {
    fn into_raw(self) -> NonNull<()> {
        async_task::Runnable::into_raw(self)
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: the caller has the pointer from `into_raw` and uses it once.
        unsafe { async_task::Runnable::from_raw(raw) }
    }
}

#[cfg(test)]
impl<T: Send> Pointer for Box<T> {
    fn into_raw(self) -> NonNull<()> {
        NonNull::from(Box::leak(self)).cast()
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: the caller has the pointer from `into_raw`, which leaked a box of this very type,
        // and uses it once.
        unsafe { Box::from_raw(raw.cast().as_ptr()) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_runnable_survives_the_round_trip() {
        static SCHEDULED: AtomicUsize = AtomicUsize::new(0);
        fn schedule(_: async_task::Runnable) {
            SCHEDULED.fetch_add(1, Ordering::Relaxed);
        }

        let (runnable, task) = async_task::spawn(async { 7 }, schedule);
        let raw = Pointer::into_raw(runnable);
        // SAFETY: `raw` was made one line above and is used once.
        let runnable: async_task::Runnable = unsafe { Pointer::from_raw(raw) };
        runnable.run();

        assert_eq!(futures_lite::future::block_on(task), 7);
        assert_eq!(SCHEDULED.load(Ordering::Relaxed), 0);
    }
}
