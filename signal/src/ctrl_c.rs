//! Ctrl-C as a future.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use futures_core::Stream;

use crate::{Signal, Signals};

/// Waits for the next Ctrl-C (`SIGINT`).
///
/// It listens from its first poll on, so a Ctrl-C that came before is not seen, nor one that comes between two calls. To
/// miss none, keep a [`Signals`] of [`Signal::Int`] instead.
///
/// From the first poll of the first call on, Ctrl-C no longer ends the program, **also after the future has ended or was
/// dropped**: from then on the program has to stop itself. Services should listen for [`Signal::Term`] too, which is what
/// most supervisors send.
///
/// # Errors
///
/// If there is no descriptor left to listen with.
///
/// # Cancel safety
///
/// A Ctrl-C that came while the future waited is lost when it is dropped before it was polled again.
///
/// # Platform notes
///
/// On Windows it is Ctrl-C in the console, not Ctrl-Break nor closing the window.
///
/// # Examples
///
/// ```
/// use futures_lite::{FutureExt, future};
/// use leno_reactor::Timer;
/// use std::time::Duration;
///
/// # leno_reactor::block_on(async {
/// let interrupted = async {
///     leno_signal::ctrl_c().await?;
///     std::io::Result::Ok(true)
/// };
/// let over = async {
///     Timer::after(Duration::from_millis(10)).await;
///     Ok(false)
/// };
/// if interrupted.or(over).await? {
///     println!("stopping");
/// }
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let mut signals = Signals::new([Signal::Int])?;
    match poll_fn(|cx| Pin::new(&mut signals).poll_next(cx)).await {
        Some(signal) => signal.map(drop),
        None => unreachable!("the stream never ends"),
    }
}
