//! Where runnable tasks wait: a worker's [`Ring`], its [`NextSlot`] and its [`Inbox`].

mod inbox;
mod next_slot;
mod pointer;
mod ring;

pub(crate) use inbox::Inbox;
pub(crate) use next_slot::NextSlot;
pub(crate) use pointer::Pointer;
#[cfg(all(test, loom))]
pub(crate) use ring::CAPACITY;
pub(crate) use ring::Ring;
