//! Seeking: a job makes one call.

use std::io::{self, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncSeek;

use super::read::ReadAhead;
use super::{Done, Outcome, State, Unblock, Work};

impl<T: Seek + Send + 'static> AsyncSeek for Unblock<T> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pos: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        loop {
            match &this.state {
                State::Busy(Work::Seeking(asked), _) if *asked == pos => {
                    let Outcome::Sought(result) = ready!(this.poll_job(cx)) else {
                        unreachable!("a seeking job has sought");
                    };
                    // If it failed, the handle still stands where it stood.
                    if result.is_ok() {
                        this.read_ahead = None;
                    }
                    return Poll::Ready(result);
                }
                State::Busy(..) => ready!(this.poll_stop(cx)),
                State::Idle(_) | State::Gone => {
                    let target = for_handle(pos, this.read_ahead.as_ref())?;
                    let mut handle = this.begin()?;
                    this.start(Work::Seeking(pos), async move {
                        let result = handle.seek(target);
                        Done::new(handle, Outcome::Sought(result))
                    });
                }
            }
        }
    }
}

/// Where the handle has to seek to, given that it stands behind what was read ahead and the caller before it.
fn for_handle(pos: SeekFrom, read_ahead: Option<&ReadAhead>) -> io::Result<SeekFrom> {
    match (pos, read_ahead) {
        (SeekFrom::Current(offset), Some(ahead)) if ahead.contiguous => {
            let unread = i64::try_from(ahead.bytes.len()).unwrap_or(i64::MAX);
            offset
                .checked_sub(unread)
                .map(SeekFrom::Current)
                .ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidInput, "seek offset out of range")
                })
        }
        _ => Ok(pos),
    }
}
