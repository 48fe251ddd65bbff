//! Writing: a job empties a pipe into the handle.

use std::future::poll_fn;
use std::io::{self, Write};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use super::read::PIPE_BYTES;
use super::stint::Stint;
use super::{Done, Outcome, State, Unblock, Work};

/// Writes what comes out of `pipe` until its other end is dropped, then flushes.
async fn drain<T: Write>(mut handle: Box<T>, mut pipe: piper::Reader) -> Done<T> {
    let mut stint = Stint::new();
    let result = loop {
        if !poll_fn(|cx| pipe.poll(cx)).await {
            break handle.flush();
        }
        match handle.write(pipe.peek_buf()) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => pipe.consume(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
        stint.count().await;
    };
    Done::new(handle, Outcome::Written(result))
}

impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match &mut this.state {
                State::Busy(Work::Writing(Some(pipe)), _) => {
                    let count = ready!(pipe.poll_fill_bytes(cx, buf));
                    if count > 0 {
                        return Poll::Ready(Ok(count));
                    }
                    // The job has left the pipe before its end, so it has failed.
                    ready!(this.poll_stop(cx));
                }
                State::Busy(..) => ready!(this.poll_stop(cx)),
                State::Idle(_) | State::Gone => {
                    let handle = this.begin()?;
                    if let Some(ahead) = &mut this.read_ahead {
                        ahead.contiguous = false;
                    }
                    let (pipe, input) = piper::pipe(this.capacity.unwrap_or(PIPE_BYTES));
                    this.start(Work::Writing(Some(input)), drain(handle, pipe));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The other jobs only start when everything is flushed.
        if let State::Busy(Work::Writing(_) | Work::Calling, _) = this.state {
            ready!(this.poll_stop(cx));
        }
        Poll::Ready(this.error.take().map_or(Ok(()), Err))
    }

    /// Waits for the job that is under way, even if it is a blocking read, and drops the handle.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_stop(cx));
        this.read_ahead = None;
        let result = this.error.take().map_or(Ok(()), Err);
        drop(mem::replace(&mut this.state, State::Gone));
        Poll::Ready(result)
    }
}
