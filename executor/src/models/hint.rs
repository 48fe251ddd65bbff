//! Hints: a missed one delays, it loses nothing.

use loom::{sync::Arc, thread};

use super::office::Office;
use crate::crew::Crew;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

/// The owner runs what nobody takes from it, and nobody runs what another has taken.
#[test]
fn the_owner_runs_what_a_missed_hint_leaves() {
    check(|| {
        let office = Arc::new(Office::<2>::new(3));
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let office = office.clone();
                thread::spawn(move || {
                    if worker == 0 {
                        (0..3).for_each(|_| office.push_own(0));
                    }
                    office.work(worker, || office.run_one());
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        office.assert_at_rest();
    });
}

/// A worker that a hint has woken is counted as searching, so a promise made meanwhile relies on it.
#[test]
fn a_promise_beside_a_hint_is_kept() {
    check(|| {
        let office = Arc::new(Office::<2>::new(3));
        office.push_own(0);
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let office = office.clone();
                thread::spawn(move || {
                    if worker == 0 {
                        office.push_own(0);
                    }
                    office.work(worker, || office.run_one());
                })
            })
            .collect();
        office.deliver(0, ());
        for worker in workers {
            worker.join().unwrap();
        }
        office.assert_at_rest();
    });
}
