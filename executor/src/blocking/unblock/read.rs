//! Reading: a job fills a pipe from the handle, ahead of who asks for it.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_io::AsyncRead;

use super::stint::Stint;
use super::{Done, Outcome, State, Unblock, Work};

/// The default capacity of a pipe: enough to keep the disk and the reader apart, little enough for a thousand files.
pub(super) const PIPE_BYTES: usize = 1024 * 1024;

/// The most that is asked of the handle at once, so that the reader can begin before the pipe is full.
const CHUNK_BYTES: usize = 128 * 1024;

/// What was read from the handle and not asked for yet.
pub(super) struct ReadAhead {
    pub(super) bytes: piper::Reader,
    /// Whether the handle stands right behind these bytes. Not so once something was written after they were read.
    pub(super) contiguous: bool,
    stop: Arc<Stop>,
}

impl ReadAhead {
    /// Tells the job to stop, without losing what it is just reading.
    pub(super) fn stop_reading(&self) {
        self.stop.stop();
    }
}

/// Why a reading job ended without an error.
pub(super) enum ReadEnd {
    EndOfFile,
    Stopped,
}

/// Stops a reading job that waits for room in the pipe. Closing the pipe would do that too, but lose what is in it.
#[derive(Default)]
struct Stop(Mutex<StopState>);

#[derive(Default)]
struct StopState {
    stopped: bool,
    job: Option<Waker>,
}

impl Stop {
    fn stop(&self) {
        let job = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.stopped = true;
            state.job.take()
        };
        if let Some(job) = job {
            job.wake();
        }
    }

    fn is_stopped(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped
    }

    /// Is ready when it is time to stop.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return Poll::Ready(());
        }
        // The job's waker is the same at each poll, and is of `async-task`, so that it may be dropped under the lock.
        match &state.job {
            Some(known) if known.will_wake(cx.waker()) => {}
            _ => state.job = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// Reads into `pipe` until the end of the file, an error, or until told to stop.
async fn fill<T: Read>(mut handle: Box<T>, mut pipe: piper::Writer, stop: Arc<Stop>) -> Done<T> {
    let mut stint = Stint::new();
    let end = loop {
        let has_room = poll_fn(|cx| match pipe.poll(cx) {
            Poll::Ready(open) => Poll::Ready(open && !stop.is_stopped()),
            Poll::Pending => stop.poll(cx).map(|()| false),
        });
        if !has_room.await {
            break Ok(ReadEnd::Stopped);
        }
        match handle.read(pipe.write_buf(CHUNK_BYTES)) {
            Ok(0) => break Ok(ReadEnd::EndOfFile),
            Ok(count) => pipe.produced(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
        stint.count().await;
    };
    Done::new(handle, Outcome::Read(end))
}

impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match (&this.state, &mut this.read_ahead) {
                (State::Busy(Work::Reading, _), Some(ahead)) => {
                    let count = ready!(ahead.bytes.poll_drain_bytes(cx, buf));
                    if count > 0 {
                        return Poll::Ready(Ok(count));
                    }
                    // The pipe is empty and the job has left it.
                    match ready!(this.poll_job(cx)) {
                        Outcome::Read(Ok(ReadEnd::EndOfFile)) => return Poll::Ready(Ok(0)),
                        Outcome::Read(Err(error)) => return Poll::Ready(Err(error)),
                        // An operation told it so, and was then dropped.
                        _ => {}
                    }
                }
                (State::Busy(..), _) => ready!(this.poll_stop(cx)),
                (State::Idle(_) | State::Gone, ahead) => {
                    let count = ahead.as_mut().map_or(0, |ahead| ahead.bytes.try_drain(buf));
                    if count > 0 {
                        return Poll::Ready(Ok(count));
                    }
                    let handle = this.begin()?;
                    let (bytes, pipe) = piper::pipe(this.capacity.unwrap_or(PIPE_BYTES));
                    let stop = Arc::new(Stop::default());
                    this.read_ahead = Some(ReadAhead {
                        bytes,
                        contiguous: true,
                        stop: stop.clone(),
                    });
                    this.start(Work::Reading, fill(handle, pipe, stop));
                }
            }
        }
    }
}
