//! A timer that fires while it is dropped: its waker is either called or dropped, once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread;

use crate::park_state::ParkState;
use crate::sync::{Mutex, lock};
use crate::wheel::Wheel;

#[test]
fn fire_against_drop() {
    loom::model(|| {
        let origin = Instant::now();
        let wheel = Arc::new(Mutex::new(Wheel::new(origin)));
        let state = Arc::new(ParkState::new());
        let key = lock(&wheel).insert(origin, super::waker(&state));

        let reactor = wheel.clone();
        let reactor = thread::spawn(move || {
            let mut fired = Vec::new();
            lock(&reactor).expire(origin + Duration::from_secs(1), &mut fired);
            let count = fired.len();
            fired.into_iter().for_each(std::task::Waker::wake);
            count
        });
        let removed = lock(&wheel).remove(key);
        let fired = reactor.join().unwrap();

        assert_eq!(fired + usize::from(removed.is_some()), 1);
        assert_eq!(state.take_notification(), fired == 1);
        assert!(lock(&wheel).is_empty());
    });
}

#[test]
fn fire_against_a_new_waker() {
    loom::model(|| {
        let origin = Instant::now();
        let wheel = Arc::new(Mutex::new(Wheel::new(origin)));
        let (old, new) = (Arc::new(ParkState::new()), Arc::new(ParkState::new()));
        let key = lock(&wheel).insert(origin, super::waker(&old));

        let reactor = wheel.clone();
        let reactor = thread::spawn(move || {
            let mut fired = Vec::new();
            lock(&reactor).expire(origin, &mut fired);
            fired.into_iter().for_each(std::task::Waker::wake);
        });
        // As `Timer::poll` does when another task polls it. If the entry is gone, the timer is registered anew.
        let waker = super::waker(&new);
        let gone = lock(&wheel).wakes_same(key, &waker).is_err()
            || lock(&wheel).replace(key, waker).is_err();
        reactor.join().unwrap();
        assert!(
            gone || new.take_notification(),
            "either the poll sees that it fired, or the new task is woken"
        );
    });
}
