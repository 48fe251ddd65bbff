//! Settings for the process-wide runtime.

use std::any::Any;
use std::fmt;
use std::io;
use std::time::Duration;

use leno_reactor::notice;

use crate::live::PanicHook;
use crate::observe::STUCK_AFTER;
use crate::runtime::Runtime;

/// More workers than this are a mistake.
const MAX_WORKERS: usize = 1024;

/// What a runtime is made of.
pub(crate) struct Config {
    pub(crate) workers: usize,
    pub(crate) reactors: usize,
    /// One for each worker. Made before anything is locked: the function that makes them is the user's.
    pub(crate) thread_names: Vec<String>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) panic_hook: Option<PanicHook>,
    pub(crate) tracking: bool,
    pub(crate) observing: bool,
    /// After how long in one poll a task is told of.
    pub(crate) stuck_after: Duration,
    /// How often the line with metrics is printed.
    pub(crate) trace: Option<Duration>,
}

/// Starts the process-wide runtime with other settings than the default ones.
///
/// Without it, the runtime starts by itself at the first [`spawn`](crate::spawn()). A process has one runtime, so
/// [`start`](Builder::start) must come before that, best as the first thing in `main`.
///
/// # Examples
///
/// ```
/// leno_executor::Builder::new()
///     .workers(2)
///     .thread_name(|index| format!("worker-{index}"))
///     .on_panic(|_payload| eprintln!("a task panicked"))
///     .start()?;
///
/// let task = leno_executor::spawn(async { std::thread::current().name().map(String::from) });
/// let name = leno_reactor::block_on(task).unwrap();
/// assert!(name.starts_with("worker-"));
/// # std::io::Result::Ok(())
/// ```
#[must_use = "a builder does nothing until `start` is called"]
#[derive(Default)]
pub struct Builder {
    workers: Option<usize>,
    reactors: Option<usize>,
    thread_name: Option<Box<dyn Fn(usize) -> String + Send + Sync>>,
    stack_size: Option<usize>,
    panic_hook: Option<PanicHook>,
    tracking: bool,
    observing: Option<bool>,
    stuck_after: Option<Duration>,
}

impl Builder {
    /// The default settings.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// How many workers there are. Default: `LENO_THREADS`, else `SMOL_THREADS`, else the number of cores that the
    /// process may use.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// How many reactors the workers share, from 1 to the number of workers. Default: one for each worker, so that an
    /// event is handled by the thread that will run the task.
    pub fn reactors(mut self, reactors: usize) -> Builder {
        self.reactors = Some(reactors);
        self
    }

    /// How the threads of the workers are named. Default: `leno-0`, `leno-1`, …
    pub fn thread_name(
        mut self,
        name: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Builder {
        self.thread_name = Some(Box::new(name));
        self
    }

    /// The size of the workers' stacks, in bytes. Default: that of `std`, 2 MiB unless `RUST_MIN_STACK` says otherwise.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Calls `hook` with the payload of each panic in a task, on the worker's thread.
    ///
    /// This is for tasks that are detached, whose panics nobody else would learn of. It is called for the others too,
    /// before whoever awaits them gets the panic: whether somebody will is not known then. A panic of the hook itself is
    /// caught and dropped.
    pub fn on_panic(mut self, hook: impl Fn(&(dyn Any + Send)) + Send + Sync + 'static) -> Builder {
        self.panic_hook = Some(Box::new(hook));
        self
    }

    /// Whether the runtime knows each live task, so that [`shutdown`](crate::shutdown()) can cancel and drop those that
    /// are left. Costs a lock at each spawn and each end of a task. Default: false, it only counts them.
    pub fn track_tasks(mut self, tracking: bool) -> Builder {
        self.tracking = tracking;
        self
    }

    /// Whether the runtime keeps a record of each task, for [`observe::tasks`](crate::observe::tasks()). Costs a lock at each
    /// spawn, wake-up and end of a task, and two looks at the clock at each poll. Default: whether `LENO_OBSERVE` is `1`.
    pub fn observe(mut self, observing: bool) -> Builder {
        self.observing = Some(observing);
        self
    }

    /// After how long a task that keeps its thread is told of on stderr, with the place at which it was spawned; zero for never.
    /// Only where that is known: in debug builds, and where the runtime is [observed](Builder::observe). Default: `LENO_STUCK` in
    /// milliseconds, else 100 ms.
    pub fn stuck_after(mut self, limit: Duration) -> Builder {
        self.stuck_after = Some(limit);
        self
    }

    /// Starts the workers. If the OS refuses some of the threads, the runtime goes on with fewer and says so on stderr.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists`: the runtime is running, because of an earlier `start` or `spawn`.
    /// - `InvalidInput`: no workers, more than 1024, a number of reactors that is zero or above that of the workers, or a
    ///   thread name with a NUL in it.
    /// - What the OS said, if it refused every thread. The runtime is not started then.
    pub fn start(self) -> io::Result<()> {
        let config = self.config();
        let refused = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if config.workers == 0 || config.workers > MAX_WORKERS {
            return refused(format!(
                "{} workers: choose 1 to {MAX_WORKERS}",
                config.workers
            ));
        }
        if config.reactors == 0 || config.reactors > config.workers {
            let (reactors, workers) = (config.reactors, config.workers);
            return refused(format!(
                "{reactors} reactors for {workers} workers: choose 1 to {workers}"
            ));
        }
        if let Some(name) = config.thread_names.iter().find(|name| name.contains('\0')) {
            return refused(format!("{name:?} can't name a thread: it contains a NUL"));
        }
        Runtime::start(config)
    }

    fn config(self) -> Config {
        let workers = self.workers.unwrap_or_else(default_workers);
        let name = self
            .thread_name
            .unwrap_or_else(|| Box::new(|index| format!("leno-{index}")));
        // More are refused in any case.
        let thread_names = (0..workers.min(MAX_WORKERS)).map(name).collect();
        Config {
            workers,
            reactors: self.reactors.unwrap_or(workers),
            thread_names,
            stack_size: self.stack_size,
            panic_hook: self.panic_hook,
            tracking: self.tracking,
            observing: self.observing.unwrap_or_else(|| {
                environment("LENO_OBSERVE", "0 or 1", |value| match value {
                    0 | 1 => Some(value == 1),
                    _ => None,
                })
                .unwrap_or(false)
            }),
            stuck_after: match self.stuck_after.or_else(|| milliseconds("LENO_STUCK")) {
                None => STUCK_AFTER,
                Some(Duration::ZERO) => Duration::MAX,
                Some(limit) => limit,
            },
            trace: milliseconds("LENO_TRACE").filter(|period| !period.is_zero()),
        }
    }

    pub(crate) fn default_config() -> Config {
        Builder::new().config()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("reactors", &self.reactors)
            .field("stack_size", &self.stack_size)
            .field("tracking", &self.tracking)
            .field("observing", &self.observing)
            .field("stuck_after", &self.stuck_after)
            .finish_non_exhaustive()
    }
}

/// What the environment says, else the number of cores. A value that can't be used is reported, not guessed at. Called
/// once: the runtime starts once.
fn default_workers() -> usize {
    let cores =
        || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_WORKERS));
    let set = |name: &'static str| std::env::var_os(name).map(|value| (name, value));
    let Some((name, value)) = set("LENO_THREADS").or_else(|| set("SMOL_THREADS")) else {
        return cores();
    };
    match value.to_str().and_then(|value| value.trim().parse().ok()) {
        Some(workers @ 1..=MAX_WORKERS) => workers,
        _ => {
            let cores = cores();
            notice(format_args!(
                "{name}={} is not a number from 1 to {MAX_WORKERS}; using {cores}, the number of cores",
                value.to_string_lossy()
            ));
            cores
        }
    }
}

/// What a variable of the environment says that holds a number. One that can't be used is reported, and counts as not set.
fn environment<T>(name: &str, expected: &str, use_it: impl Fn(u64) -> Option<T>) -> Option<T> {
    let value = std::env::var_os(name)?;
    let used = (value.to_str())
        .and_then(|value| value.trim().parse().ok())
        .and_then(use_it);
    if used.is_none() {
        let value = value.to_string_lossy();
        notice(format_args!("{name}={value} is not {expected}; ignored"));
    }
    used
}

fn milliseconds(name: &str) -> Option<Duration> {
    environment(name, "a number of milliseconds", |value| {
        Some(Duration::from_millis(value))
    })
}
