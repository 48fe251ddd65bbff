//! [`WeakSender`] and [`WeakReceiver`]: ways to the two sides that don't keep the channel open.

use std::fmt;
use std::process::abort;

use crate::channel::Channel;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// More handles than this can only be there if they are leaked in a loop. A count that wraps would close the channel
/// under them.
const MOST: usize = usize::MAX / 2;

/// Counts one more handle, by means of one that is there.
#[inline]
pub(crate) fn count_one(count: &AtomicUsize) {
    // Relaxed: the handle that is cloned keeps the count above zero.
    if count.fetch_add(1, Ordering::Relaxed) > MOST {
        abort();
    }
}

/// Counts one more handle if there is any. Once the count is zero it stays zero.
fn count_one_if_any(count: &AtomicUsize) -> bool {
    // Relaxed: nothing is concluded from it but that the channel is not being closed by the last of them.
    let counted = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |handles| {
        (handles > 0).then(|| handles + 1)
    });
    if counted.is_ok_and(|before| before > MOST) {
        abort();
    }
    counted.is_ok()
}

/// A [`Sender`] that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use leno_channel::unbounded;
///
/// let (sender, receiver) = unbounded::<u8>();
/// let weak = sender.downgrade();
/// weak.upgrade().expect("a sender is there").send_blocking(1)?;
/// drop(sender);
/// assert!(receiver.is_closed());
/// assert!(weak.upgrade().is_none());
/// # Ok::<_, leno_channel::SendError<u8>>(())
/// ```
pub struct WeakSender<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if the channel is not closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::bounded::<u8>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// receiver.close();
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let is_open = !self.channel.is_closed() && count_one_if_any(&self.channel.senders);
        is_open.then(|| Sender {
            channel: self.channel.clone(),
        })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSender { .. }")
    }
}

/// A [`Receiver`] that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use leno_channel::unbounded;
///
/// let (sender, receiver) = unbounded::<u8>();
/// let weak = receiver.downgrade();
/// sender.send_blocking(1)?;
/// let second = weak.upgrade().expect("a receiver is there");
/// assert_eq!(second.recv_blocking(), Ok(1));
/// # Ok::<_, leno_channel::SendError<u8>>(())
/// ```
pub struct WeakReceiver<T> {
    pub(crate) channel: Arc<Channel<T>>,
}

impl<T> WeakReceiver<T> {
    /// A receiver, if the channel is not closed, even if there are messages left.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = leno_channel::bounded::<u8>(1);
    /// let weak = receiver.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        let is_open = !self.channel.is_closed() && count_one_if_any(&self.channel.receivers);
        is_open.then(|| Receiver::new(self.channel.clone()))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> WeakReceiver<T> {
        WeakReceiver {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakReceiver { .. }")
    }
}
