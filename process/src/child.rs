//! A running child process.

use std::fmt;
use std::io;
use std::process::{ExitStatus, Output};
use std::sync::Arc;

use futures_io::AsyncRead;
use futures_lite::{AsyncReadExt, future};

use crate::process::{OnDrop, Process};
use crate::{ChildStderr, ChildStdin, ChildStdout, sys};

/// A child process, running or ended.
///
/// When it is dropped, the process goes on, unless its command asked to [kill](crate::Command::kill_on_drop) it. It is
/// reaped when it ends, with no thread and nothing to be driven for it; see [`Command::reap_on_drop`].
///
/// [`Command::reap_on_drop`]: crate::Command::reap_on_drop
///
/// After a `fork` of the program, only the parent can wait for the process or kill it: in the forked child those methods
/// return [`Unsupported`](io::ErrorKind::Unsupported), and dropping does nothing.
///
/// # Examples
///
/// ```
/// use leno_process::Command;
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let mut child = Command::new("sh").arg("-c").arg("exit 3").spawn()?;
/// assert_eq!(child.status().await?.code(), Some(3));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub struct Child {
    /// What the child reads from, if it was to be a [pipe](crate::Stdio::piped) and was not taken.
    pub stdin: Option<ChildStdin>,
    /// What the child writes its output to, if it was to be a [pipe](crate::Stdio::piped) and was not taken.
    pub stdout: Option<ChildStdout>,
    /// What the child writes its errors to, if it was to be a [pipe](crate::Stdio::piped) and was not taken.
    pub stderr: Option<ChildStderr>,
    process: Arc<Process>,
}

impl Child {
    pub(crate) fn spawn(command: &mut std::process::Command, on_drop: OnDrop) -> io::Result<Child> {
        sys::before_spawn();
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let adapted = (|| {
            io::Result::Ok((
                pipes.0.map(ChildStdin::new).transpose()?,
                pipes.1.map(ChildStdout::new).transpose()?,
                pipes.2.map(ChildStderr::new).transpose()?,
            ))
        })();
        match adapted {
            Ok((stdin, stdout, stderr)) => Ok(Child {
                stdin,
                stdout,
                stderr,
                process: Arc::new(Process::new(child, on_drop)),
            }),
            Err(error) => {
                // To the caller there is no process, so there must not be one.
                let on_drop = OnDrop {
                    kill: true,
                    reap: true,
                };
                drop(Process::new(child, on_drop));
                Err(error)
            }
        }
    }

    /// The number of the process.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let mut child = leno_process::Command::new("true").spawn()?;
    /// println!("started {}", child.id());
    /// child.status().await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends the process by force: `SIGKILL` on Unix.
    ///
    /// Nothing is sent to a process whose exit status has been collected, for its number may be another one's by then.
    ///
    /// # Errors
    ///
    /// What [`std::process::Child::kill`] returns. Since Rust 1.72 that is `Ok` for a process that has ended already; it was
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) before.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let mut child = leno_process::Command::new("sleep").arg("3600").spawn()?;
    /// child.kill()?;
    /// assert!(!child.status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// The exit status, if the process has ended. Does not wait, and leaves `stdin` open.
    ///
    /// # Errors
    ///
    /// If the system has no status for it any more, because it was collected behind the back of this `Child`, or because
    /// the program ignores `SIGCHLD`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let mut child = leno_process::Command::new("sleep").arg("3600").spawn()?;
    /// assert_eq!(child.try_status()?, None);
    /// child.kill()?;
    /// let status = child.status().await?;
    /// assert_eq!(child.try_status()?, Some(status));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_status()
    }

    /// Closes `stdin` and waits until the process ends.
    ///
    /// `stdin` is closed at once, by the call itself, so that a child that reads to the end does not wait for this program
    /// while this program waits for it. Take it out before if it is to stay open.
    ///
    /// The future borrows nothing: there may be any number of them, on any threads, and all get the same status.
    ///
    /// # Errors
    ///
    /// As [`try_status`](Child::try_status). When the system has no descriptor left to wait with, the future looks every now
    /// and then instead.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the status is kept, and the next call returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let mut child = leno_process::Command::new("true").spawn()?;
    /// assert!(child.status().await?.success());
    /// assert!(child.status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        drop(self.stdin.take());
        let process = self.process.clone();
        async move { process.status().await }
    }

    /// Closes `stdin`, reads what the process writes, and waits until it ends.
    ///
    /// What is no [pipe](crate::Stdio::piped), or was taken, comes back empty. Both pipes are read at the same time and to
    /// their end, which is when everybody who has inherited them has closed them: that may be later than the end of the
    /// process.
    ///
    /// # Errors
    ///
    /// As [`status`](Child::status), or if a pipe can't be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child and what was read from it.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::{Command, Stdio};
    ///
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// let output = child.output().await?;
    /// assert_eq!(output.stdout, b"hello\n");
    /// assert!(output.status.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn output(mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        drop(self.stdin.take());
        async move {
            let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
            let (stdout, stderr) = future::try_zip(read_all(stdout), read_all(stderr)).await?;
            let status = self.process.status().await?;
            Ok(Output {
                status,
                stdout,
                stderr,
            })
        }
    }

    #[cfg(windows)]
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}

async fn read_all<R: AsyncRead + Unpin>(reader: Option<R>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut reader) = reader {
        reader.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish()
    }
}
