//! Whether the vigil can lose sight of a thread that has gone astray.

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;

use crate::seat::Seat;
use crate::suspicion::Suspicion;
use crate::sync::{Ordering, fence, lock};

/// What a thread and the vigil share.
struct Watch {
    suspicion: Suspicion,
    seat: Seat,
    reported: Mutex<bool>,
}

impl Watch {
    fn raise(&self) {
        if self.suspicion.raise() {
            *lock(&self.reported) = true;
        }
    }

    /// A thread sleeps and wakes, as `Parker` does.
    fn sleep(&self) {
        drop(self.seat.sit().unwrap());
        fence(Ordering::SeqCst);
        if self.suspicion.is_dormant() {
            self.raise();
        }
    }

    /// One look of the vigil, as in `vigil.rs`, at a reactor where something always waits.
    fn look(&self, listed: &mut bool) {
        *listed |= std::mem::take(&mut *lock(&self.reported));
        if !*listed {
            return;
        }
        self.suspicion.was_renewed();
        if self.seat.is_slept_in() && self.suspicion.rest() {
            fence(Ordering::SeqCst);
            *listed = !self.seat.is_slept_in() && self.suspicion.come_back();
        }
    }
}

fn check(astray: impl Fn(&Watch) + Copy + Send + Sync + 'static) {
    loom::model(move || {
        let watch = Arc::new(Watch {
            suspicion: Suspicion::new(),
            seat: Seat::new(),
            reported: Mutex::new(false),
        });
        // Something waits with a waker that nobody knows.
        watch.raise();
        let theirs = watch.clone();
        let thread = thread::spawn(move || astray(&theirs));
        let mut listed = false;
        for _ in 0..2 {
            watch.look(&mut listed);
        }
        thread.join().unwrap();
        assert!(listed || *lock(&watch.reported), "nobody watches it");
    });
}

#[test]
fn who_goes_astray_after_a_sleep_is_under_watch() {
    check(Watch::sleep);
}

#[test]
fn who_goes_astray_after_another_wait_is_under_watch() {
    check(|watch| {
        watch.sleep();
        watch.raise();
    });
}
