//! Being told to stop: the signal from outside, and how every task hears of it.

use std::convert::Infallible;

use leno::channel::{self, Receiver, Sender};

/// Ctrl-C (SIGINT) and the polite kill (SIGTERM), as something to await.
#[cfg(unix)]
pub struct Signals {
    pipe: leno::Async<std::os::unix::net::UnixStream>,
}

#[cfg(unix)]
impl Signals {
    /// From here on these signals no longer end the process: [`next`](Signals::next) tells of them.
    ///
    /// Almost nothing is allowed inside a signal handler. Writing a byte to a socket is; so that is all the handler does,
    /// and the other end of the socket is read like any other, by a task.
    pub fn new() -> std::io::Result<Signals> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use std::os::unix::net::UnixStream;

        let (reader, writer) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGINT, writer.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGTERM, writer)?;
        Ok(Signals {
            pipe: leno::Async::new(reader)?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> std::io::Result<()> {
        use leno::prelude::*;

        self.pipe.read_exact(&mut [0]).await
    }
}

/// Elsewhere Ctrl-C ends the process at once, as the system would have it.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    pub async fn next(&mut self) -> std::io::Result<()> {
        leno::future::pending().await
    }
}

/// What each task holds to hear that it is time to stop.
///
/// It is the receiving end of a channel that carries nothing: all it can do is be closed, and that everybody who holds an
/// end of it notices, at once or later.
#[derive(Clone)]
pub struct Stop(Receiver<Infallible>);

/// What stops everybody who holds a [`Stop`]. To drop it does the same, so nobody waits for ever.
pub struct Stopper(Sender<Infallible>);

impl Stop {
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = channel::bounded(1);
        (Stopper(sender), Stop(receiver))
    }

    /// Waits until it is time to stop.
    pub async fn requested(&self) {
        match self.0.recv().await {
            Ok(never) => match never {},
            Err(_closed) => {}
        }
    }

    pub fn is_requested(&self) -> bool {
        self.0.is_closed()
    }
}

impl Stopper {
    pub fn stop(self) {
        self.0.close();
    }
}
