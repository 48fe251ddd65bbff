//! Parking: a notification is seen by the next sleep or ends the current one, and there is only one.

use std::sync::Arc;

use loom::thread;

use crate::park_state::{ParkState, Place};

#[test]
fn a_notification_ends_the_sleep_whenever_it_comes() {
    loom::model(|| {
        let state = Arc::new(ParkState::new());
        let other = state.clone();
        let notifier = thread::spawn(move || assert!(!other.notify(), "nobody is in the poll"));
        super::sleep(&state);
        notifier.join().unwrap();
        assert!(!state.take_notification(), "the token was consumed");
    });
}

#[test]
fn two_notifications_are_one_or_two_but_never_none() {
    loom::model(|| {
        let state = Arc::new(ParkState::new());
        let notifiers: Vec<_> = (0..2)
            .map(|_| {
                let state = state.clone();
                thread::spawn(move || drop(state.notify()))
            })
            .collect();
        super::sleep(&state);
        for notifier in notifiers {
            notifier.join().unwrap();
        }
        state.take_notification();
        assert!(state.prepare(Place::Bench), "no third");
    });
}

#[test]
fn whoever_notifies_a_poller_is_told_to_wake_it_there_exactly_once() {
    loom::model(|| {
        let state = Arc::new(ParkState::new());
        let other = state.clone();
        let notifier = thread::spawn(move || other.notify());
        let polled = state.prepare(Place::Poll);
        // In the poll: the notifier writes the eventfd if it was told to.
        let notified_in_time = polled && state.finish();
        let told = notifier.join().unwrap();
        let late = state.take_notification();
        match (polled, notified_in_time) {
            (false, _) => assert!(!told, "consumed before the poll"),
            (true, true) => assert!(told),
            (true, false) => assert!(late && !told, "it came after the poll"),
        }
    });
}
