//! Where the one task that polls a handle in one direction leaves its waker.

use std::task::Waker;

use crate::sync::{Mutex, lock};

/// Holds at most one waker. Wakers are user code: none is cloned into, dropped or called while the lock is held,
/// but for the clone of the new one, which happens before.
#[derive(Debug)]
pub(crate) struct WakerSlot {
    waker: Mutex<Option<Waker>>,
}

impl WakerSlot {
    pub(crate) fn new() -> WakerSlot {
        WakerSlot {
            waker: Mutex::new(None),
        }
    }

    /// Stores a clone of `waker` unless an equal one is there. A different one is replaced silently: waking it
    /// would make two pollers of one handle wake each other for ever.
    pub(crate) fn store(&self, waker: &Waker) {
        if lock(&self.waker)
            .as_ref()
            .is_some_and(|stored| stored.will_wake(waker))
        {
            return;
        }
        let new = Some(waker.clone());
        let old = std::mem::replace(&mut *lock(&self.waker), new);
        drop(old);
    }

    /// Whether nobody left a waker.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.waker).is_none()
    }

    /// Takes the waker out. The caller wakes it when it holds no lock.
    pub(crate) fn take(&self) -> Option<Waker> {
        lock(&self.waker).take()
    }
}
