//! Where runnable tasks wait: a worker's [`Ring`] and its [`NextSlot`].

mod next_slot;
mod pointer;
mod ring;

pub(crate) use next_slot::NextSlot;
pub(crate) use pointer::Pointer;
#[cfg(all(test, loom))]
pub(crate) use ring::CAPACITY;
pub(crate) use ring::Ring;
