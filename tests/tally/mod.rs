//! Counts what is made and what is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many members were made, and how many dropped.
#[derive(Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// Counted when it is dropped.
pub struct Member(Arc<Counts>);

impl Tally {
    pub fn new() -> Tally {
        Tally::default()
    }

    pub fn member(&self) -> Member {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Member(self.0.clone())
    }

    /// How many members live.
    pub fn alive(&self) -> isize {
        let made = self.0.made.load(Ordering::SeqCst) as isize;
        made - self.0.dropped.load(Ordering::SeqCst) as isize
    }

    pub fn expect_all_dropped_once(&self) {
        assert!(self.0.made.load(Ordering::SeqCst) > 0, "nothing was made");
        assert_eq!(self.alive(), 0, "of those made, so many are left");
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
