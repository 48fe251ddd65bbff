//! Keeps apart in the caches what different threads write.

use std::ops::Deref;

/// A value that has its cache lines to itself: 128 bytes because several processors fetch lines of 64 in pairs, and some have
/// lines of 128.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}
