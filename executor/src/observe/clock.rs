//! A moment in an atomic: nanoseconds since somebody first asked.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Never zero, which stands for "no moment".
pub(crate) fn now() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let since = ORIGIN.get_or_init(Instant::now).elapsed().as_nanos();
    u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1)
}

/// From one moment to a later one.
pub(crate) fn between(earlier: u64, later: u64) -> Duration {
    Duration::from_nanos(later.saturating_sub(earlier))
}
