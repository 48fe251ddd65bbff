//! The designs with stacks, behind one interface, so that an experiment writes its steps once for all of them.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use leno::channel::{self, Receiver, Sender};
use may::coroutine;
use may::sync::mpmc;

use crate::fiber;

/// A runtime in which a piece of work blocks where a future would wait.
pub trait Stackful: 'static {
    type Sender<T: Send + 'static>: Clone + Send + 'static;
    type Receiver<T: Send + 'static>: Clone + Send + 'static;
    type Join<T: Send + 'static>: Send + 'static;

    fn channel<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Panics if nobody will receive it.
    fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T);

    /// `None` when the senders are gone.
    fn receive<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<T>;

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Self::Join<T>;

    fn join<T: Send + 'static>(started: Self::Join<T>) -> T;

    /// Lets it run on by itself.
    fn detach<T: Send + 'static>(started: Self::Join<T>) {
        drop(started);
    }

    fn sleep(duration: Duration);

    fn yield_now();
}

/// Calls `$call::<S>($arguments)` for the design that has stacks; for others it fails.
macro_rules! with_stacks {
    ($design:expr, $call:ident($($argument:expr),*)) => {
        match $design {
            $crate::design::Design::Fiber => $crate::stackful::Fibers::enter(move || $call::<$crate::stackful::Fibers>($($argument),*)),
            $crate::design::Design::May => $crate::stackful::May::enter(move || $call::<$crate::stackful::May>($($argument),*)),
            $crate::design::Design::Thread => Ok($call::<$crate::stackful::Threads>($($argument),*)),
            design => Err(anyhow::anyhow!("{} has no stacks here", design.name())),
        }
    };
}
pub(crate) use with_stacks;

/// Stacks as tasks of leno, with its channels and timers.
pub struct Fibers;

impl Fibers {
    /// Runs `body` as a fiber, from a thread that is none.
    pub fn enter<T: Send + 'static>(
        body: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(leno::block_on(Fibers::spawn(body)))
    }
}

impl Stackful for Fibers {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    type Join<T: Send + 'static> = leno::Task<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        channel::bounded(capacity)
    }

    fn send<T: Send + 'static>(sender: &Sender<T>, message: T) {
        assert!(
            fiber::wait(sender.send(message)).is_ok(),
            "the receiver is gone"
        );
    }

    fn receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        fiber::wait(receiver.recv()).ok()
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> leno::Task<T> {
        // SAFETY: what experiments run keeps channels and numbers on its stack, and uses no variables of threads.
        unsafe { fiber::spawn(body) }
    }

    fn join<T: Send + 'static>(started: leno::Task<T>) -> T {
        fiber::wait(started)
    }

    /// To drop it would be to cancel it.
    fn detach<T: Send + 'static>(started: leno::Task<T>) {
        started.detach();
    }

    fn sleep(duration: Duration) {
        fiber::wait(leno::Timer::after(duration));
    }

    fn yield_now() {
        fiber::yield_now();
    }
}

/// `may`, with its own channels, which have no bound.
pub struct May;

impl May {
    /// Runs `body` as a coroutine, on as many workers as leno has.
    pub fn enter<T: Send + 'static>(
        body: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        May::start();
        May::spawn(body)
            .join()
            .map_err(|_| anyhow::anyhow!("a coroutine panicked"))
    }

    /// To be called before there is any coroutine.
    pub fn start() {
        static STARTED: OnceLock<()> = OnceLock::new();
        STARTED.get_or_init(|| {
            let workers = std::env::var("LENO_THREADS")
                .ok()
                .and_then(|workers| workers.parse().ok());
            may::config().set_workers(workers.unwrap_or(2));
        });
    }
}

impl Stackful for May {
    type Sender<T: Send + 'static> = mpmc::Sender<T>;
    type Receiver<T: Send + 'static> = mpmc::Receiver<T>;
    type Join<T: Send + 'static> = coroutine::JoinHandle<T>;

    fn channel<T: Send + 'static>(_capacity: usize) -> (mpmc::Sender<T>, mpmc::Receiver<T>) {
        mpmc::channel()
    }

    fn send<T: Send + 'static>(sender: &mpmc::Sender<T>, message: T) {
        assert!(sender.send(message).is_ok(), "the receiver is gone");
    }

    fn receive<T: Send + 'static>(receiver: &mpmc::Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }

    fn spawn<T: Send + 'static>(
        body: impl FnOnce() -> T + Send + 'static,
    ) -> coroutine::JoinHandle<T> {
        // SAFETY: what experiments run does not overrun its stack, and uses no variables of threads across a wait.
        unsafe { coroutine::spawn(body) }
    }

    fn join<T: Send + 'static>(started: coroutine::JoinHandle<T>) -> T {
        started.join().expect("a coroutine panicked")
    }

    fn sleep(duration: Duration) {
        coroutine::sleep(duration);
    }

    fn yield_now() {
        coroutine::yield_now();
    }
}

/// Threads of the operating system, with leno's channels, by the calls that block.
pub struct Threads;

/// As much as glibc needs with some room. It is only touched memory that counts, but address space is limited, too.
pub const THREAD_STACK: usize = 64 * 1024;

impl Stackful for Threads {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;
    type Join<T: Send + 'static> = thread::JoinHandle<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        channel::bounded(capacity)
    }

    fn send<T: Send + 'static>(sender: &Sender<T>, message: T) {
        assert!(
            sender.send_blocking(message).is_ok(),
            "the receiver is gone"
        );
    }

    fn receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.recv_blocking().ok()
    }

    fn spawn<T: Send + 'static>(
        body: impl FnOnce() -> T + Send + 'static,
    ) -> thread::JoinHandle<T> {
        thread::Builder::new()
            .stack_size(THREAD_STACK)
            .spawn(body)
            .expect("the system gives a thread")
    }

    fn join<T: Send + 'static>(started: thread::JoinHandle<T>) -> T {
        started.join().expect("a thread panicked")
    }

    fn sleep(duration: Duration) {
        thread::sleep(duration);
    }

    fn yield_now() {
        thread::yield_now();
    }
}
