//! A panic in a task goes to whoever awaits it, and harms nobody else.

mod support;

use std::{
    any::Any,
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread,
};

use futures_lite::future::yield_now;
use leno_executor::{Executor, LocalExecutor, Task};
use leno_reactor::block_on;
use support::{Drops, Event, OnDrop, no_hang};

fn panic_of<T>(f: impl FnOnce() -> T) -> Option<&'static str> {
    let panic: Box<dyn Any + Send> = catch_unwind(AssertUnwindSafe(f)).err()?;
    Some(panic.downcast_ref::<&'static str>().expect("one of ours"))
}

/// Ready at the first poll; its drop panics.
struct PanicsInDrop(Option<PanickingOutput>);

impl Future for PanicsInDrop {
    type Output = PanickingOutput;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<PanickingOutput> {
        Poll::Ready(self.0.take().unwrap())
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic_any("future's drop");
    }
}

/// Panics when it is dropped, if so told.
struct PanickingOutput(bool);

impl Drop for PanickingOutput {
    fn drop(&mut self) {
        if self.0 {
            panic_any("output's drop");
        }
    }
}

/// The executors of this crate, as far as they are used here.
trait Spawns {
    fn spawns<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T>;
    fn runs<T>(&self, future: impl Future<Output = T>) -> T;
    fn ticks(&self) -> bool;
    fn empty(&self) -> bool;
}

macro_rules! spawns {
    ($($executor:ty),*) => {$(
        impl Spawns for $executor {
            fn spawns<T: Send + 'static>(
                &self,
                future: impl Future<Output = T> + Send + 'static,
            ) -> Task<T> {
                self.spawn(future)
            }
            fn runs<T>(&self, future: impl Future<Output = T>) -> T {
                block_on(self.run(future))
            }
            fn ticks(&self) -> bool {
                self.try_tick()
            }
            fn empty(&self) -> bool {
                self.is_empty()
            }
        }
    )*};
}

spawns!(Executor<'static>, LocalExecutor<'static>);

/// Calls a generic test with both executors.
macro_rules! with_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn executor() {
                super::$name(leno_executor::Executor::new());
            }
            #[test]
            fn local_executor() {
                super::$name(leno_executor::LocalExecutor::new());
            }
        }
    )*};
}

with_both!(
    in_poll,
    in_the_drop_of_a_ready_future,
    in_the_drop_of_a_ready_future_and_of_its_output,
    in_the_drop_of_a_cancelled_future,
    in_the_drop_of_an_output,
    in_the_drop_after_a_panic_in_poll,
    in_the_main_future,
    while_the_executor_is_dropped,
    while_the_executor_is_dropped_by_a_panic,
);

fn in_poll(executor: impl Spawns) {
    let panics = executor.spawns(async {
        yield_now().await;
        panic_any("poll")
    });
    let detached = executor.spawns(async { panic_any("detached") });
    detached.detach();
    let works = executor.spawns(async {
        yield_now().await;
        3
    });
    // Whoever runs it notices nothing.
    assert_eq!(executor.runs(works), 3);
    assert_eq!(panic_of(|| executor.runs(panics)), Some("poll"));
    assert!(executor.empty());
}

fn in_the_drop_of_a_ready_future(executor: impl Spawns) {
    let task = executor.spawns(PanicsInDrop(Some(PanickingOutput(false))));
    let detached = executor.spawns(PanicsInDrop(Some(PanickingOutput(false))));
    detached.detach();
    while executor.ticks() {}
    assert!(executor.empty());
    assert_eq!(panic_of(|| executor.runs(task)), Some("future's drop"));
}

fn in_the_drop_of_a_ready_future_and_of_its_output(executor: impl Spawns) {
    let task = executor.spawns(PanicsInDrop(Some(PanickingOutput(true))));
    while executor.ticks() {}
    assert_eq!(panic_of(|| executor.runs(task)), Some("future's drop"));
}

fn in_the_drop_of_a_cancelled_future(executor: impl Spawns) {
    let drops = Drops::default();
    let guard = drops.guard();
    let task = executor.spawns(async move {
        let _guard = guard;
        let _panics = OnDrop(|| panic_any("cancelled"));
        pending::<()>().await;
    });
    assert!(executor.ticks());
    let works = executor.spawns(async { 3 });
    assert_eq!(executor.runs(task.cancel()), None);
    assert_eq!(
        drops.count(),
        1,
        "what comes after it is dropped all the same"
    );
    assert_eq!(executor.runs(works), 3);
    assert!(executor.empty());
}

fn in_the_drop_of_an_output(executor: impl Spawns) {
    let task = executor.spawns(async { PanickingOutput(true) });
    while executor.ticks() {}
    assert_eq!(panic_of(|| drop(task)), Some("output's drop"));
    assert_eq!(executor.runs(executor.spawns(async { 3 })), 3);
    assert!(executor.empty());
}

fn in_the_drop_after_a_panic_in_poll(executor: impl Spawns) {
    struct PanicsTwice;
    impl Future for PanicsTwice {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic_any("poll")
        }
    }
    impl Drop for PanicsTwice {
        fn drop(&mut self) {
            panic_any("drop");
        }
    }
    let task = executor.spawns(PanicsTwice);
    while executor.ticks() {}
    assert!(executor.empty());
    assert_eq!(panic_of(|| executor.runs(task)), Some("poll"));
}

fn in_the_main_future(executor: impl Spawns) {
    let task = executor.spawns(async {
        yield_now().await;
        3
    });
    let panic = panic_of(|| {
        executor.runs(async {
            yield_now().await;
            panic_any("main")
        })
    });
    assert_eq!(panic, Some("main"));
    assert_eq!(executor.runs(task), 3);
    assert!(executor.empty());
}

fn while_the_executor_is_dropped(executor: impl Spawns) {
    let drops = Drops::default();
    for n in 0..10 {
        let guard = drops.guard();
        let task = executor.spawns(async move {
            let _guard = guard;
            let _panics = OnDrop(|| panic_any(if n == 0 { "first" } else { "later" }));
            pending::<()>().await;
        });
        task.detach();
    }
    while executor.ticks() {}
    assert_eq!(panic_of(|| drop(executor)), Some("first"));
    assert_eq!(drops.count(), 10);
}

fn while_the_executor_is_dropped_by_a_panic(executor: impl Spawns) {
    let drops = Drops::default();
    let guard = drops.guard();
    let task = executor.spawns(async move {
        let _guard = guard;
        let _panics = OnDrop(|| panic_any("task"));
        pending::<()>().await;
    });
    task.detach();
    while executor.ticks() {}
    let panic = panic_of(|| {
        let _executor = executor;
        panic_any("unwinding")
    });
    assert_eq!(panic, Some("unwinding"));
    assert_eq!(drops.count(), 1);
}

#[test]
fn in_the_iterator_given_to_spawn_many() {
    let iterator = || {
        (0..10).map(|n| {
            if n == 7 {
                panic_any("iterator")
            } else {
                async move { n }
            }
        })
    };

    let executor = Executor::new();
    let mut tasks = Vec::new();
    let panic = panic_of(|| executor.spawn_many(iterator(), &mut tasks));
    assert_eq!(panic, Some("iterator"));
    let sum = block_on(executor.run(async {
        let mut sum = 0;
        for task in tasks.drain(..) {
            sum += task.await;
        }
        // And the executor goes on.
        sum + executor.spawn(async { 100 }).await
    }));
    assert_eq!(sum, 121);
    assert!(executor.is_empty());

    let local = LocalExecutor::new();
    let panic = panic_of(|| local.spawn_many(iterator(), &mut tasks));
    assert_eq!(panic, Some("iterator"));
    let sum = block_on(local.run(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum + local.spawn(async { 100 }).await
    }));
    assert_eq!(sum, 121);
    assert!(local.is_empty());
}

/// The waker of whoever runs the executor panics: the task that it announces is not lost.
#[test]
fn in_the_waker_of_a_sleeper() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic_any("waker");
        }
    }
    let executor = Executor::new();
    let event = Event::default();
    let waits = event.clone();
    let task = executor.spawn(async move {
        waits.wait().await;
        3
    });
    assert!(executor.try_tick());
    let mut run = Box::pin(executor.run(pending::<()>()));
    let waker = Waker::from(Arc::new(Panics));
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert_eq!(panic_of(|| event.set()), Some("waker"));
    drop(run);
    assert_eq!(block_on(executor.run(task)), 3);
}

#[test]
fn runners_survive_tasks_that_panic() {
    no_hang(|| {
        static EXECUTOR: Executor<'_> = Executor::new();
        let stop = Event::default();
        let runners = [(); 2].map(|()| {
            let stop = stop.clone();
            thread::spawn(move || block_on(EXECUTOR.run(stop.wait())))
        });
        let mut panics = 0;
        for n in 0..1_000 {
            let task = EXECUTOR.spawn(async move {
                yield_now().await;
                if n % 10 == 0 {
                    panic_any("task");
                }
            });
            panics += usize::from(panic_of(|| block_on(task)).is_some());
        }
        assert_eq!(panics, 100);
        stop.set();
        for runner in runners {
            runner.join().unwrap();
        }
    });
}
