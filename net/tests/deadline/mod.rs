//! Runs a test that must not hang.

use std::time::Duration;

use futures_lite::future;
use leno_reactor::Timer;

/// Far longer than any test here takes, on any machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` to its end; panics if that doesn't come.
#[track_caller]
pub fn run<T>(test: impl Future<Output = std::io::Result<T>>) -> T {
    let timeout = async {
        Timer::after(LIMIT).await;
        panic!("the test hangs");
    };
    future::block_on(future::or(test, timeout)).unwrap()
}
