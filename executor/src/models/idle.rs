//! Inbox and park, searching, claims: a promise is kept. A task that nobody sees shows as a deadlock.

use loom::{sync::Arc, thread};

use super::office::Office;
use crate::crew::Crew;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Three threads with a mutex each: two switches cover each pair of steps of any two of them.
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[test]
fn two_workers_and_a_giver() {
    check(|| {
        let office = Arc::new(Office::<2>::new(1));
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let office = office.clone();
                thread::spawn(move || office.work(worker, || office.run_one()))
            })
            .collect();
        office.deliver(0, ());
        for worker in workers {
            worker.join().unwrap();
        }
        office.assert_at_rest();
    });
}

#[test]
fn one_worker_and_two_givers() {
    check(|| {
        let office = Arc::new(Office::<1>::new(2));
        let threads: Vec<_> = [true, false]
            .into_iter()
            .map(|works| {
                let office = office.clone();
                thread::spawn(move || match works {
                    true => office.work(0, || office.run_one()),
                    false => office.deliver(0, ()),
                })
            })
            .collect();
        office.deliver(0, ());
        for thread in threads {
            thread.join().unwrap();
        }
        office.assert_at_rest();
    });
}

/// The home of what is given never looks into its inbox: it is in a long task.
#[test]
fn the_home_is_busy() {
    check(|| {
        let office = Arc::new(Office::<3>::new(1));
        // Worker 0 is busy for the length of the model.
        let workers: Vec<_> = (1..3)
            .map(|worker| {
                let office = office.clone();
                thread::spawn(move || office.work(worker, || office.run_one()))
            })
            .collect();
        office.deliver(0, ());
        for worker in workers {
            worker.join().unwrap();
        }
        office.assert_at_rest();
    });
}

/// Whoever searched when something was promised may find something else first, and be busy with it until the
/// promise has been kept by another.
#[test]
fn a_searcher_that_finds_other_work_passes_the_promise_on() {
    check(|| {
        let office = Arc::new(Office::<3>::new(2));
        // Worker 0 is busy for the length of the model, and has one task to spare.
        office.push_own(0);
        let workers: Vec<_> = (1..3)
            .map(|worker| {
                let office = office.clone();
                thread::spawn(move || {
                    office.work(worker, || {
                        office.run_one();
                        office.wait_for_the_others(worker);
                    })
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
