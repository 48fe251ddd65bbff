//! How the runtime is started.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Once;

use leno_executor::Builder;

/// What sets the number of workers if the program names no other variable.
const VARIABLE: &str = "ASYNC_GLOBAL_EXECUTOR_THREADS";

/// Settings for [`init_with_config`].
///
/// # Examples
///
/// ```
/// use async_global_executor::{GlobalExecutorConfig, init_with_config, spawn};
///
/// init_with_config(GlobalExecutorConfig::default().with_min_threads(2));
/// assert_eq!(async_global_executor::block_on(spawn(async { 7 })), 7);
/// ```
#[derive(Default)]
pub struct GlobalExecutorConfig {
    env_var: Option<&'static str>,
    min_threads: Option<usize>,
    max_threads: Option<usize>,
    thread_name_fn: Option<Box<dyn Fn() -> String + Send + Sync>>,
}

impl GlobalExecutorConfig {
    /// The environment variable that sets the number of workers. Default: `ASYNC_GLOBAL_EXECUTOR_THREADS`.
    pub fn with_env_var(mut self, env_var: &'static str) -> Self {
        self.env_var = Some(env_var);
        self
    }

    /// The number of workers, if the environment sets none. Default: what leno takes, usually the number of cores.
    pub fn with_min_threads(mut self, min_threads: usize) -> Self {
        self.min_threads = Some(min_threads);
        self
    }

    /// Has no effect: leno's workers are neither more nor fewer later on.
    pub fn with_max_threads(mut self, max_threads: usize) -> Self {
        self.max_threads = Some(max_threads);
        self
    }

    /// How the workers' threads are named.
    pub fn with_thread_name_fn(
        mut self,
        thread_name_fn: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        self.thread_name_fn = Some(Box::new(thread_name_fn));
        self
    }

    /// What this comes to for leno.
    fn into_builder(self) -> Builder {
        let set = std::env::var(self.env_var.unwrap_or(VARIABLE)).ok();
        let workers = set.and_then(|set| set.parse().ok()).or(self.min_threads);
        let mut builder = Builder::new();
        if let Some(workers) = workers {
            builder = builder.workers(workers.max(1));
        }
        if let Some(name) = self.thread_name_fn {
            builder = builder.thread_name(move |_| name());
        }
        builder
    }
}

impl fmt::Debug for GlobalExecutorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalExecutorConfig")
            .field("env_var", &self.env_var)
            .field("min_threads", &self.min_threads)
            .field("max_threads", &self.max_threads)
            .finish()
    }
}

/// Starts leno's workers, unless they run already.
///
/// # Panics
///
/// If the runtime can't be started: the environment asks for too many workers, or the OS refuses every thread.
///
/// # Examples
///
/// ```
/// async_global_executor::init();
/// ```
pub fn init() {
    init_with_config(GlobalExecutorConfig::default());
}

/// Starts leno's workers with these settings, unless they run already: then it does nothing.
///
/// # Panics
///
/// As [`init`].
///
/// # Examples
///
/// See [`GlobalExecutorConfig`].
pub fn init_with_config(config: GlobalExecutorConfig) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| match config.into_builder().start() {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            panic!("cannot start the executor: {error}")
        }
        _ => {}
    });
}
