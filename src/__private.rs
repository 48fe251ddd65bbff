//! What the code calls that `#[leno::main]` and `#[leno::test]` produce. Not a public interface.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use crate::{Executor, LocalExecutor, block_on, channel};

/// Runs the body of `#[leno::main]`: the calling thread works for the process-wide runtime until the body ends.
pub fn main<T>(body: impl Future<Output = T>) -> T {
    leno_executor::block_on_main(body)
}

/// Runs the body of `#[leno::test]`. Tests run side by side on threads that come and go, so they do not become workers.
pub fn test<T>(body: impl Future<Output = T>) -> T {
    block_on(body)
}

/// An executor that `#[leno::main]` and `#[leno::test]` can give to a function, by the type of its parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an executor that a `main` or a test can be given",
    label = "expected `&Executor`, `Arc<Executor>`, `&LocalExecutor` or `Rc<LocalExecutor>`"
)]
pub trait MainExecutor {
    /// `Self` for a lifetime of our choice: the executor lives in `with_main`.
    type Given<'x>;

    /// Makes an executor, gives it to `body`, and runs it until `body` ends.
    fn with_main<T>(body: impl for<'x> AsyncFnOnce(Self::Given<'x>) -> T) -> T;
}

impl MainExecutor for &Executor<'static> {
    type Given<'x> = &'x Executor<'static>;

    fn with_main<T>(body: impl for<'x> AsyncFnOnce(Self::Given<'x>) -> T) -> T {
        let ex = Executor::new();
        with_helpers(&ex, || block_on(ex.run(body(&ex))))
    }
}

impl MainExecutor for Arc<Executor<'static>> {
    type Given<'x> = Arc<Executor<'static>>;

    fn with_main<T>(body: impl for<'x> AsyncFnOnce(Self::Given<'x>) -> T) -> T {
        let ex = Arc::new(Executor::new());
        with_helpers(&ex, || block_on(ex.run(body(ex.clone()))))
    }
}

impl MainExecutor for &LocalExecutor<'static> {
    type Given<'x> = &'x LocalExecutor<'static>;

    fn with_main<T>(body: impl for<'x> AsyncFnOnce(Self::Given<'x>) -> T) -> T {
        let ex = LocalExecutor::new();
        block_on(ex.run(body(&ex)))
    }
}

impl MainExecutor for Rc<LocalExecutor<'static>> {
    type Given<'x> = Rc<LocalExecutor<'static>>;

    fn with_main<T>(body: impl for<'x> AsyncFnOnce(Self::Given<'x>) -> T) -> T {
        let ex = Rc::new(LocalExecutor::new());
        block_on(ex.run(body(ex.clone())))
    }
}

/// Calls `body` while other threads, one less than there are cores, run `ex` too. They have ended when this returns or
/// unwinds.
fn with_helpers<T>(ex: &Executor<'static>, body: impl FnOnce() -> T) -> T {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        // Nothing is ever sent: the channel closes when `_running` is dropped, by a panic in `body` too.
        let (_running, ended) = channel::bounded::<()>(1);
        for n in 1..cores {
            let ended = ended.clone();
            let helper = thread::Builder::new()
                .name(format!("leno-helper-{n}"))
                .spawn_scoped(scope, move || block_on(ex.run(ended.recv())));
            if helper.is_err() {
                // No more threads to be had. The calling thread can do it all, only slower.
                break;
            }
        }
        body()
    })
}
