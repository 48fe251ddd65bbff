//! Who is parked, and how many look for work: how a worker that has nothing to do is found by one that has too much.
//!
//! Two kinds of wake-up use it. A *promise* (work from outside, in somebody's inbox) must be seen: the giver pushes,
//! fences, and then looks for a parked worker; a worker sets its bit, fences, and then looks at the inboxes once more.
//! Store-then-look on both sides means that at least one of them sees the other. A *hint* (a worker's own spare work)
//! may be missed: relaxed loads, no fence. What it misses is run by its owner.

use crate::padded::Padded;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

const BITS: usize = u64::BITS as usize;

/// One bit a worker. Owned by the runtime, beside what workers read at every task, hence the padding: with many workers
/// somebody parks, wakes or searches all the time.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Bit `i % 64` of word `i / 64` is set while worker `i` is parked and nobody has claimed it. Set by the worker,
    /// cleared by the worker or by whoever claims it, with read-modify-writes; SeqCst with the fences of `park` and
    /// `announce`.
    parked: Box<[Padded<AtomicU64>]>,
    /// How many workers are awake without work of their own. Incremented before a search and for a worker that a hint
    /// wakes; decremented when the search ends. Read by hints and promises: who searches will find what was pushed.
    searching: Padded<AtomicUsize>,
    /// How many may search at once.
    limit: usize,
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Idle {
        Idle {
            parked: (0..workers.div_ceil(BITS))
                .map(|_| Padded(AtomicU64::new(0)))
                .collect(),
            searching: Padded(AtomicUsize::new(0)),
            limit: (workers / 4).max(1),
        }
    }

    /// Marks `worker` as parked. It must look at the inboxes once more before it sleeps.
    pub(crate) fn park(&self, worker: usize) {
        self.word(worker).fetch_or(bit(worker), Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Marks `worker` as awake. False if somebody has claimed it, and so woken it and counted it as searching.
    pub(crate) fn unpark(&self, worker: usize) -> bool {
        self.word(worker).fetch_and(!bit(worker), Ordering::SeqCst) & bit(worker) != 0
    }

    /// After work was put where others can see it: from here on, either they see it or the caller sees them parked.
    pub(crate) fn announce(&self) {
        fence(Ordering::SeqCst);
    }

    /// Takes `worker` out of the parked ones. The caller must wake it. True if this call was the one to do it.
    pub(crate) fn claim(&self, worker: usize) -> bool {
        // Looking first keeps the line shared while the worker is busy, which is the usual case.
        self.is_parked(worker) && self.unpark(worker) && {
            self.searching.fetch_add(1, Ordering::SeqCst);
            true
        }
    }

    /// Claims some parked worker, `spared` only if there is no other.
    pub(crate) fn claim_any(&self, spared: Option<usize>) -> Option<usize> {
        let mut last_resort = None;
        for (index, word) in self.parked.iter().enumerate() {
            let mut bits = word.load(Ordering::Relaxed);
            while bits != 0 {
                let worker = index * BITS + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if Some(worker) == spared {
                    last_resort = spared;
                } else if self.claim(worker) {
                    return Some(worker);
                }
            }
        }
        last_resort.filter(|&worker| self.claim(worker))
    }

    /// For hints: whether waking somebody for spare work makes sense.
    pub(crate) fn wants_hint(&self) -> bool {
        self.any_parked() && self.searching.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn any_parked(&self) -> bool {
        self.parked
            .iter()
            .any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// Whether all of `workers` workers but this one are parked.
    pub(crate) fn is_alone(&self, worker: usize, workers: usize) -> bool {
        let parked: usize = (self.parked.iter().enumerate())
            .map(|(index, word)| {
                let own = if index == worker / BITS {
                    bit(worker)
                } else {
                    0
                };
                (word.load(Ordering::Relaxed) & !own).count_ones() as usize
            })
            .sum();
        parked + 1 >= workers
    }

    /// Whether one of the first `workers` workers is not parked. Looks at the masks alone: to go from worker to worker would
    /// cost as many cache lines as there are workers, at each sleep of each of them.
    pub(crate) fn anyone_awake(&self, workers: usize) -> bool {
        self.parked.iter().enumerate().any(|(index, word)| {
            let in_word = workers.saturating_sub(index * BITS).min(BITS);
            let all = u64::MAX.checked_shr((BITS - in_word) as u32).unwrap_or(0);
            all & !word.load(Ordering::Relaxed) != 0
        })
    }

    pub(crate) fn is_parked(&self, worker: usize) -> bool {
        self.word(worker).load(Ordering::Relaxed) & bit(worker) != 0
    }

    /// Whether somebody looks for work right now. Ordered by the caller's `announce`.
    pub(crate) fn anyone_searches(&self) -> bool {
        self.searching.load(Ordering::SeqCst) > 0
    }

    /// Counts the caller as searching, unless enough others do.
    pub(crate) fn begin_search(&self) -> bool {
        if self.searching.load(Ordering::Relaxed) >= self.limit {
            return false;
        }
        self.searching.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Counts the caller as searching, however many others are: it knows that there is something.
    pub(crate) fn join_search(&self) {
        self.searching.fetch_add(1, Ordering::SeqCst);
    }

    /// The caller has found something, or nothing.
    pub(crate) fn end_search(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    fn word(&self, worker: usize) -> &AtomicU64 {
        &self.parked[worker / BITS]
    }
}

fn bit(worker: usize) -> u64 {
    1 << (worker % BITS)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_awake_until_all_that_count_are_parked() {
        for workers in [1, 2, 63, 64, 65, 128, 200] {
            // One more that has only just been started, and does not count.
            let idle = Idle::new(workers + 1);
            idle.park(workers);
            for worker in 0..workers {
                assert!(
                    idle.anyone_awake(workers),
                    "{worker} of {workers} are parked"
                );
                idle.park(worker);
            }
            assert!(!idle.anyone_awake(workers), "all {workers} are parked");
            idle.unpark(workers - 1);
            assert!(
                idle.anyone_awake(workers),
                "the last of {workers} has woken up"
            );
        }
    }
}
