#![doc = include_str!("../README.md")]
// Under loom only the gate is compiled.
#![cfg_attr(loom, allow(dead_code))]
#![warn(missing_debug_implementations)]

#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod sync;

#[cfg(all(test, loom))]
mod models;

#[cfg(not(loom))]
mod child;
#[cfg(not(loom))]
mod command;
#[cfg(not(loom))]
mod driver;
#[cfg(not(loom))]
mod pipes;
#[cfg(not(loom))]
mod process;
#[cfg(not(loom))]
mod sys;
#[cfg(all(unix, not(loom)))]
pub mod unix;
#[cfg(all(windows, not(loom)))]
pub mod windows;

#[cfg(not(loom))]
pub use self::{
    child::Child,
    command::Command,
    driver::driver,
    pipes::{ChildStderr, ChildStdin, ChildStdout},
};

#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
