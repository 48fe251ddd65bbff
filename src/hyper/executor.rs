//! Spawning hyper's tasks.

use std::future::Future;

use ::hyper::rt;

/// Spawns what hyper wants to have run on the process-wide runtime, as [`spawn`](crate::spawn) does.
///
/// HTTP/2 needs it, on both sides; HTTP/1 does not. The tasks are detached: they end when hyper lets go of them, and a
/// panic in one harms no other.
///
/// ```
/// use hyper::rt::Executor as _;
///
/// let (sender, receiver) = leno::channel::bounded(1);
/// leno::hyper::Executor::new().execute(async move { sender.send("ran").await });
/// assert_eq!(leno::block_on(receiver.recv()), Ok("ran"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Executor;

impl Executor {
    /// A handle to the process-wide runtime. It holds nothing and costs nothing.
    pub const fn new() -> Executor {
        Executor
    }
}

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        crate::spawn(future).detach();
    }
}
