//! The function that names threads is the user's: it may do anything.

use leno_executor::{Builder, spawn};
use leno_reactor::block_on;
use std::io::ErrorKind;
use std::panic::catch_unwind;

#[test]
fn a_name_that_is_none_and_a_function_that_uses_the_runtime() {
    let nul = Builder::new().thread_name(|_| "a\0b".into()).start();
    assert_eq!(nul.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(catch_unwind(|| Builder::new().thread_name(|_| panic!()).start()).is_err());

    // The first `spawn` starts the runtime, so there is nothing left to start.
    let late = Builder::new()
        .thread_name(|index| {
            assert_eq!(block_on(spawn(async { 1 })), 1);
            format!("worker-{index}")
        })
        .start();
    assert_eq!(late.unwrap_err().kind(), ErrorKind::AlreadyExists);
}
