//! What [`Command`] and [`Child`] can do on Windows only.

use std::ffi::OsStr;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::os::windows::process::CommandExt as _;

use crate::{Child, Command};

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Command {}
}

/// Settings of a [`Command`] that exist on Windows. Implemented for `Command` only.
///
/// # Examples
///
/// ```no_run
/// use leno_process::{Command, windows::CommandExt};
///
/// const CREATE_NO_WINDOW: u32 = 0x0800_0000;
///
/// let mut command = Command::new("cmd");
/// command.raw_arg("/C echo hello").creation_flags(CREATE_NO_WINDOW);
/// ```
pub trait CommandExt: sealed::Sealed {
    /// Sets the flags that `CreateProcess` is given.
    ///
    /// # Examples
    ///
    /// See [`CommandExt`].
    fn creation_flags(&mut self, flags: u32) -> &mut Command;

    /// Adds text to the command line as it is, without quotes.
    ///
    /// # Examples
    ///
    /// See [`CommandExt`].
    fn raw_arg<S: AsRef<OsStr>>(&mut self, text_to_append_as_is: S) -> &mut Command;
}

impl CommandExt for Command {
    fn creation_flags(&mut self, flags: u32) -> &mut Command {
        self.inner_mut().creation_flags(flags);
        self
    }

    fn raw_arg<S: AsRef<OsStr>>(&mut self, text_to_append_as_is: S) -> &mut Command {
        self.inner_mut().raw_arg(text_to_append_as_is);
        self
    }
}

/// The handle of the process, which is open as long as the `Child`.
impl AsRawHandle for Child {
    fn as_raw_handle(&self) -> RawHandle {
        self.process().raw_handle()
    }
}
