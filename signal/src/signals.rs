//! The stream of signals.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::Signal;
use crate::sys::{Mailbox, Subscription};

/// A stream of the signals that the process gets, of those kinds that were asked for.
///
/// The first time that anybody asks for a kind, its default action ends: Ctrl-C no longer ends the program. **It does not
/// come back** when the `Signals` is dropped or told to [remove](Signals::remove_signals) the kind; from then on such a
/// signal does nothing. A handler that another library has installed before goes on being called.
///
/// Each `Signals` gets every signal, however many there are. Signals wait until they are read, in the order in which they
/// came, a few hundred at least; when there is no room for more, those that come are remembered by kind, so that of each
/// kind at least one is told of. The kernel does the same before a signal gets to the process: two of a kind that come
/// before the first is handled may be one.
///
/// The stream never ends. Several tasks may read one `Signals` through `&Signals`, but the one that polls last is the one
/// that is woken; give each task a `Signals` of its own.
///
/// # Cancel safety
///
/// Dropping the future of `next()` loses no signal.
///
/// # Platform notes
///
/// On Windows the only kind is [`Signal::Int`], which is Ctrl-C in the console.
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use leno_signal::{Signal, Signals};
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let mut signals = Signals::new([Signal::Term, Signal::Usr1])?;
/// # unsafe extern "C" { fn raise(signal: i32) -> i32; }
/// # // SAFETY: the signal has a handler.
/// # unsafe { raise(Signal::Usr1 as i32) };
/// // Somebody does `kill -USR1` to this process.
/// match signals.next().await {
///     Some(Ok(Signal::Usr1)) => println!("to work"),
///     Some(Ok(other)) => println!("{other:?}"),
///     Some(Err(error)) => return Err(error),
///     None => unreachable!("it never ends"),
/// }
/// # Ok(()) }).unwrap();
/// ```
pub struct Signals {
    // Dropped first: no handler writes to a mailbox that is closed.
    subscriptions: BTreeMap<Signal, Subscription>,
    mailbox: Mailbox,
}

impl Signals {
    /// Listens for signals of these kinds.
    ///
    /// # Errors
    ///
    /// As [`add_signals`](Signals::add_signals), or that there is no descriptor left. Nothing is listened for then.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_signal::{Signal, Signals};
    ///
    /// let by_value = Signals::new([Signal::Int])?;
    /// let by_reference = Signals::new(&[Signal::Int])?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new<B>(signals: impl IntoIterator<Item = B>) -> io::Result<Signals>
    where
        B: Borrow<Signal>,
    {
        let mut this = Signals {
            subscriptions: BTreeMap::new(),
            mailbox: Mailbox::new()?,
        };
        this.add_signals(signals)?;
        Ok(this)
    }

    /// Listens for signals of these kinds too. Those that it listens for already are passed over.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a kind that can't be listened for: [`Kill`](Signal::Kill) and
    /// [`Stop`](Signal::Stop), which the system delivers to nobody, and [`Ill`](Signal::Ill), [`Fpe`](Signal::Fpe) and
    /// [`Segv`](Signal::Segv), after which the program can't go on. On Windows
    /// [`Unsupported`](io::ErrorKind::Unsupported) for every kind but [`Int`](Signal::Int). Kinds before the one that
    /// was refused have been added.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_signal::{Signal, Signals};
    /// use std::io::ErrorKind;
    ///
    /// let mut signals = Signals::new([Signal::Int])?;
    /// # #[cfg(unix)] {
    /// signals.add_signals([Signal::Term, Signal::Int])?;
    /// let error = signals.add_signals([Signal::Kill]).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn add_signals<B>(&mut self, signals: impl IntoIterator<Item = B>) -> io::Result<()>
    where
        B: Borrow<Signal>,
    {
        for signal in signals {
            let signal = *signal.borrow();
            if !self.subscriptions.contains_key(&signal) {
                let subscription = self.mailbox.subscribe(signal)?;
                self.subscriptions.insert(signal, subscription);
            }
        }
        Ok(())
    }

    /// Listens no longer for signals of these kinds. Those that it does not listen for are passed over.
    ///
    /// What has come already is still read. Once nobody listens for a kind, its signals do nothing: the default action
    /// does not come back.
    ///
    /// # Errors
    ///
    /// None on the platforms there are today.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_signal::{Signal, Signals};
    ///
    /// let mut signals = Signals::new([Signal::Int])?;
    /// signals.remove_signals([Signal::Int, Signal::Term])?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn remove_signals<B>(&mut self, signals: impl IntoIterator<Item = B>) -> io::Result<()>
    where
        B: Borrow<Signal>,
    {
        for signal in signals {
            self.subscriptions.remove(signal.borrow());
        }
        Ok(())
    }
}

impl Stream for &Signals {
    type Item = io::Result<Signal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.mailbox.poll_take(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // It never ends.
        (usize::MAX, None)
    }
}

impl Stream for Signals {
    type Item = io::Result<Signal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut &*self).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (&self).size_hint()
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("signals", &self.subscriptions.keys())
            .finish_non_exhaustive()
    }
}

/// The descriptor is readable while a signal waits to be read. Only look; what is read from it is lost to the stream.
#[cfg(unix)]
impl std::os::fd::AsFd for Signals {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.mailbox.as_fd()
    }
}

/// As for `AsFd`.
#[cfg(unix)]
impl std::os::fd::AsRawFd for Signals {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(self))
    }
}
