//! Stopping in an orderly way: tell every task, let each finish what it has begun, and don't wait for ever for the last.
//!
//! Three tasks work on one item after another. On Ctrl-C, or by itself after a second, the program tells them to stop. Two
//! finish their item and tidy up. The third is stuck, so when the grace is over it is cancelled: its future is dropped, and
//! with it all that it holds.
//!
//! ```text
//! cargo run --release --example graceful_shutdown
//! ```
//!
//! Expected output (the counts differ, and so does the order of the first lines):
//!
//! ```text
//! running; Ctrl-C stops, or wait a second
//! stopping
//! worker 1: finished its item, 19 in all; tidied up
//! worker 2: finished its item, 19 in all; tidied up
//! worker 3: cancelled
//! 2 tasks ended in time, 1 was cancelled
//! ```

use leno::channel::{self, Receiver};
use leno::{Timer, future, io};
use std::convert::Infallible;
use std::time::{Duration, Instant};

const GRACE: Duration = Duration::from_secs(1);

#[leno::main]
async fn main() -> io::Result<()> {
    let interrupted = interrupt()?;

    // A channel that carries nothing: closing it is the message, and everybody who holds a receiver hears it. A task that
    // looks late hears it too, because closed stays closed.
    let (stopper, stop) = channel::bounded::<Infallible>(1);
    let tasks = [
        leno::spawn(work(1, stop.clone())),
        leno::spawn(work(2, stop.clone())),
        leno::spawn(stuck(3)),
    ];
    println!("running; Ctrl-C stops, or wait a second");

    future::or(interrupted, async {
        Timer::after(Duration::from_secs(1)).await;
        Ok(())
    })
    .await?;
    println!("stopping");
    stopper.close();

    // One deadline for all, not so long for each.
    let deadline = Instant::now() + GRACE;
    let (mut ended, mut cancelled) = (0, 0);
    for mut task in tasks {
        let rest = deadline.saturating_duration_since(Instant::now());
        match leno::timeout(rest, &mut task).await {
            Ok(()) => ended += 1,
            Err(_timed_out) => {
                // Dropping a `Task` cancels it too; `cancel` also waits until its future is gone.
                task.cancel().await;
                cancelled += 1;
            }
        }
    }
    println!("{ended} tasks ended in time, {cancelled} was cancelled");
    Ok(())
}

/// Looks whether to stop between two items, never in the middle of one.
async fn work(number: u32, stop: Receiver<Infallible>) {
    let mut items = 0;
    while !stop.is_closed() {
        // An item takes a while.
        Timer::after(Duration::from_millis(50)).await;
        items += 1;
    }
    println!("worker {number}: finished its item, {items} in all; tidied up");
}

/// Waits for something that never comes, and doesn't listen.
async fn stuck(number: u32) {
    /// What a task holds is dropped when it is cancelled, so that is where to tidy up.
    struct Held(u32);

    impl Drop for Held {
        fn drop(&mut self) {
            println!("worker {}: cancelled", self.0);
        }
    }

    let _held = Held(number);
    future::pending().await
}

/// Ready at the first Ctrl-C, which from here on no longer ends the program by itself.
#[cfg(unix)]
fn interrupt() -> io::Result<impl Future<Output = io::Result<()>>> {
    use leno::{Async, prelude::*};
    use std::os::unix::net::UnixStream;

    // Hardly anything is allowed in a signal handler, but writing a byte to a socket is. A task reads it at the other end.
    let (reader, writer) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGINT, writer)?;
    let mut reader = Async::new(reader)?;
    Ok(async move { reader.read_exact(&mut [0]).await })
}

/// Elsewhere Ctrl-C ends the program as always.
#[cfg(not(unix))]
fn interrupt() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(future::pending())
}
