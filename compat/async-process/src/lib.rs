//! The child processes of [`leno_process`] under the name of `async-process` 2, for use through `[patch.crates-io]`.

#[cfg(unix)]
#[doc(inline)]
pub use leno_process::unix;
#[cfg(windows)]
#[doc(inline)]
pub use leno_process::windows;

#[doc(inline)]
pub use leno_process::{
    Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio, driver,
};
