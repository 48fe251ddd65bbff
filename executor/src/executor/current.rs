//! The `run` that is being polled on this thread, if any: where tasks that are woken or spawned
//! meanwhile go.

use std::{cell::Cell, marker::PhantomData, ptr, sync::Arc};

use async_task::Runnable;

use super::state::State;
use crate::queue::Ring;

#[derive(Clone, Copy)]
struct Current {
    state: *const State,
    ring: *const Ring<Runnable>,
}

thread_local! {
    /// Null pointers outside of any `run`. Otherwise both are valid: the [`Entered`] that set them
    /// borrows what they point to, and puts the former ones back when it ends.
    static CURRENT: Cell<Current> = const {
        Cell::new(Current { state: ptr::null(), ring: ptr::null() })
    };
}

/// While this exists, [`push`] uses the ring of one `run`.
pub(super) struct Entered<'r> {
    outer: Current,
    borrows: PhantomData<&'r Ring<Runnable>>,
    /// It belongs to one thread.
    not_send: PhantomData<*const ()>,
}

/// Makes `ring` the one that tasks of `state` go to on this thread. Nests: the end of the inner one
/// brings the outer one back.
///
/// # Safety
///
/// The caller is the ring's owner, as for [`Ring::push`], and calls none of the owner's methods while
/// a function runs that may push. The result is dropped where it was made, in the reverse order of
/// making, and never forgotten.
pub(super) unsafe fn enter<'r>(state: &'r State, ring: &'r Arc<Ring<Runnable>>) -> Entered<'r> {
    let inner = Current {
        state,
        ring: Arc::as_ptr(ring),
    };
    Entered {
        outer: CURRENT.replace(inner),
        borrows: PhantomData,
        not_send: PhantomData,
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}

/// What became of a task that was [`push`]ed.
pub(super) enum Pushed {
    /// It is the only one in its ring.
    Alone,
    /// It is behind others in its ring.
    Behind,
    /// There is no ring, or no room.
    Refused(Runnable),
}

/// Puts a task in the ring of the `run` of this very executor that is polled on this thread.
#[inline]
pub(super) fn push(state: &State, task: Runnable) -> Pushed {
    let current = CURRENT.get();
    if !ptr::eq(current.state, state) {
        return Pushed::Refused(task);
    }
    // SAFETY: not null, for it is set together with `state`, and so still borrowed.
    let ring = unsafe { &*current.ring };
    let alone = ring.is_empty();
    // SAFETY: `enter`'s caller owns the ring, is below us on this thread's stack, and promised that
    // it is not inside one of the owner's methods.
    match unsafe { ring.push(task) } {
        Ok(()) if alone => Pushed::Alone,
        Ok(()) => Pushed::Behind,
        Err(task) => Pushed::Refused(task),
    }
}
