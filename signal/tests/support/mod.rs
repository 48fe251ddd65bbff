//! What several test files need.
#![allow(dead_code, reason = "each file of tests uses some of it")]

#[path = "../../../tests/child/mod.rs"]
pub mod child;

use std::time::Duration;

use futures_lite::FutureExt;
use leno_reactor::Timer;
use leno_signal::Signal;

/// Sends a signal to this thread. Its handler has run when this returns.
pub fn raise(signal: Signal) {
    // SAFETY: sends a signal.
    assert_eq!(unsafe { libc::raise(signal as i32) }, 0);
}

/// Fails if `future` takes longer than any machine should need.
pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    future
        .or(async {
            Timer::after(Duration::from_secs(100)).await;
            panic!("it hangs");
        })
        .await
}
