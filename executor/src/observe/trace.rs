//! The line that `LENO_TRACE` prints now and then.

use std::thread;
use std::time::{Duration, Instant};

use leno_reactor::notice;

use super::metrics::Metrics;
use crate::runtime::Runtime;

/// Prints a line every `period`, on a thread of its own, until `runtime` is shut down.
pub(crate) fn start(runtime: &'static Runtime, period: Duration) {
    let work = move || {
        let start = Instant::now();
        let mut before = Metrics::read();
        while !runtime.is_stopping() {
            thread::sleep(period);
            let now = Metrics::read();
            let at = start.elapsed().as_millis();
            notice(format_args!("{at} ms: {}", now.since(&before)));
            before = now;
        }
    };
    let started = thread::Builder::new().name("leno-trace".into()).spawn(work);
    if let Err(error) = started {
        notice(format_args!("no thread for LENO_TRACE: {error}"));
    }
}
