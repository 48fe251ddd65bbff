//! The end of an executor: every task is dropped before the executor's own drop returns.

use std::{any::Any, mem, panic, process, task::Wake, task::Waker, thread};

use super::{lock::lock, sleepers::Sleepers};
use crate::sync::{Condvar, Mutex};

/// Drops what `take` gives until `none_left` says that no task is left, and sleeps while a task is
/// neither gone nor in the queues: then a wake-up on another thread is about to put it there.
///
/// Runners are gone, and so nobody else takes tasks or registers to sleep; the ones that were
/// forgotten have been evicted.
pub(crate) fn drop_all<T>(
    sleepers: &Sleepers,
    mut take: impl FnMut() -> Option<T>,
    none_left: impl Fn() -> bool,
) {
    loop {
        while let Some(task) = take() {
            drop(task);
        }
        if none_left() {
            return;
        }
        let alarm = std::sync::Arc::new(Alarm::new());
        let place = sleepers.register(Waker::from(alarm.clone()));
        // A task that is taken here is the look that is due after registering.
        let late = take();
        if late.is_none() {
            alarm.wait();
        }
        sleepers.leave(place);
        drop(late);
    }
}

/// What the thread that drops an executor sleeps with. Not `thread::park`, whose token may belong to
/// code around the drop.
struct Alarm {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Alarm {
    fn new() -> Self {
        Self {
            rung: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    fn wait(&self) {
        let mut rung = lock(&self.rung);
        while !*rung {
            rung = self
                .changed
                .wait(rung)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

impl Wake for Alarm {
    fn wake(self: std::sync::Arc<Self>) {
        *lock(&self.rung) = true;
        self.changed.notify_one();
    }
}

/// Aborts the process if it is dropped: guards what would be unsound to leave half done.
pub(super) struct AbortOnUnwind;

impl AbortOnUnwind {
    pub(super) fn disarm(self) {
        mem::forget(self);
    }
}

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        process::abort();
    }
}

/// What a panic carries.
pub(super) type Payload = Box<dyn Any + Send>;

/// Drops a payload that nobody wants. Its own drop may panic, and then that payload is leaked.
pub(super) fn discard(payload: Payload) {
    if let Err(again) = panic::catch_unwind(panic::AssertUnwindSafe(|| drop(payload))) {
        mem::forget(again);
    }
}

/// Goes on with the panic of a future's drop, unless the thread panics already.
pub(super) fn resume(payload: Option<Payload>) {
    match payload {
        Some(payload) if thread::panicking() => discard(payload),
        Some(payload) => panic::resume_unwind(payload),
        None => {}
    }
}
