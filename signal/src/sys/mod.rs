//! How signals get from the operating system to a stream: a [`Mailbox`] that they are put into, and a [`Subscription`] for
//! each kind that is.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{Mailbox, Subscription, number};

#[cfg(windows)]
mod console;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{Mailbox, Subscription, number};
