//! What [`Command`] can do on Unix only.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;

use crate::Command;

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Command {}
}

/// Settings of a [`Command`] that exist on Unix. Implemented for `Command` only.
///
/// What is not here, such as `pre_exec` or `process_group`, is set on a [`std::process::Command`], from which a `Command`
/// can be made.
///
/// # Examples
///
/// ```
/// use leno_process::{Command, unix::CommandExt};
///
/// # leno_reactor::block_on(async {
/// let output = Command::new("sh").arg0("shell").args(["-c", "echo $0"]).output().await?;
/// assert_eq!(output.stdout, b"shell\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait CommandExt: sealed::Sealed {
    /// Sets the user that the process runs as. It also loses all supplementary groups if this program runs as root.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno_process::{Command, unix::CommandExt};
    ///
    /// let mut command = Command::new("id");
    /// command.uid(1000).gid(1000);
    /// ```
    fn uid(&mut self, id: u32) -> &mut Command;

    /// Sets the group that the process runs as.
    ///
    /// # Examples
    ///
    /// See [`uid`](CommandExt::uid).
    fn gid(&mut self, id: u32) -> &mut Command;

    /// Replaces this program by the one of the command, in the same process. Returns only if that fails.
    ///
    /// No destructor is run, and all other threads end.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use leno_process::{Command, unix::CommandExt};
    ///
    /// let error = Command::new("ls").exec();
    /// eprintln!("could not run ls: {error}");
    /// ```
    fn exec(&mut self) -> io::Error;

    /// Sets what the program is told that it was called as, `argv[0]`.
    ///
    /// # Examples
    ///
    /// See [`CommandExt`].
    fn arg0<S>(&mut self, arg: S) -> &mut Command
    where
        S: AsRef<OsStr>;
}

impl CommandExt for Command {
    fn uid(&mut self, id: u32) -> &mut Command {
        self.inner_mut().uid(id);
        self
    }

    fn gid(&mut self, id: u32) -> &mut Command {
        self.inner_mut().gid(id);
        self
    }

    fn exec(&mut self) -> io::Error {
        self.inner_mut().exec()
    }

    fn arg0<S>(&mut self, arg: S) -> &mut Command
    where
        S: AsRef<OsStr>,
    {
        self.inner_mut().arg0(arg);
        self
    }
}
