//! The seat and the bench: one thread sits, and nobody sleeps beside a seat that is free.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use crate::bench::Bench;
use crate::park_state::{ParkState, Place};
use crate::seat::Seat;

#[test]
fn leaving_the_seat_calls_whoever_came_to_the_bench() {
    loom::model(|| {
        let seat = Arc::new(Seat::new());
        let bench = Arc::new(Bench::default());
        // Taken by the thread that is about to leave it.
        std::mem::forget(seat.sit().unwrap());

        let (their_seat, their_bench) = (seat.clone(), bench.clone());
        let leaver = thread::spawn(move || {
            their_seat.leave();
            their_bench.call_one(|| their_seat.is_taken());
        });

        // As `Parker::park` does: try the seat, go to the bench, look again, sleep.
        let state = Arc::new(ParkState::new());
        if seat.sit().is_none() {
            bench.join(&state);
            if seat.is_taken() && state.prepare(Place::Bench) {
                state.sleep_on_bench(None);
                state.finish();
            }
            bench.leave(&state);
            assert!(!seat.is_taken(), "it was called because the seat is free");
        }
        leaver.join().unwrap();
        assert!(bench.is_empty());
    });
}

#[test]
fn only_one_sits() {
    loom::model(|| {
        // What the poll brings is touched by whoever sits, and by nobody else.
        let poll = Arc::new((Seat::new(), UnsafeCell::new(0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let poll = poll.clone();
                thread::spawn(move || {
                    let (seat, brought) = &*poll;
                    (0..2)
                        .filter(|_| match seat.sit() {
                            // SAFETY: the model checks just this: nobody else sits.
                            Some(_seated) => {
                                brought.with_mut(|brought| unsafe { *brought += 1 }) == ()
                            }
                            None => false,
                        })
                        .count()
                })
            })
            .collect();
        let sat: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        // SAFETY: the threads have ended.
        assert_eq!(poll.1.with(|brought| unsafe { *brought }), sat);
    });
}
