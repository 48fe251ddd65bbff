//! The stackful twin: closures that run on stacks of their own, on leno's executor, reactor, timers and channels.
//!
//! [`spawn`] makes a closure a task of leno like any other: only what keeps its state is another thing. [`wait`] waits for
//! any future, from any depth of calls, by leaving the stack as it is and letting the worker go on with something else.
//! When the future can make progress the executor polls the fiber, which means: it jumps back onto that stack.
//!
//! # What a fiber must promise
//!
//! A future is `Send` if all that it keeps across an `.await` is, and the compiler checks it. Of a stack nobody knows what
//! is on it, so [`spawn`] is `unsafe`, and whoever calls it promises:
//!
//! 1. What is on the stack during a `wait` may move to another thread: no `Rc`, no guard of a `std` mutex, no reference
//!    into a `thread_local!`.
//! 2. No function uses a `thread_local!` directly both before and after a `wait`. The compiler may compute the address of
//!    such a variable once for a whole function, because no function changes its thread in a language without fibers. What
//!    is behind a call that is not inlined is safe; so are futures given to `wait`, which are polled behind such a call.
//! 3. The stack suffices. Behind it is a guard page: going too far ends the process, with a signal that says little.
//!
//! # Panics and cancelling
//!
//! A panic unwinds the fiber's stack and goes on in whoever awaits the task. A fiber that is dropped while it waits is
//! unwound too, so that what is on its stack is dropped; that happens on the thread that drops it, and meanwhile
//! `std::thread::panicking()` is true there: a `std` mutex whose guard is on that stack is poisoned. Waiting *in a drop*
//! while a stack is unwound is refused: it aborts the process, as a second panic would.

mod stack;

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::task::{Context, Poll};

use corosensei::{Coroutine, CoroutineResult, Yielder};

use stack::Stack;
pub use stack::set_stack_size;

thread_local! {
    /// The fiber that this thread is on. Read and written only by `current` and `set_current`.
    static CURRENT: Cell<Option<NonNull<Link>>> = const { Cell::new(None) };
}

/// Not inlined, so that the variable's address is looked up on the thread that calls: see promise 2.
#[inline(never)]
fn current() -> Option<NonNull<Link>> {
    CURRENT.get()
}

#[inline(never)]
fn set_current(link: Option<NonNull<Link>>) -> Option<NonNull<Link>> {
    CURRENT.replace(link)
}

/// What `poll` hands over to the stack: the context of this poll.
type Given = NonNull<Context<'static>>;

/// How code on a fiber's stack finds its way out. It lies at the bottom of that stack for as long as the fiber lives.
struct Link {
    yielder: NonNull<Yielder<Given, ()>>,
    /// The context of the poll that the fiber runs in; none while it is unwound, when there is no poll.
    context: Cell<Option<Given>>,
}

/// Runs `body` as a task, on a stack of its own.
///
/// # Safety
///
/// The three promises of the [module](self): what is on the stack during a [`wait`] may be moved to another thread, no
/// function uses thread-local variables on both sides of a `wait`, and the stack suffices.
#[track_caller]
pub unsafe fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> leno::Task<T> {
    // SAFETY: the caller promises just that.
    leno::spawn(unsafe { Fiber::new(body) })
}

/// Waits until the future is ready; meanwhile the worker runs other tasks.
///
/// # Panics
///
/// Outside of a fiber; use `leno::block_on` there.
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let link = current().expect("fiber::wait is called on a fiber");
    // SAFETY: a fiber's link lives at the bottom of its stack as long as the fiber, and this code is further up on it.
    let link = unsafe { link.as_ref() };
    loop {
        let context = link.context.get();
        let polled = context.map(|context| poll_here(future.as_mut(), context));
        if let Some(Poll::Ready(output)) = polled {
            return output;
        }
        link.suspend();
    }
}

/// Lets other tasks run.
pub fn yield_now() {
    wait(leno::future::yield_now());
}

/// Not inlined: the future may use variables of the thread on which it is polled, see promise 2.
#[inline(never)]
fn poll_here<F: Future>(future: Pin<&mut F>, mut context: Given) -> Poll<F::Output> {
    // SAFETY: the context is that of the poll that resumed this stack, which returns only after the next suspension. The
    // fiber is the only one that uses it until then.
    future.poll(unsafe { context.as_mut() })
}

impl Link {
    /// Leaves the stack, until it is resumed. If the fiber is dropped meanwhile, this unwinds instead of returning.
    fn suspend(&self) {
        // With a panic on its way on this thread, the stack must not be left: it could go on somewhere else, where the
        // runtime of the language knows of no panic.
        assert!(
            !std::thread::panicking(),
            "fiber::wait in a drop during a panic"
        );
        // SAFETY: the yielder belongs to the coroutine on whose stack this is.
        let context = unsafe { self.yielder.as_ref() }.suspend(());
        self.context.set(Some(context));
    }
}

/// A closure on its stack, as a future.
pub struct Fiber<T> {
    /// `None` when it has returned.
    coroutine: Option<Coroutine<Given, (), T, Stack>>,
    /// `None` until it has run for the first time.
    link: Option<NonNull<Link>>,
}

// SAFETY: whoever made it promised that what is on its stack may be moved, and the closure and its output are `Send`. The
// link points into that very stack.
unsafe impl<T: Send> Send for Fiber<T> {}

// The coroutine is only a handle: what it borrows from itself is on its stack, which does not move.
impl<T> Unpin for Fiber<T> {}

impl<T: Send + 'static> Fiber<T> {
    /// A fiber that runs where it is polled.
    ///
    /// # Safety
    ///
    /// As for [`spawn`].
    pub unsafe fn new(body: impl FnOnce() -> T + Send + 'static) -> Fiber<T> {
        let coroutine = Coroutine::with_stack(Stack::take(), move |yielder, context| {
            let link = Link {
                yielder: NonNull::from(yielder),
                context: Cell::new(Some(context)),
            };
            set_current(Some(NonNull::from(&link)));
            body()
        });
        Fiber {
            coroutine: Some(coroutine),
            link: None,
        }
    }
}

impl<T> Future for Fiber<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let fiber = &mut *self;
        let coroutine = fiber
            .coroutine
            .as_mut()
            .expect("a fiber is not polled after it was ready");
        let entered = Entered::with(fiber.link);
        let state = coroutine.resume(NonNull::from(context).cast());
        fiber.link = entered.leave();
        match state {
            CoroutineResult::Yield(()) => Poll::Pending,
            CoroutineResult::Return(output) => {
                let done = fiber.coroutine.take().expect("it has just been there");
                Stack::give_back(done.into_stack());
                Poll::Ready(output)
            }
        }
    }
}

impl<T> Drop for Fiber<T> {
    fn drop(&mut self) {
        let Some(mut coroutine) = self.coroutine.take() else {
            return;
        };
        if coroutine.done() {
            // It panicked. Its stack is empty and can be used again.
            return Stack::give_back(coroutine.into_stack());
        }
        if let Some(link) = self.link {
            // SAFETY: it has started and not ended, so its link is alive. No code of it runs now.
            unsafe { link.as_ref() }.context.set(None);
        }
        let _entered = Entered::with(self.link);
        coroutine.force_unwind();
        Stack::give_back(coroutine.into_stack());
    }
}

/// Makes a fiber the current one, and the one before it again, also if the fiber panics.
struct Entered {
    before: Option<NonNull<Link>>,
}

impl Entered {
    fn with(link: Option<NonNull<Link>>) -> Entered {
        Entered {
            before: set_current(link),
        }
    }

    /// The link of the fiber that was entered, which has made it if it was its first time.
    fn leave(self) -> Option<NonNull<Link>> {
        let before = self.before;
        std::mem::forget(self);
        set_current(before)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        set_current(self.before);
    }
}

#[cfg(test)]
mod tests;
