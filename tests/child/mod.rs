//! Tests that need a process of their own: the test starts its own binary again and runs its body there.
//!
//! The child is told by an environment variable which body it is to run. It says so when it has come to the end, so a
//! child that runs nothing, for the test was renamed, is a failure; and it is killed when it takes too long, so a hang is
//! one too.

#![allow(dead_code, reason = "each file of tests uses some of it")]

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Names the body that the child is to run.
const BODY: &str = "LENO_TEST_BODY";

/// The child says it on stdout when its body has returned.
const DONE: &str = "the body is done";

/// Kept from the children, whose settings are their own.
const SETTINGS: [&str; 3] = ["LENO_THREADS", "SMOL_THREADS", "BLOCKING_MAX_THREADS"];

/// After this long a child hangs. The slowest takes a few seconds on an idle machine.
const LIMIT: Duration = Duration::from_secs(150);

/// What became of a child.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Fails unless the body returned.
    pub fn expect_success(self) -> Self {
        assert!(
            self.status.success() && self.stdout.contains(DONE),
            "the child ended with {}\n--- its stdout\n{}\n--- its stderr\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// A process in which a test's body is to run.
pub struct Child {
    test: &'static str,
    variant: String,
    settings: Vec<(&'static str, String)>,
    one_cpu: bool,
}

impl Child {
    /// For the test of this name, in this file.
    pub fn of(test: &'static str) -> Child {
        Child {
            test,
            variant: String::new(),
            settings: Vec::new(),
            one_cpu: false,
        }
    }

    /// Tells it from others of the same test.
    pub fn variant(mut self, variant: impl Into<String>) -> Child {
        self.variant = variant.into();
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Child {
        self.settings.push((name, value.into()));
        self
    }

    /// Sets the number of workers.
    pub fn workers(self, workers: usize) -> Child {
        self.env("LENO_THREADS", workers.to_string())
    }

    /// Lets it use one CPU only, as `taskset -c` does.
    pub fn on_one_cpu(mut self) -> Child {
        self.one_cpu = true;
        self
    }

    /// Runs `body` in a process of its own, which must succeed.
    pub fn run(self, body: impl FnOnce()) {
        self.end(body).expect_success();
    }

    /// Runs `body` in a process of its own. Returns in the parent only.
    pub fn end(self, body: impl FnOnce()) -> Ended {
        let id = format!("{}/{}", self.test, self.variant);
        match std::env::var(BODY) {
            Ok(wanted) if wanted == id => {
                if self.one_cpu {
                    use_one_cpu();
                }
                body();
                println!("{DONE}");
                // The rest of the test is the parent's.
                std::io::stdout().flush().unwrap();
                std::process::exit(0);
            }
            // This is a child, and another variant is its own.
            Ok(_) => Ended {
                status: ExitStatus::default(),
                stdout: DONE.into(),
                stderr: String::new(),
            },
            Err(_) => self.start(&id),
        }
    }

    fn start(&self, id: &str) -> Ended {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([self.test, "--exact", "--nocapture", "--test-threads=1"])
            .env(BODY, id)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in SETTINGS {
            command.env_remove(name);
        }
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        let mut child = command.spawn().unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let deadline = Instant::now() + LIMIT;
        let mut hangs = false;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline && !hangs {
                hangs = true;
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let ended = Ended {
            status,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        };
        assert!(
            !hangs,
            "the child {id} {:?} hung\n--- its stdout\n{}\n--- its stderr\n{}",
            self.settings, ended.stdout, ended.stderr
        );
        ended
    }
}

/// Runs `body` in four processes: with 1, 2 and 4 workers, and with 2 on one CPU.
pub fn with_few_and_many_workers(test: &'static str, body: impl Fn()) {
    for workers in [1, 2, 4] {
        Child::of(test)
            .variant(workers.to_string())
            .workers(workers)
            .run(&body);
    }
    Child::of(test)
        .variant("one CPU")
        .workers(2)
        .on_one_cpu()
        .run(&body);
}

/// Whether this process was started for a test's body.
pub fn is_child() -> bool {
    std::env::var_os(BODY).is_some()
}

/// Ends the process with a message if it is not dropped in time: a hang should say where.
pub struct Watchdog(std::sync::mpsc::Sender<()>);

impl Watchdog {
    /// Gives what follows, named `what`, half a minute.
    pub fn new(what: impl Into<String>) -> Watchdog {
        let what = what.into();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            let limit = Duration::from_secs(30);
            if receiver.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                // Not `eprintln!`, which the test harness would keep for itself.
                let _ = writeln!(std::io::stderr(), "{what}: hung");
                std::process::abort();
            }
        });
        Watchdog(sender)
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The first CPU that this process may use, and no other.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn use_one_cpu() {
    // SAFETY: a CPU set is a plain array of bits, for which zero is a value; the calls read and write that array.
    unsafe {
        let size = size_of::<libc::cpu_set_t>();
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size, &mut allowed), 0);
        let first = (0..libc::CPU_SETSIZE as usize)
            .find(|&cpu| libc::CPU_ISSET(cpu, &allowed))
            .unwrap();
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(first, &mut one);
        assert_eq!(libc::sched_setaffinity(0, size, &one), 0);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn use_one_cpu() {}
