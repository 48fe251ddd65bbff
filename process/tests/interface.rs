//! The interface of `async-process`: names, signatures, auto traits. What the functions do is the business of the other tests.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::process::{CommandArgs, CommandEnvs};

use futures_lite::{AsyncRead, AsyncWrite};
use leno_process::{
    Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio, driver,
};

fn sendable<T: Send + Sync + 'static>(_: &T) {}

/// The future borrows nothing.
fn is<T, F: Future<Output = T> + Send + Sync + 'static>(_: F) {}

#[test]
fn commands() {
    let _: fn(&'static str) -> Command = Command::new;
    let _: fn(std::process::Command) -> Command = Command::from;
    let _: for<'a> fn(&'a mut Command, String) -> &'a mut Command = Command::arg;
    let _: for<'a> fn(&'a mut Command, [&'static str; 2]) -> &'a mut Command = Command::args;
    let _: for<'a> fn(&'a mut Command, &'static str, String) -> &'a mut Command = Command::env;
    let _: for<'a> fn(&'a mut Command, Vec<(String, String)>) -> &'a mut Command = Command::envs;
    let _: for<'a> fn(&'a mut Command, &'static str) -> &'a mut Command = Command::env_remove;
    let _: for<'a> fn(&'a mut Command) -> &'a mut Command = Command::env_clear;
    let _: for<'a> fn(&'a mut Command, &'static Path) -> &'a mut Command = Command::current_dir;
    let _: for<'a> fn(&'a mut Command, Stdio) -> &'a mut Command = Command::stdin;
    let _: for<'a> fn(&'a mut Command, std::fs::File) -> &'a mut Command = Command::stdout;
    let _: for<'a> fn(&'a mut Command, Stdio) -> &'a mut Command = Command::stderr;
    let _: for<'a> fn(&'a mut Command, bool) -> &'a mut Command = Command::reap_on_drop;
    let _: for<'a> fn(&'a mut Command, bool) -> &'a mut Command = Command::kill_on_drop;
    let _: fn(&Command) -> &OsStr = Command::get_program;
    let _: fn(&Command) -> CommandArgs<'_> = Command::get_args;
    let _: fn(&Command) -> CommandEnvs<'_> = Command::get_envs;
    let _: fn(&Command) -> Option<&Path> = Command::get_current_dir;
    let _: fn(&mut Command) -> io::Result<Child> = Command::spawn;
    let mut none = Command::new("/no/such/program");
    is::<io::Result<ExitStatus>, _>(none.status());
    is::<io::Result<Output>, _>(none.output());
    is::<Infallible, _>(driver());
}

#[cfg(unix)]
#[test]
fn commands_of_unix() {
    use leno_process::unix::CommandExt;

    let _: for<'a> fn(&'a mut Command, u32) -> &'a mut Command = CommandExt::uid;
    let _: for<'a> fn(&'a mut Command, u32) -> &'a mut Command = CommandExt::gid;
    let _: for<'a> fn(&'a mut Command, &'static str) -> &'a mut Command = CommandExt::arg0;
    let _: fn(&mut Command) -> io::Error = CommandExt::exec;
    let error = Command::new("/no/such/program").exec();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn children() {
    leno_reactor::block_on(async {
        let mut child: Child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        sendable(&child);
        let _: u32 = child.id();
        let _: Option<ExitStatus> = child.try_status()?;
        is::<io::Result<ExitStatus>, _>(child.status());
        let _: () = child.kill()?;
        let pipes: (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        assert!(pipes.0.is_none(), "`status` has closed it");
        is::<io::Result<Stdio>, _>(pipes.1.unwrap().into_stdio());
        is::<io::Result<Stdio>, _>(pipes.2.unwrap().into_stdio());
        is::<io::Result<Output>, _>(child.output());
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn pipes() {
    fn reader<T: AsyncRead + Debug + Unpin>() {}
    fn writer<T: AsyncWrite + Debug + Unpin>() {}
    reader::<ChildStdout>();
    reader::<ChildStderr>();
    writer::<ChildStdin>();
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    all::<ChildStdin>();
    all::<ChildStdout>();
    all::<ChildStderr>();
    all::<Child>();
    fn most<T: Send + Sync + Unpin>() {}
    most::<Command>();
}

#[cfg(unix)]
#[test]
fn pipes_are_descriptors() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    fn descriptor<T: AsFd + AsRawFd + TryInto<OwnedFd, Error = io::Error>>() {}
    descriptor::<ChildStdin>();
    descriptor::<ChildStdout>();
    descriptor::<ChildStderr>();

    let is_nonblocking = |fd: std::os::fd::BorrowedFd<'_>| {
        // SAFETY: asks about a descriptor that is open.
        let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
        flags & libc::O_NONBLOCK != 0
    };
    leno_reactor::block_on(async {
        let mut child = Command::new("echo")
            .arg("x")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        assert!(is_nonblocking(stdout.as_fd()));
        let copy = stdout.as_fd().try_clone_to_owned().unwrap();
        let stdio = stdout.into_stdio().await.unwrap();
        assert!(
            !is_nonblocking(copy.as_fd()),
            "other programs expect it to block"
        );
        let output = Command::new("cat").stdin(stdio).output().await.unwrap();
        assert_eq!(output.stdout, b"x\n");
        assert!(child.status().await.unwrap().success());

        let mut child = Command::new("true").stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let before = stderr.as_raw_fd();
        let owned = OwnedFd::try_from(stderr).unwrap();
        assert_eq!(owned.as_raw_fd(), before);
        assert!(child.status().await.unwrap().success());
    });
}

#[test]
fn what_they_look_like() {
    let mut command = Command::new("echo");
    command.arg("to everybody").kill_on_drop(true);
    let inner = format!(
        "{:?}",
        std::process::Command::new("echo").arg("to everybody")
    );
    assert_eq!(format!("{command:?}"), inner);
    let long = format!("{command:#?}");
    for line in ["stdin: false", "reap_on_drop: true", "kill_on_drop: true"] {
        assert!(long.contains(line), "{long}");
    }
    #[cfg(unix)]
    {
        let child = Command::new("true").spawn().unwrap();
        let text = format!("{child:?}");
        assert_eq!(text, "Child { stdin: None, stdout: None, stderr: None }");
    }
}

#[cfg(unix)]
#[test]
fn a_command_may_be_used_again_in_other_ways() {
    leno_reactor::block_on(async {
        let mut command = Command::new("sh");
        command.args(["-c", "echo x"]);
        for _ in 0..2 {
            assert_eq!(command.output().await.unwrap().stdout, b"x\n");
            // Inherited again, not left as `output` had it.
            let child = command.spawn().unwrap();
            assert!(child.stdin.is_none() && child.stdout.is_none());
            assert!(child.output().await.unwrap().stdout.is_empty());
        }
        let null = command.stdout(Stdio::null()).output().await.unwrap();
        assert!(null.stdout.is_empty());
        // What is set on a command of std before counts as not set.
        let mut std = std::process::Command::new("echo");
        std.arg("y").stdout(Stdio::null());
        assert_eq!(Command::from(std).output().await.unwrap().stdout, b"y\n");
    });
}
