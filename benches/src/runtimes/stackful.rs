//! Runtimes whose tasks are stacks: coroutines, and threads.

use std::time::Duration;

use anyhow::Result;

/// A runtime in which a task blocks where a future would wait.
pub trait Stackful: Sized + 'static {
    type Task<T: Send + 'static>: Send + 'static;
    /// A handle to a task, to unpark it.
    type Unparker: Send + Sync;
    /// The channel that comes with it, for one receiver.
    type Own: StackfulChannel;
    /// The channel that comes with it, for several receivers.
    type OwnShared: StackfulChannel;

    /// How many tasks can live at once. Where a workload wants more, it takes them in waves.
    const MOST_AT_ONCE: u64;
    /// By what the number of operations is divided, where that of the others would take minutes.
    const FEWER: u64;

    fn start(workers: usize) -> Result<Self>;

    /// Runs `body` as a task.
    fn run<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> T {
        Self::join(Self::spawn(body))
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Self::Task<T>;

    fn join<T: Send + 'static>(task: Self::Task<T>) -> T;

    fn yield_now();

    fn sleep(duration: Duration);

    /// Waits until `unpark` is called, and maybe less.
    fn park();

    /// The task that calls it.
    fn current() -> Self::Unparker;

    fn unpark(task: &Self::Unparker);
}

/// A channel between such tasks.
pub trait StackfulChannel: 'static {
    type Sender<T: Send + 'static>: Clone + Send + 'static;
    type Receiver<T: Send + 'static>: Send + 'static;

    /// In what it differs from a bounded channel.
    const NOTE: Option<&'static str>;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Another receiver of the same messages, if the channel can have several.
    fn share<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>>;

    /// Panics if nobody will receive it.
    fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T);

    /// `None` when the senders are gone.
    fn receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T>;
}
