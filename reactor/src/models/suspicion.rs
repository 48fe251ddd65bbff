//! Whether the vigil can lose sight of a thread that has gone astray.

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;

use crate::suspicion::Suspicion;
use crate::sync::lock;

/// What a thread and the vigil share.
struct Watch {
    suspicion: Suspicion,
    reported: Mutex<bool>,
}

#[test]
fn who_goes_astray_after_coming_back_stays_under_watch() {
    loom::model(|| {
        let watch = Arc::new(Watch {
            suspicion: Suspicion::new(),
            reported: Mutex::new(false),
        });
        let astray = watch.clone();
        let astray = thread::spawn(move || {
            // It comes back twice, and after the second wait no more.
            for _ in 0..2 {
                astray.suspicion.visit();
                if astray.suspicion.raise() {
                    *lock(&astray.reported) = true;
                }
            }
        });

        // As `vigil.rs` does.
        let mut listed = None;
        for _ in 0..3 {
            if std::mem::take(&mut *lock(&watch.reported)) {
                listed = Some(watch.suspicion.visits());
            }
            let Some(seen) = listed else { continue };
            let renewed = watch.suspicion.was_renewed();
            let visits = watch.suspicion.visits();
            listed = Some(visits);
            if visits != seen && !renewed && watch.suspicion.lift() {
                listed = None;
            }
        }
        astray.join().unwrap();
        assert!(listed.is_some() || *lock(&watch.reported));
    });
}
