//! What smol's programs run to drive their processes.

use std::convert::Infallible;

/// Never ends, and does nothing: in leno nothing has to be driven.
///
/// In smol, whose interface this is, a task that runs `driver()` takes over from the thread that waits for processes. Here
/// there is no such thread: who awaits a [`Child`](crate::Child) waits for it in the reactor, and a child that was
/// dropped is reaped by a signal handler. So programs that run it are right, and those that don't are too.
///
/// # Examples
///
/// ```
/// use futures_lite::FutureExt;
/// use leno_process::{Command, driver};
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let work = async { Command::new("echo").arg("hello").output().await };
/// let output = work.or(async { match driver().await {} }).await?;
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub fn driver() -> impl Future<Output = Infallible> + Send + 'static {
    std::future::pending()
}
