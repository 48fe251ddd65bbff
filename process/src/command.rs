//! What is to be run, and how.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};

use crate::Child;
use crate::process::OnDrop;

/// Starts processes: the program, its arguments, its environment, and where its input comes from and its output goes.
///
/// It may be used several times. What has no method here, such as `pre_exec`, is set on a [`std::process::Command`], from
/// which a `Command` can be made.
///
/// # Examples
///
/// ```
/// use leno_process::Command;
///
/// # #[cfg(unix)]
/// # leno_reactor::block_on(async {
/// let output = Command::new("sh").arg("-c").arg("echo hello").output().await?;
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub struct Command {
    inner: std::process::Command,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    reap_on_drop: bool,
    kill_on_drop: bool,
}

impl Command {
    /// A command that runs `program`, which is looked for in `PATH` unless it is a path, with no arguments, in the working
    /// directory and with the environment of this program.
    ///
    /// # Examples
    ///
    /// ```
    /// let command = leno_process::Command::new("ls");
    /// assert_eq!(command.get_program(), "ls");
    /// ```
    pub fn new<S: AsRef<OsStr>>(program: S) -> Command {
        Command::from(std::process::Command::new(program))
    }

    /// Adds one argument. No shell takes it apart.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("echo");
    /// command.arg("hello").arg("to everybody");
    /// ```
    pub fn arg<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// Adds several arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.args(["-l", "-a"]);
    /// ```
    pub fn args<I, S>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.inner.args(args);
        self
    }

    /// Sets an environment variable for the process.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.env("LC_ALL", "C");
    /// ```
    pub fn env<K, V>(&mut self, key: K, val: V) -> &mut Command
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.env(key, val);
        self
    }

    /// Sets several environment variables for the process.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.envs([("LC_ALL", "C"), ("TZ", "UTC")]);
    /// ```
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.envs(vars);
        self
    }

    /// Takes an environment variable away from the process.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.env_remove("LS_COLORS");
    /// ```
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, key: K) -> &mut Command {
        self.inner.env_remove(key);
        self
    }

    /// Takes all environment variables away from the process, those that were set here too.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("env");
    /// command.env_clear().env("ONLY", "this");
    /// ```
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// Sets the working directory of the process.
    ///
    /// Whether a relative path to the program is looked up from there or from here differs between platforms.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.current_dir("/");
    /// ```
    pub fn current_dir<P: AsRef<Path>>(&mut self, dir: P) -> &mut Command {
        self.inner.current_dir(dir);
        self
    }

    /// The program.
    ///
    /// # Examples
    ///
    /// See [`new`](Command::new).
    pub fn get_program(&self) -> &OsStr {
        self.inner.get_program()
    }

    /// The arguments, without the program.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("echo");
    /// command.args(["a", "b"]);
    /// assert!(command.get_args().eq(["a", "b"]));
    /// ```
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.inner.get_args()
    }

    /// The environment variables that were set here, and, without a value, those that were taken away.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// command.env("TZ", "UTC").env_remove("LC_ALL");
    /// let tz = (std::ffi::OsStr::new("TZ"), Some(std::ffi::OsStr::new("UTC")));
    /// assert!(command.get_envs().any(|variable| variable == tz));
    /// assert!(command.get_envs().any(|(name, value)| name == "LC_ALL" && value.is_none()));
    /// ```
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.inner.get_envs()
    }

    /// The working directory that was set here.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("ls");
    /// assert_eq!(command.get_current_dir(), None);
    /// command.current_dir("/tmp");
    /// assert_eq!(command.get_current_dir(), Some(std::path::Path::new("/tmp")));
    /// ```
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.inner.get_current_dir()
    }

    /// Sets what the process reads from. Unless set, that is what this program reads from, and with
    /// [`output`](Command::output) nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::{Command, Stdio};
    ///
    /// let mut command = Command::new("cat");
    /// command.stdin(Stdio::null());
    /// ```
    pub fn stdin<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.stdin = true;
        self.inner.stdin(cfg);
        self
    }

    /// Sets where the process's output goes. Unless set, it goes where this program's goes, and with
    /// [`output`](Command::output) into a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::{Command, Stdio};
    ///
    /// let mut command = Command::new("ls");
    /// command.stdout(Stdio::piped());
    /// ```
    pub fn stdout<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.stdout = true;
        self.inner.stdout(cfg);
        self
    }

    /// Sets where what the process has to complain about goes. Unless set, that is as for [`stdout`](Command::stdout).
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::{Command, Stdio};
    ///
    /// let mut command = Command::new("ls");
    /// command.stderr(Stdio::null());
    /// ```
    pub fn stderr<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.stderr = true;
        self.inner.stderr(cfg);
        self
    }

    /// Sets whether the process is reaped when it ends after its [`Child`] was dropped. It is, unless set.
    ///
    /// On Unix a process that has ended is kept as a *zombie* until its parent collects its exit status. For a dropped child
    /// leno does that by itself, in a handler for `SIGCHLD` that is installed when the first child is dropped while it runs. A
    /// handler that was there before goes on being called. A program that later puts one in its place, or blocks the signal
    /// in all of its threads, has its zombies collected when it starts further processes.
    ///
    /// With `false` it stays a zombie until this program ends, or collects it by other means.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut command = leno_process::Command::new("true");
    /// command.reap_on_drop(false);
    /// ```
    pub fn reap_on_drop(&mut self, reap_on_drop: bool) -> &mut Command {
        self.reap_on_drop = reap_on_drop;
        self
    }

    /// Sets whether the process is ended by force when its [`Child`] is dropped, and the futures that wait for it. It is not,
    /// unless set.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::Command;
    ///
    /// # #[cfg(unix)] {
    /// let child = Command::new("sleep").arg("3600").kill_on_drop(true).spawn()?;
    /// drop(child); // and the process is gone
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Command {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// Starts the process. What was not set of its input, output and errors is what this program has.
    ///
    /// # Errors
    ///
    /// Those of [`std::process::Command::spawn`]: [`NotFound`](io::ErrorKind::NotFound) if there is no such program, and the
    /// system's if it has no process, memory or descriptor left. Nothing is left behind then. That there is no descriptor to
    /// *wait* with is no error.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_process::Command;
    /// use std::io::ErrorKind;
    ///
    /// let error = Command::new("/no/such/program").spawn().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// ```
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.set_up(Stdio::inherit, Stdio::inherit);
        self.start()
    }

    /// Starts the process and waits until it ends. What was not set of its input, output and errors is what this program has.
    ///
    /// The process is started by the call, not when the future is first polled.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Command::spawn) and [`Child::status`]; also those of starting are given by the future.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the [`Child`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// assert!(leno_process::Command::new("true").status().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        async move { child?.status().await }
    }

    /// Starts the process, reads what it writes, and waits until it ends. Its input is empty unless it was set.
    ///
    /// The process is started by the call, not when the future is first polled.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Command::spawn) and [`Child::output`]; also those of starting are given by the future.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the [`Child`] and what was read from it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # leno_reactor::block_on(async {
    /// let output = leno_process::Command::new("echo").arg("hello").output().await?;
    /// assert!(output.status.success());
    /// assert_eq!(output.stdout, b"hello\n");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        self.set_up(Stdio::null, Stdio::piped);
        let child = self.start();
        async move { child?.output().await }
    }

    /// Sets what the user has not set.
    fn set_up(&mut self, stdin: fn() -> Stdio, out: fn() -> Stdio) {
        if !self.stdin {
            self.inner.stdin(stdin());
        }
        if !self.stdout {
            self.inner.stdout(out());
        }
        if !self.stderr {
            self.inner.stderr(out());
        }
    }

    fn start(&mut self) -> io::Result<Child> {
        let on_drop = OnDrop {
            kill: self.kill_on_drop,
            reap: self.reap_on_drop,
        };
        Child::spawn(&mut self.inner, on_drop)
    }

    /// For the settings of one platform.
    pub(crate) fn inner_mut(&mut self) -> &mut std::process::Command {
        &mut self.inner
    }
}

/// What was set of its input and output before counts as not set.
impl From<std::process::Command> for Command {
    fn from(inner: std::process::Command) -> Command {
        Command {
            inner,
            stdin: false,
            stdout: false,
            stderr: false,
            reap_on_drop: true,
            kill_on_drop: false,
        }
    }
}

/// The command line, as that of std; with `{:#?}` all settings.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return self.inner.fmt(f);
        }
        f.debug_struct("Command")
            .field("inner", &self.inner)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .field("reap_on_drop", &self.reap_on_drop)
            .field("kill_on_drop", &self.kill_on_drop)
            .finish()
    }
}
