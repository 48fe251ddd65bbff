//! [`Buffer`]: the messages that are on their way.

use std::collections::VecDeque;

/// An unbounded buffer of so many slots or fewer is never made smaller.
const KEPT: usize = 64;

/// A queue that grows with what is in it, up to the capacity if there is one.
pub(crate) struct Buffer<T> {
    messages: VecDeque<T>,
    capacity: Option<usize>,
}

impl<T> Buffer<T> {
    pub(crate) const fn new(capacity: Option<usize>) -> Buffer<T> {
        Buffer {
            messages: VecDeque::new(),
            capacity,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.capacity.is_some_and(|most| self.len() >= most)
    }

    /// The caller has seen that it is not full, or that a receiver waits to whom the message is handed over.
    #[inline]
    pub(crate) fn push(&mut self, message: T) {
        debug_assert!(!self.is_full() || self.capacity == Some(0));
        self.messages.push_back(message);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let message = self.messages.pop_front();
        if self.capacity.is_none() {
            self.tidy();
        }
        message
    }

    /// Halves an unbounded buffer of which three quarters are empty, so that a burst does not hold its memory for
    /// ever, and each message pays for one move at most. A bounded one may keep what its capacity allows.
    #[inline]
    fn tidy(&mut self) {
        let slots = self.messages.capacity();
        if slots > KEPT && self.messages.len() < slots / 4 {
            // For messages without a size there is nothing to free, and the number of slots stays what it is.
            if size_of::<T>() > 0 {
                self.messages.shrink_to(slots / 2);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_large_capacity_costs_nothing_before_it_is_used() {
        let mut buffer = Buffer::new(Some(usize::MAX));
        assert_eq!(buffer.messages.capacity(), 0);
        buffer.push([0_u8; 1000]);
        assert!(buffer.messages.capacity() < 100);
    }

    #[test]
    fn a_burst_does_not_hold_its_memory() {
        let mut buffer = Buffer::new(None);
        (0..100_000).for_each(|n| buffer.push(n));
        for n in 0..100_000 {
            assert_eq!(buffer.pop(), Some(n));
            assert!(buffer.messages.capacity() <= KEPT.max(8 * (buffer.len() + 1)));
        }
        assert_eq!(buffer.pop(), None);
    }

    #[test]
    fn messages_without_a_size() {
        let mut buffer = Buffer::new(None);
        (0..1000).for_each(|_| buffer.push(()));
        (0..1000).for_each(|_| assert_eq!(buffer.pop(), Some(())));
        assert_eq!(buffer.pop(), None);
    }
}
