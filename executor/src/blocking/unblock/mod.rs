//! `Unblock`: a blocking handle made async.
//!
//! The handle is either here (*idle*) or lent to one *job* on the pool, which moves bytes or items between the handle
//! and a buffer; the async side only ever touches the buffer. Each kind of operation has its kind of job:
//!
//! ```text
//!              start                              job ends: poll_job
//!   Idle ───────────────▶ Busy(Reading | Writing | Seeking | Streaming | Calling) ───────────────▶ Idle
//!    │  poll_read …          │ poll_read of a Reading one, and so on, use the buffer
//!    │ close                 │ any other operation first stops the job: poll_stop
//!    ▼                       ▼ the job panics
//!   Gone ◀───────────────────┘
//! ```
//!
//! Bytes that a reading job has read and nobody has asked for yet outlive it, in [`ReadAhead`].

mod items;
mod read;
mod seek;
mod stint;
mod stream;
mod write;

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, SeekFrom};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use async_task::Task;

use self::read::{ReadAhead, ReadEnd};
use super::contained::Contained;
use crate::contain::contain;

/// A blocking reader, writer or iterator, made async.
///
/// The blocking calls are made on the pool of [`unblock`](crate::unblock()), and a buffer lies between it and the async
/// side. If the inner type is [`Read`](io::Read), [`Write`](io::Write), [`Seek`](io::Seek) or [`Iterator`], this type
/// is `AsyncRead`, `AsyncWrite`, `AsyncSeek` or `Stream`.
///
/// # Reading
///
/// The pool reads ahead until the buffer is full, so the handle stands further on than what you were given. What was
/// read ahead is kept while you write, which suits a two-way handle like a pipe to a process. On a handle that can
/// seek, do as in C: between reading and writing, [`seek`]. Seeking counts from the byte after the last one you
/// were given, so `SeekFrom::Current(0)` brings the handle back to it.
/// [`get_mut`](Unblock::get_mut), [`with_mut`](Unblock::with_mut) and [`into_inner`](Unblock::into_inner) drop what was
/// read ahead.
///
/// A blocking read can't be interrupted. Whatever has to wait for one, such as a write to the same handle, waits for
/// as long as it takes; and one that is under way when this value is dropped goes on, and takes its bytes with it. So
/// let a program have one `Unblock<Stdin>`.
///
/// # Writing
///
/// A write is done when its bytes are in the buffer. `flush` and `close` wait until the pool has written them and
/// flushed the handle, and report what failed since the last report. Dropping this value lets the pool write and flush
/// the rest, but nobody hears of an error then, and nothing waits for it when the program ends: flush first.
///
/// # Cancel safety
///
/// Every operation can be dropped while it is pending. A dropped read or `next` has taken nothing: the next one gets
/// the bytes or items. A dropped write has written nothing. A dropped flush or seek may still take effect, and the same
/// call again takes up where it was left. A closure given to `with_mut` runs to its end all the same.
///
/// # Panics
///
/// When the inner handle panics on the pool, the panic goes on in the operation that meets it next. The handle is lost
/// then, as if it had been closed: later reads, writes and seeks return an error of kind [`io::ErrorKind::NotConnected`],
/// a stream ends, and the methods that give out the handle panic.
///
/// # Examples
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, io::SeekFrom};
/// use leno_executor::Unblock;
/// use std::io::Cursor;
///
/// # futures_lite::future::block_on(async {
/// let mut file = Unblock::new(Cursor::new(b"warp and weft".to_vec()));
///
/// let mut word = [0; 4];
/// file.read_exact(&mut word).await?;
/// assert_eq!(&word, b"warp");
///
/// file.seek(SeekFrom::Current(0)).await?;
/// file.write_all(b" & ").await?;
/// file.flush().await?;
/// assert_eq!(file.into_inner().await.into_inner(), b"warp & d weft");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// [`seek`]: https://docs.rs/futures-lite/2/futures_lite/io/trait.AsyncSeekExt.html#method.seek
pub struct Unblock<T> {
    state: State<T>,
    /// Bytes or items; `None` means the default of the operation.
    capacity: Option<usize>,
    /// What was read and not asked for yet. Always there while `state` is `Reading`.
    read_ahead: Option<ReadAhead>,
    /// What failed in a job that was stopped by an operation that can't report it.
    error: Option<io::Error>,
}

enum State<T> {
    /// The handle is here.
    Idle(Box<T>),
    /// The handle is lent to a job.
    Busy(Work, Task<Done<T>>),
    /// There is no handle any more: it was closed or taken out, or a job panicked.
    Gone,
}

/// What a job does, with this side's end of its buffer.
enum Work {
    /// Fills `Unblock::read_ahead`.
    Reading,
    /// Empties the pipe into the handle. `None` once the job was told to stop.
    Writing(Option<piper::Writer>),
    /// Seeks, as it was asked for: not corrected for what was read ahead.
    Seeking(SeekFrom),
    /// Fills a buffer with items: an `items::Receiver` of the iterator's items, whose type this type can't name. `None`
    /// once the job was told to stop.
    Streaming(Option<Box<dyn Any + Send + Sync>>),
    /// Runs a closure.
    Calling,
}

/// What a job gives back.
struct Done<T> {
    /// Contained, because `async-task` drops what nobody takes, and aborts if that panics.
    handle: Contained<Box<T>>,
    outcome: Outcome,
}

impl<T> Done<T> {
    fn new(handle: Box<T>, outcome: Outcome) -> Self {
        let handle = Contained::new(handle);
        Done { handle, outcome }
    }
}

enum Outcome {
    Read(io::Result<ReadEnd>),
    Written(io::Result<()>),
    Sought(io::Result<u64>),
    Streamed,
    Called,
}

impl<T> Unblock<T> {
    /// Wraps a blocking handle, with a buffer of 1 MiB for bytes and of 1024 for items.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::Unblock;
    ///
    /// let stdin = Unblock::new(std::io::stdin());
    /// # drop(stdin);
    /// ```
    pub fn new(io: T) -> Unblock<T> {
        Unblock {
            state: State::Idle(Box::new(io)),
            capacity: None,
            read_ahead: None,
            error: None,
        }
    }

    /// Wraps a blocking handle, with a buffer of `capacity` bytes, or items if it is used as a stream.
    ///
    /// A small buffer bounds what is read ahead; a big one saves switches between threads. Zero is taken as one.
    ///
    /// # Panics
    ///
    /// The first read or write panics if there can't be a buffer of that size.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::Unblock;
    ///
    /// let stdout = Unblock::with_capacity(4096, std::io::stdout());
    /// # drop(stdout);
    /// ```
    pub fn with_capacity(capacity: usize, io: T) -> Unblock<T> {
        let mut this = Unblock::new(io);
        this.capacity = Some(capacity.max(1));
        this
    }

    /// Waits until the pool has given the handle back, and borrows it.
    ///
    /// Written data is flushed by then; if that failed, the next flush, write, read or seek says so. What was read ahead is
    /// dropped.
    ///
    /// # Panics
    ///
    /// If the handle was closed, or lost in a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::{Unblock, unblock};
    /// use std::fs::File;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mut file = Unblock::new(unblock(|| File::open("Cargo.toml")).await?);
    /// assert!(file.get_mut().await.metadata()?.is_file());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn get_mut(&mut self) -> &mut T {
        poll_fn(|cx| self.poll_stop(cx)).await;
        self.read_ahead = None;
        match &mut self.state {
            State::Idle(handle) => handle,
            _ => panic!("{GONE}"),
        }
    }

    /// Runs a closure that may block on the pool, with the handle, and waits for its result.
    ///
    /// Like [`get_mut`](Unblock::get_mut), it waits for written data to be flushed, and drops what was read ahead.
    ///
    /// # Panics
    ///
    /// If the closure panics, with a message that says so: what the closure said is told by the panic hook, and the handle
    /// is lost. Or if the handle was closed, or lost in a panic before.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_executor::{Unblock, unblock};
    /// use std::fs::File;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mut file = Unblock::new(unblock(|| File::open("Cargo.toml")).await?);
    /// let metadata = file.with_mut(|file| file.metadata()).await?;
    /// assert!(metadata.is_file());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn with_mut<R, F>(&mut self, op: F) -> R
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
        T: Send + 'static,
    {
        poll_fn(|cx| self.poll_stop(cx)).await;
        self.read_ahead = None;
        let Some(mut handle) = self.take_idle() else {
            panic!("{GONE}");
        };

        // Not the output of the job: this future may be dropped, and the next operation has no use for an `R`.
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        self.start(Work::Calling, async move {
            let value = op(&mut handle);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Done::new(handle, Outcome::Called)
        });
        // A panic of the closure ends here: the result is missing then.
        poll_fn(|cx| self.poll_contained_job(cx)).await;
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        match result.take() {
            Some(value) => value,
            // In the words of `blocking`, which there are programs that look for.
            None => panic!("`Unblock::with_mut()` operation has panicked: RecvError"),
        }
    }

    /// Waits until the pool has given the handle back, and returns it.
    ///
    /// Written data is flushed by then, but if that failed, nobody hears of it: flush first. What was read ahead is
    /// dropped; on a handle that can seek, seek to `SeekFrom::Current(0)` first to have it stand where you stopped
    /// reading.
    ///
    /// # Panics
    ///
    /// If the handle was closed, or lost in a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::AsyncWriteExt;
    /// use leno_executor::Unblock;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mut log = Unblock::new(Vec::new());
    /// log.write_all(b"started").await?;
    /// log.flush().await?;
    /// assert_eq!(log.into_inner().await, b"started");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn into_inner(mut self) -> T {
        poll_fn(|cx| self.poll_stop(cx)).await;
        match self.take_idle() {
            Some(handle) => *handle,
            None => panic!("{GONE}"),
        }
    }

    /// Tells the job, if any, to stop, and waits until it has given the handle back.
    fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Busy(work, _) = &mut self.state else {
            return Poll::Ready(());
        };
        match work {
            Work::Reading => self.read_ahead.iter().for_each(ReadAhead::stop_reading),
            Work::Writing(pipe) => *pipe = None,
            Work::Streaming(items) => *items = None,
            // These end by themselves.
            Work::Seeking(_) | Work::Calling => {}
        }
        match ready!(self.poll_job(cx)) {
            Outcome::Read(Err(error))
            | Outcome::Written(Err(error))
            | Outcome::Sought(Err(error)) => {
                self.error.get_or_insert(error);
            }
            Outcome::Sought(Ok(_)) => self.read_ahead = None,
            Outcome::Read(Ok(_)) | Outcome::Written(Ok(())) => {}
            Outcome::Streamed | Outcome::Called => {}
        }
        Poll::Ready(())
    }

    /// Waits until the job gives the handle back. Must only be called while busy.
    fn poll_job(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        // Taken out while it is polled, so that the handle is gone if the panic of a job comes out of there.
        let State::Busy(work, mut job) = mem::replace(&mut self.state, State::Gone) else {
            unreachable!("poll_job is called while busy");
        };
        match Pin::new(&mut job).poll(cx) {
            Poll::Ready(done) => {
                self.state = State::Idle(done.handle.into_inner());
                Poll::Ready(done.outcome)
            }
            Poll::Pending => {
                self.state = State::Busy(work, job);
                Poll::Pending
            }
        }
    }

    /// Like [`poll_job`](Self::poll_job), but a panic of the job only ends it.
    fn poll_contained_job(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut polled = Poll::Ready(());
        contain(|| polled = self.poll_job(cx).map(drop));
        polled
    }

    /// The handle, to be lent to a job; `None` if it is gone.
    fn take_idle(&mut self) -> Option<Box<T>> {
        match mem::replace(&mut self.state, State::Gone) {
            State::Idle(handle) => Some(handle),
            State::Gone => None,
            State::Busy(..) => unreachable!("the job has been stopped"),
        }
    }

    /// Gives the pool a job, which owns the handle.
    fn start<F>(&mut self, work: Work, job: F)
    where
        T: Send + 'static,
        F: Future<Output = Done<T>> + Send + 'static,
    {
        self.state = State::Busy(work, super::spawn(Box::pin(job)));
    }

    /// The handle, for an operation that can report an error; first of all the one that waits to be reported.
    fn begin(&mut self) -> io::Result<Box<T>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.take_idle()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, GONE))
    }
}

const GONE: &str = "the handle in this `Unblock` was closed, or lost in a panic";

/// Lets a writing job finish what it was given. All other jobs are cancelled.
impl<T> Drop for Unblock<T> {
    fn drop(&mut self) {
        if let State::Busy(Work::Writing(pipe), job) = mem::replace(&mut self.state, State::Gone) {
            // The end of the pipe tells the job that there is no more to come.
            drop(pipe);
            job.detach();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let io: &dyn fmt::Debug = match &self.state {
            State::Idle(handle) => handle,
            State::Busy(..) => &format_args!("<busy>"),
            State::Gone => &format_args!("<closed>"),
        };
        f.debug_struct("Unblock").field("io", io).finish()
    }
}
