//! A tokio runtime for futures that ask for one while they are polled.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Runtime};

/// Lives as long as the program. One thread: it only drives what asks for tokio by name.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("async-global-executor/tokio")
        .enable_all()
        .build()
        .expect("cannot start a tokio runtime")
});

/// Calls `f` inside of the runtime's context.
pub(crate) fn with<T>(f: impl FnOnce() -> T) -> T {
    let _context = RUNTIME.enter();
    f()
}

/// A future that is always polled inside of the runtime's context.
pub(crate) struct InContext<F>(Pin<Box<F>>);

pub(crate) fn in_context<F: Future>(future: F) -> InContext<F> {
    InContext(Box::pin(future))
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        with(|| self.0.as_mut().poll(cx))
    }
}
