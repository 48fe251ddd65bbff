//! The seat and the bench: nobody sleeps beside a seat that is free.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::bench::Bench;
use crate::park_state::{ParkState, Place};

#[test]
fn leaving_the_seat_calls_whoever_came_to_the_bench() {
    loom::model(|| {
        let seat = Arc::new(AtomicBool::new(true));
        let bench = Arc::new(Bench::default());

        let (their_seat, their_bench) = (seat.clone(), bench.clone());
        let leaver = thread::spawn(move || {
            their_seat.store(false, Ordering::Release);
            their_bench.call_one(|| their_seat.load(Ordering::SeqCst));
        });

        // As `Parker::park` does: try the seat, go to the bench, look again, sleep.
        let state = Arc::new(ParkState::new());
        if seat
            .compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            bench.join(&state);
            if seat.load(Ordering::SeqCst) && state.prepare(Place::Bench) {
                state.sleep_on_bench(None);
                state.finish();
            }
            bench.leave(&state);
            assert!(
                !seat.load(Ordering::SeqCst),
                "it was called because the seat is free"
            );
        }
        leaver.join().unwrap();
        assert!(bench.is_empty());
    });
}
