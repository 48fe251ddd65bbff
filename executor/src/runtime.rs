//! The process-wide runtime: its workers, and how a task finds one of them.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, MutexGuard};

use async_task::{Runnable, ScheduleInfo};
use leno_reactor::{PerProcess, Reactor, notice};

use crate::builder::{Builder, Config};
use crate::contain::contain;
use crate::context;
use crate::crew::Crew;
use crate::duty::Duty;
use crate::home::home;
use crate::idle::Idle;
use crate::live::Tracker;
use crate::observe::{self, Quiet, Records, Told};
use crate::pace::Awake;
use crate::root::Root;
use crate::running;
use crate::sentry::LONGEST_PERIOD;
use crate::strangers::Strangers;
use crate::worker::Worker;
use crate::worker_loop::{self, Outcome};

/// Everything that the workers share. Made at the first use and never freed: tasks and wakers may outlive any owner.
pub(crate) struct Runtime {
    /// One for each worker that was asked for.
    all: Box<[Worker]>,
    /// How many of them have a thread. Written before the runtime is published, and when a thread that the OS refused
    /// could be had later; Release, paired with Acquire loads of whoever picks a worker.
    started: AtomicUsize,
    pub(crate) idle: Idle,
    pub(crate) duty: Duty,
    /// Threads that sleep in `block_on` and would run tasks, because no worker has a thread.
    pub(crate) strangers: Strangers,
    /// Whether new tasks are refused. Set once by `shutdown`; read by every spawn. SeqCst with the counts of tasks.
    pub(crate) closing: AtomicBool,
    /// Whether the workers are to end. Set once by `shutdown`, before it wakes them all.
    pub(crate) stopping: AtomicBool,
    /// Whether what becomes runnable is to be dropped: the workers have ended. Set once by `shutdown`.
    pub(crate) over: AtomicBool,
    /// How many tasks were spawned and have ended on threads that are no workers. Written by them; read by `shutdown`.
    pub(crate) spawned: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) config: Config,
    pub(crate) tracker: Option<Tracker>,
    /// There if the runtime is observed.
    pub(crate) records: Option<Records>,
    pub(crate) told: Told,
    pub(crate) quiet: Quiet,
    /// Whether nobody wants to know more of a task than that it lives: no tracker, no records, no hook.
    pub(crate) plain: bool,
    pub(crate) threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    generation: u32,
}

/// Null until the first use. Written under `STARTING`, with Release; the Acquire load of everybody else pairs with it.
static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());

/// Held while the runtime is made, so that there is one.
/// In the child of a fork it is another one: some thread that the child does not have may hold the parent's.
static STARTING: PerProcess<Mutex<()>> = PerProcess::new();

fn starting() -> MutexGuard<'static, ()> {
    STARTING
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Runtime {
    /// The runtime, if there is one. A forked child has none until it makes its own.
    pub(crate) fn existing() -> Option<&'static Runtime> {
        let runtime = RUNTIME.load(Ordering::Acquire);
        // SAFETY: what was published is never freed.
        let runtime = unsafe { runtime.as_ref() }?;
        (runtime.generation == leno_reactor::fork_generation()).then_some(runtime)
    }

    /// The runtime; starts it at the first use.
    pub(crate) fn get() -> &'static Runtime {
        match Runtime::existing() {
            Some(runtime) => runtime,
            None => Runtime::start_default(),
        }
    }

    #[cold]
    fn start_default() -> &'static Runtime {
        let _starting = starting();
        Runtime::existing().unwrap_or_else(|| {
            let runtime = Runtime::new(Builder::default_config());
            if let Err(error) = runtime.start_threads(0) {
                runtime.report_missing_threads(&error);
            }
            runtime.publish();
            runtime
        })
    }

    /// Starts the runtime as configured, unless there is one.
    pub(crate) fn start(config: Config) -> io::Result<()> {
        let _starting = starting();
        if Runtime::existing().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the runtime is running already; call `Builder::start` before the first `spawn`",
            ));
        }
        let runtime = Runtime::new(config);
        if let Err(error) = runtime.start_threads(0) {
            if runtime.workers().is_empty() {
                let message = format!(
                    "the OS refused every worker thread; allow more threads or processes: {error}"
                );
                return Err(io::Error::new(error.kind(), message));
            }
            runtime.report_missing_threads(&error);
        }
        runtime.publish();
        Ok(())
    }

    /// Runs `future` as the body of `main`: the calling thread is worker 0. If there is a runtime already, or one is
    /// made meanwhile, the thread only blocks on the future.
    pub(crate) fn run_main<F: Future>(future: F) -> F::Output {
        let runtime = {
            let _starting = starting();
            if Runtime::existing().is_some() {
                None
            } else {
                let runtime = Runtime::new(Builder::default_config());
                // The calling thread counts as started: it is about to run.
                runtime.started.store(1, Ordering::Release);
                if let Err(error) = runtime.start_threads(1) {
                    runtime.report_missing_threads(&error);
                }
                runtime.publish();
                Some(runtime)
            }
        };
        let Some(runtime) = runtime else {
            return leno_reactor::block_on(future);
        };
        let _successor = Successor(runtime);
        let worker = &runtime.all[0];
        match worker_loop::run(runtime, worker, Some(Root::new(future, worker.unparker()))) {
            Outcome::Ready(output) => output,
            Outcome::Stopped(root) => {
                runtime.drop_if_over();
                let root = root.expect("this thread has run it with one");
                leno_reactor::block_on(root.into_future())
            }
            Outcome::Taken => unreachable!("nobody else becomes worker 0"),
        }
    }

    fn new(config: Config) -> &'static Runtime {
        if config.observing {
            leno_waits::observe();
        }
        let reactors: Vec<_> = (0..config.reactors).map(|_| Reactor::new()).collect();
        let all = (0..config.workers)
            .map(|i| Worker::new(i, reactors[i % reactors.len()].clone()))
            .collect();
        Box::leak(Box::new(Runtime {
            all,
            started: AtomicUsize::new(0),
            idle: Idle::new(config.workers),
            duty: Duty::new(),
            strangers: Strangers::default(),
            closing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            over: AtomicBool::new(false),
            spawned: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            tracker: config.tracking.then(Tracker::new),
            records: config.observing.then(Records::new),
            told: Told::default(),
            quiet: Quiet::default(),
            plain: !config.tracking && !config.observing && config.panic_hook.is_none(),
            config,
            threads: Mutex::default(),
            generation: leno_reactor::fork_generation(),
        }))
    }

    /// Makes it the process's runtime, once its workers are there to be found.
    fn publish(&'static self) {
        leno_reactor::before_sleep(Strangers::before_sleep);
        leno_reactor::after_fork(context::forked);
        crate::blocking::set_last_resort(|runnable| Runtime::get().receive(runnable));
        RUNTIME.store(std::ptr::from_ref(self).cast_mut(), Ordering::Release);
        if let Some(period) = self.config.trace {
            observe::start_trace(self, period);
        }
    }

    /// Tries once more for a runtime that the OS gave no thread. True if there is one now.
    pub(crate) fn start_late(&'static self) -> bool {
        let _starting = starting();
        if self.workers().is_empty() && self.start_threads(0).is_ok() {
            notice(format_args!(
                "the OS allows worker threads again; {} are running",
                self.workers().len()
            ));
        }
        !self.workers().is_empty()
    }

    /// Starts the threads of the workers from `first` on, as far as the OS allows.
    pub(crate) fn start_threads(&'static self, first: usize) -> io::Result<()> {
        for worker in &self.all[first..] {
            self.start_thread(worker)?;
            self.started.store(worker.index + 1, Ordering::Release);
        }
        Ok(())
    }

    fn start_thread(&'static self, worker: &'static Worker) -> io::Result<()> {
        let name = &self.config.thread_names[worker.index];
        let mut thread = std::thread::Builder::new().name(name.clone());
        if let Some(size) = self.config.stack_size {
            thread = thread.stack_size(size);
        }
        let handle = thread.spawn(move || {
            worker_loop::run::<std::future::Pending<()>>(self, worker, None);
            self.drop_if_over();
        })?;
        self.threads
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(handle);
        Ok(())
    }

    /// The main thread is worker 0 no more: the OS gives it a thread of its own, or others do what it had to do.
    fn replace_main(&'static self) {
        if self.is_stopping() {
            return;
        }
        let Err(error) = self.start_thread(&self.all[0]) else {
            return;
        };
        if self.workers().len() > 1 {
            // The other workers take over what is here, as from one that blocks.
            return;
        }
        let main = &self.all[0];
        while let Some(runnable) = main.take_own() {
            main.inbox.push(runnable);
        }
        self.started.store(0, Ordering::Release);
        self.report_missing_threads(&error);
        self.strangers.call();
    }

    fn report_missing_threads(&self, error: &io::Error) {
        let (started, wanted) = (self.workers().len(), self.all.len());
        let rest = if started == 0 {
            "threads in `block_on` run the tasks"
        } else {
            "the runtime goes on with these"
        };
        notice(format_args!(
            "the OS allowed {started} of {wanted} worker threads ({error}); {rest}. \
             Allow more threads or processes, or set LENO_THREADS"
        ));
    }

    /// The workers that have a thread.
    pub(crate) fn workers(&self) -> &[Worker] {
        &self.all[..self.started.load(Ordering::Acquire)]
    }

    /// How many workers there may be.
    pub(crate) fn capacity(&self) -> usize {
        self.all.len()
    }

    /// Where tasks wait that no worker will ever take, because none has a thread.
    pub(crate) fn orphanage(&self) -> &Worker {
        &self.all[0]
    }

    /// Runs what no worker will run, until nothing is runnable.
    pub(crate) fn run_orphans(&self) {
        while let Some(runnable) = self.orphanage().inbox.pop() {
            contain(|| {
                running::run_anywhere(runnable);
            });
        }
    }

    /// After a worker has left, or something was pushed: if `shutdown` has emptied the queues meanwhile, it may have
    /// missed that.
    fn drop_if_over(&self) {
        fence(Ordering::SeqCst);
        if self.over.load(Ordering::Relaxed) {
            self.drop_queues();
        }
    }

    /// From here on what becomes runnable is dropped, and so is what is in a queue.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.drop_queues();
    }

    /// Drops every task that is in a queue. The workers have ended, but for one that a task keeps.
    fn drop_queues(&self) {
        for worker in &self.all {
            while let Some(runnable) = worker.take_own().or_else(|| worker.inbox.pop()) {
                contain(|| drop(runnable));
            }
        }
    }

    /// All workers, with a thread or without.
    pub(crate) fn every_worker(&self) -> impl Iterator<Item = &Worker> {
        self.all.iter()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether some worker does not sleep.
    pub(crate) fn anyone_awake(&self) -> bool {
        self.idle.anyone_awake(self.workers().len())
    }

    /// Whether some parked worker wakes up by itself within a sentry's period, for a timer.
    pub(crate) fn anyone_wakes_soon(&self) -> bool {
        self.workers().iter().any(|worker| {
            self.idle.is_parked(worker.index) && worker.reactor.wakes_within(LONGEST_PERIOD)
        })
    }

    /// Who is awake, `worker` not counted.
    pub(crate) fn awake_beside(&self, worker: &Worker) -> Awake {
        let workers = self.workers().len();
        if self.idle.is_alone(worker.index, workers) {
            Awake::Alone
        } else {
            Awake::Company
        }
    }

    /// Takes a task from a thread that does not keep it. A promise: some worker will see it.
    pub(crate) fn receive(&self, runnable: Runnable) {
        if self.over.load(Ordering::SeqCst) {
            // The workers have ended; dropping it cancels the task.
            return contain(|| drop(runnable));
        }
        let workers = self.workers();
        if workers.is_empty() {
            self.orphanage().inbox.push(runnable);
            self.strangers.call();
            // If a thread could be had meanwhile, it may have parked before it could see this. It may also run without
            // being among the workers yet, so its token is left in any case.
            self.orphanage().unpark();
            return;
        }
        self.deliver(home(workers.len()), runnable);
        if self.is_stopping() {
            // The end may have come between the look and the push.
            self.drop_if_over();
        }
    }

    /// The calling worker stops to look after its own queue for a while.
    ///
    /// # Safety
    ///
    /// The calling thread is `worker`.
    pub(crate) unsafe fn hand_over(&self, worker: &Worker) {
        if let Some(next) = worker.own.next.take() {
            // Nobody searches there.
            // SAFETY: the caller is the worker.
            unsafe { worker.push(next) };
        }
        worker.pace.forget();
        let has_work =
            !worker.ring.is_empty() || !worker.spill.is_empty() || !worker.inbox.is_empty();
        if has_work && !self.idle.anyone_searches() {
            self.wake_one();
        }
    }
}

impl Runtime {
    /// After a push to the ring of `worker`, on its thread: tells of work to spare, if it is worth moving.
    pub(crate) fn hint_of(&self, worker: &Worker) {
        self.hint(worker.spare());
    }
}

impl Crew for Runtime {
    type Task = Runnable;

    fn idle(&self) -> &Idle {
        &self.idle
    }

    fn post(&self, worker: usize, task: Runnable) {
        self.all[worker].inbox.push(task);
    }

    fn has_mail(&self) -> bool {
        self.workers().iter().any(|worker| !worker.inbox.is_empty())
    }

    fn wake(&self, worker: usize) {
        self.all[worker].unpark();
    }

    fn spared(&self) -> Option<usize> {
        self.duty.holder()
    }
}

/// Sees to it, when the body of `main` is over, that its worker goes on: the program may not end with it.
struct Successor(&'static Runtime);

impl Drop for Successor {
    fn drop(&mut self) {
        self.0.replace_main();
    }
}

/// The schedule function of every task of the runtime. A function without captures, so that `async-task` stores nothing
/// for it and a wake-up costs one atomic operation.
pub(crate) fn schedule(runnable: Runnable, info: ScheduleInfo) {
    if let Err(runnable) = context::keep(runnable, info.woken_while_running) {
        Runtime::get().receive(runnable);
    }
}

/// The schedule function of tasks of which more is known than that they live.
pub(crate) fn schedule_observed(runnable: Runnable, info: ScheduleInfo) {
    if let Some(records) = Runtime::existing().and_then(|runtime| runtime.records.as_ref()) {
        records.woken(&runnable);
    }
    schedule(runnable, info);
}
