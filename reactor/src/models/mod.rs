//! Models of this crate's protocols, which loom runs through every order of events that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p leno-reactor --lib` runs them. A lost wake-up shows as a deadlock.

mod bench;
mod crowd;
mod park;
mod readiness;
mod suspicion;
mod timer;

use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::park_state::{ParkState, Place};

/// A waker that leaves a token in `state`, as those of `block_on` do.
fn waker(state: &Arc<ParkState>) -> Waker {
    struct Notify(Arc<ParkState>);
    impl Wake for Notify {
        fn wake(self: Arc<Self>) {
            let _ = self.0.notify();
        }
    }
    Waker::from(Arc::new(Notify(state.clone())))
}

/// Sleeps until `state` has a token, and takes it.
fn sleep(state: &ParkState) {
    if state.prepare(Place::Bench) {
        state.sleep_on_bench(None);
        assert!(state.finish(), "nothing but a notification ends the sleep");
    }
}
