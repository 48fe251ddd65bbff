#![doc = include_str!("../README.md")]
#![warn(missing_debug_implementations)]

mod child;
mod command;
mod driver;
mod pipes;
mod process;
mod sys;

#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

pub use child::Child;
pub use command::Command;
pub use driver::driver;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};

#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
