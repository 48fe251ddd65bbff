//! Ends a test that hangs, without any help of the crate under test.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Far longer than any test takes, on any machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on a thread of its own and panics if its end does not come.
#[track_caller]
pub fn within_limit<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, end) = channel();
    let thread = std::thread::spawn(move || {
        let result = test();
        // The receiver is gone only if the limit is over.
        let _ = done.send(());
        result
    });
    match end.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("the test hangs"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(result) => result,
            Err(payload) => std::panic::resume_unwind(payload),
        },
    }
}

/// Runs the test that `make` makes in each way in which a thread may wait: in `block_on`, as a worker would with a
/// reactor of its own, and under an executor that knows nothing of this crate.
#[allow(
    dead_code,
    reason = "every test file compiles this module, not every one needs all of it"
)]
#[track_caller]
pub fn everywhere<F: Future<Output = std::io::Result<()>>>(
    make: impl Fn() -> F + Send + Clone + 'static,
) {
    let guest = make.clone();
    within_limit(move || leno_reactor::block_on(guest()).unwrap());
    let own = make.clone();
    within_limit(move || {
        let _entered = leno_reactor::enter(leno_reactor::Reactor::new());
        leno_reactor::block_on(own()).unwrap();
    });
    within_limit(move || futures_lite::future::block_on(make()).unwrap());
}
