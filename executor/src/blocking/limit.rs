//! How many threads the pool may have.

use std::env;
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The environment variable, named as in the `blocking` crate so that what is deployed keeps its meaning.
const VARIABLE: &str = "BLOCKING_MAX_THREADS";

/// Enough for work that waits for disks and names; few enough for their stacks to fit into 32 bits of addresses.
const DEFAULT: usize = 500;

const MOST: usize = 10_000;

/// The limit that the program has set, or 0. Stored by [`set`], read when a pool is made: once in a process, and once in
/// each forked child. Relaxed: nothing else is published by it, and `set` tells the pool that is there itself.
static CHOSEN: AtomicUsize = AtomicUsize::new(0);

/// Sets the limit of pools that are yet to be made.
pub(super) fn set(threads: NonZeroUsize) {
    CHOSEN.store(threads.get(), Ordering::Relaxed);
}

/// The limit that the program has set, else the one of the environment.
pub(super) fn current() -> usize {
    match CHOSEN.load(Ordering::Relaxed) {
        0 => from_environment(),
        chosen => chosen,
    }
}

/// The limit that the environment sets, or the default one.
fn from_environment() -> usize {
    parse(env::var_os(VARIABLE).as_deref()).unwrap_or_else(|refusal| {
        leno_reactor::notice(format_args!("{refusal}"));
        DEFAULT
    })
}

/// The limit in `value`; unset and empty mean the default. An error says what was refused and what to do.
fn parse(value: Option<&OsStr>) -> Result<usize, String> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(DEFAULT);
    };
    match value.to_str().map(str::parse) {
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => Ok(limit),
        _ => Err(format!(
            "{VARIABLE}={} is not a number from 1 to {MOST}; using {DEFAULT}. Set it to the greatest number of \
             threads that may run blocking code at once, or unset it.",
            value.to_string_lossy()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Result<usize, String> {
        parse(Some(OsStr::new(value)))
    }

    #[test]
    fn unset_and_empty_mean_the_default() {
        assert_eq!(parse(None), Ok(DEFAULT));
        assert_eq!(parsed(""), Ok(DEFAULT));
    }

    #[test]
    fn every_number_in_the_range_is_taken() {
        assert_eq!(parsed("1"), Ok(1));
        assert_eq!(parsed("37"), Ok(37));
        assert_eq!(parsed("10000"), Ok(10_000));
    }

    #[test]
    fn everything_else_is_refused_with_advice() {
        for bad in [
            "0",
            "10001",
            "abc",
            "-1",
            "1.5",
            " 4",
            "99999999999999999999999",
        ] {
            let refusal = parsed(bad).unwrap_err();
            assert!(
                refusal.contains(&format!("BLOCKING_MAX_THREADS={bad} ")),
                "{refusal}"
            );
            assert!(refusal.contains("from 1 to 10000; using 500"), "{refusal}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_refused() {
        use std::os::unix::ffi::OsStrExt as _;

        assert!(parse(Some(OsStr::from_bytes(b"\xff1"))).is_err());
    }
}
