//! Running one test's child under strace, and counting what it called between its two marks.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, fmt, fs, io, process, thread};

use crate::link::Link;

/// Set in the child: where the test process listens for it.
const PARENT: &str = "LENO_FLOOR_PARENT";

/// What has not ended by then hangs.
const TOO_LONG: Duration = Duration::from_secs(300);

/// Files that do not exist. Asking for them is a system call that nothing else makes.
const BEGIN: &str = "/leno-floor-begin";
const END: &str = "/leno-floor-end";

/// One at a time: what the sentry adds depends on how long the work takes.
static TURN: Mutex<()> = Mutex::new(());

/// The counted part starts now.
pub fn begin() {
    let _ = fs::metadata(BEGIN);
}

/// The counted part is over.
pub fn end() {
    let _ = fs::metadata(END);
}

/// Runs the test named `name` again in a traced process with `workers` workers, where it does `child`, and does `parent`
/// here meanwhile. Returns what was called between the marks, or `None` in the child.
pub fn trace(
    name: &str,
    workers: usize,
    child: impl FnOnce(&mut Link),
    parent: impl FnOnce(&mut Link),
) -> Option<Calls> {
    if let Ok(address) = env::var(PARENT) {
        let stream = TcpStream::connect(address).expect("the test process listens");
        child(&mut Link::new(stream));
        return None;
    }
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let log = env::temp_dir().join(format!(
        "leno-floor-{}-{}",
        process::id(),
        name.replace("::", "-")
    ));
    let log = Log(log);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut traced = Traced(start(name, workers, &log, &listener));
    let mut link = Link::new(traced.wait_for(&listener));
    parent(&mut link);
    let status = traced.0.wait().unwrap();
    assert!(
        status.success(),
        "the traced child failed ({status}); its output is above"
    );
    let calls = Calls::between_marks(&fs::read_to_string(&log.0).unwrap());
    println!("{name}: {calls}");
    Some(calls)
}

fn start(name: &str, workers: usize, log: &Log, listener: &TcpListener) -> Child {
    // `timeout` ends strace and the child, whatever either waits for; then the links to them close.
    let started = Command::new("timeout")
        .args(["--kill-after=5", &TOO_LONG.as_secs().to_string()])
        .args(["strace", "-f", "-qq", "-o"])
        .arg(&log.0)
        .arg("--")
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(PARENT, listener.local_addr().unwrap().to_string())
        .env("LENO_THREADS", workers.to_string())
        .stdin(Stdio::null())
        .spawn();
    started.expect("`timeout` of the coreutils can be started")
}

/// Waits until all other threads sleep and stay asleep, so that what they do to start up or to go to rest is not counted.
pub fn settle() {
    let deadline = Instant::now() + TOO_LONG;
    let mut before = None;
    loop {
        let now = sleeps_of_others();
        if now.is_some() && now == before {
            return;
        }
        assert!(Instant::now() < deadline, "some thread never rests");
        before = now;
        thread::sleep(Duration::from_millis(50));
    }
}

/// How often the other threads have gone to sleep, or `None` if one is awake.
fn sleeps_of_others() -> Option<u64> {
    let own = fs::read_link("/proc/thread-self").unwrap();
    let mut sleeps = 0;
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        let thread = thread.unwrap();
        if Some(&*thread.file_name()) == own.file_name() {
            continue;
        }
        // A thread that has just ended is awake until it is gone from the list.
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        if !field("State:").starts_with('S') {
            return None;
        }
        sleeps += field("voluntary_ctxt_switches:").parse::<u64>().unwrap();
    }
    Some(sleeps)
}

/// What strace writes. Removed in the end.
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        // It is not there if strace was never started.
        let _ = fs::remove_file(&self.0);
    }
}

/// strace and the child below it, which ends by itself when its link is closed, or else by the time-out.
struct Traced(Child);

impl Traced {
    fn wait_for(&mut self, listener: &TcpListener) -> TcpStream {
        let deadline = Instant::now() + TOO_LONG;
        listener.set_nonblocking(true).unwrap();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    return stream;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
            if let Some(status) = self.0.try_wait().unwrap() {
                // What `timeout` says when there is no such program.
                assert!(
                    status.code() != Some(127),
                    "these tests count system calls with strace, which is not there; install it: \
                     apt-get install strace, dnf install strace or pacman -S strace"
                );
                panic!(
                    "strace ended ({status}) before the child began: is it allowed to trace here (ptrace), \
                     and is the test called what it says?"
                );
            }
            assert!(Instant::now() < deadline, "the traced child did not begin");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How often each system call was made, by what it is for: `wait`, `read`, `write`, `accept`, or else its own name.
#[derive(Clone, PartialEq, Eq)]
pub struct Calls(BTreeMap<String, u64>);

impl Calls {
    /// What `of` calls says, each as many times as given.
    pub fn of(calls: &[(&str, u64)]) -> Calls {
        let calls = calls.iter().filter(|(_, count)| *count > 0);
        Calls(calls.map(|&(name, count)| (name.into(), count)).collect())
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Reads a log of `strace -f`: a line is `1234 name(arguments) = result`, or, when another thread's call came in
    /// between, the same in two lines, of which the second has `<...` in place of the name.
    fn between_marks(log: &str) -> Calls {
        let mut calls = BTreeMap::new();
        let mut inside = false;
        for line in log.lines() {
            if line.contains(BEGIN) {
                assert!(!inside, "one mark begins");
                inside = true;
                continue;
            }
            if line.contains(END) {
                assert!(inside, "the end comes after the beginning");
                return Calls(calls);
            }
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            // Signals and ends of threads are `---` and `+++`.
            let starts_a_call = call.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            if inside && starts_a_call && !is_foreign(call) {
                let name = call.split('(').next().unwrap_or(call);
                *calls.entry(purpose(name).to_owned()).or_default() += 1;
            }
        }
        panic!(
            "the child set no marks, or strace wrote in a way that this does not understand:\n{log}"
        );
    }
}

/// Whether the runtime has no part in this call.
fn is_foreign(call: &str) -> bool {
    const ALLOCATOR: [&str; 6] = [
        "brk(",
        "madvise(",
        "mmap(",
        "mprotect(",
        "mremap(",
        "munmap(",
    ];
    // Built with debug assertions, the standard library asks whether a descriptor is open before it closes it.
    let checks_before_close =
        cfg!(debug_assertions) && call.starts_with("fcntl(") && call.contains("F_GETFD");
    checks_before_close || ALLOCATOR.iter().any(|name| call.starts_with(name))
}

/// The same work goes by several names, by architecture and C library.
fn purpose(call: &str) -> &str {
    match call {
        "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => "wait",
        "read" | "recv" | "recvfrom" => "read",
        "write" | "send" | "sendto" => "write",
        "accept" | "accept4" => "accept",
        "nanosleep" | "clock_nanosleep" | "clock_nanosleep_time64" => "nanosleep",
        "futex" | "futex_time64" => "futex",
        other => other,
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} system calls", self.total())?;
        for (name, count) in &self.0 {
            write!(f, ", {count} {name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
