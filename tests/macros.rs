//! `#[leno::main]` and `#[leno::test]`: what they make of a function, and what they refuse.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use leno::{Executor, LocalExecutor, Timer, future, io};

// ---- `#[leno::main]` on functions that are not `main`, so that their results can be looked at.

/// A doc comment, a visibility and an attribute before the function.
#[leno::main]
#[must_use]
pub(crate) async fn with_everything_around_it() -> Result<u32, io::Error> {
    Timer::after(Duration::from_millis(1)).await;
    Ok(leno::spawn(async { 6 }).await * 7)
}

#[test]
fn the_output_is_returned() {
    assert_eq!(with_everything_around_it().ok(), Some(42));
}

#[leno::main]
async fn error() -> io::Result<()> {
    Err(io::ErrorKind::NotFound)?;
    Ok(())
}

#[test]
fn an_error_is_returned() {
    let kind = error().map_err(|error| error.kind());
    assert_eq!(kind, Err(io::ErrorKind::NotFound));
}

#[leno::main]
async fn opaque() -> impl Iterator<Item = u32> {
    future::yield_now().await;
    0..3
}

#[test]
fn the_output_may_be_an_impl_trait() {
    assert_eq!(opaque().sum::<u32>(), 3);
}

#[leno::main]
async fn not_send() -> u32 {
    let shared = Rc::new(Cell::new(1));
    future::yield_now().await;
    shared.set(shared.get() + 1);
    shared.get()
}

#[test]
fn the_body_need_not_be_send() {
    assert_eq!(not_send(), 2);
}

#[leno::main]
async fn panics() {
    future::yield_now().await;
    panic!("on purpose");
}

#[test]
fn a_panic_reaches_the_caller() {
    assert!(thread::spawn(panics).join().is_err());
    assert_eq!(not_send(), 2, "and the next call works");
}

#[leno::main(crate = "leno")]
async fn path_in_quotes() -> u32 {
    1
}

#[leno::main(crate = ::leno,)]
async fn path_in_tokens() -> u32 {
    2
}

mod renamed {
    pub(crate) mod inner {
        pub(crate) use ::leno as smol;
    }

    #[inner::smol::main(crate = "inner::smol")]
    pub(crate) async fn nested_path() -> u32 {
        3
    }
}

#[test]
fn the_crate_can_have_another_path() {
    assert_eq!(path_in_quotes(), 1);
    assert_eq!(path_in_tokens(), 2);
    assert_eq!(renamed::nested_path(), 3);
}

macro_rules! made_by_a_macro {
    ($vis:vis $name:ident -> $output:ty $body:block) => {
        #[leno::main]
        $vis async fn $name() -> $output $body
    };
}

made_by_a_macro!(pub(crate) from_fragments -> Vec<u8> { vec![1, 2] });

#[test]
fn the_function_may_come_out_of_a_macro() {
    assert_eq!(from_fragments(), [1, 2]);
}

// ---- Executors as parameters.

/// The threads on which 64 tasks that sleep for a moment came to their end.
async fn threads_of(
    spawn: impl Fn(future::Boxed<thread::ThreadId>) -> leno::Task<thread::ThreadId>,
) -> Vec<thread::ThreadId> {
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            spawn(Box::pin(async {
                Timer::after(Duration::from_millis(1)).await;
                thread::current().id()
            }))
        })
        .collect();
    let mut threads = Vec::new();
    for task in tasks {
        let thread = task.await;
        if !threads.contains(&thread) {
            threads.push(thread);
        }
    }
    threads
}

#[leno::main]
async fn borrowed(ex: &Executor<'_>) -> usize {
    threads_of(|task| ex.spawn(task)).await.len()
}

#[leno::main]
async fn shared(ex: Arc<Executor<'_>>) -> u32 {
    let inner = ex.clone();
    ex.spawn(async move { inner.spawn(async { 5 }).await })
        .await
}

#[leno::main]
async fn local(ex: &LocalExecutor<'_>) -> bool {
    let here = thread::current().id();
    let shared = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let shared = shared.clone();
            ex.spawn(async move {
                Timer::after(Duration::from_millis(1)).await;
                shared.set(shared.get() + 1);
                thread::current().id()
            })
        })
        .collect();
    for task in tasks {
        if task.await != here {
            return false;
        }
    }
    shared.get() == 10
}

#[leno::main]
async fn local_shared(ex: Rc<LocalExecutor<'_>>) -> u32 {
    let inner = ex.clone();
    ex.spawn(async move { inner.spawn(async { 5 }).await })
        .await
}

#[test]
fn each_kind_of_executor_can_be_a_parameter() {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let threads = borrowed();
    assert!(
        (1..=cores).contains(&threads),
        "{threads} threads, {cores} cores"
    );
    assert_eq!(shared(), 5);
    assert!(local());
    assert_eq!(local_shared(), 5);
}

type Ours = LocalExecutor<'static>;
type Borrowed<'a> = &'a Executor<'static>;

#[leno::main]
async fn by_an_alias(ex: &Ours) -> u32 {
    ex.spawn(async { 1 }).await
}

#[leno::main]
async fn by_an_alias_of_the_whole(mut ex: Borrowed<'_>) -> u32 {
    let other = Executor::new();
    let first = ex.spawn(async { 2 }).await;
    ex = &other;
    first + ex.try_tick() as u32
}

#[leno::main]
async fn by_a_full_path(_: ::std::sync::Arc<::leno::Executor<'static>>) -> u32 {
    3
}

#[test]
fn the_executor_may_be_spelled_in_any_way() {
    assert_eq!(by_an_alias(), 1);
    assert_eq!(by_an_alias_of_the_whole(), 2);
    assert_eq!(by_a_full_path(), 3);
}

/// Counts how many of it are dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn tasks_that_are_left_are_cancelled_before_the_function_returns() {
    static DROPS: std::sync::OnceLock<Arc<AtomicUsize>> = std::sync::OnceLock::new();

    #[leno::main]
    async fn leaves_tasks(ex: &Executor<'_>) {
        let drops = DROPS.get_or_init(Arc::default);
        for _ in 0..100 {
            let counted = Counted(drops.clone());
            ex.spawn(async move {
                let _counted = counted;
                future::pending::<()>().await;
            })
            .detach();
        }
    }

    leaves_tasks();
    assert_eq!(
        DROPS.get().map(|drops| drops.load(Ordering::SeqCst)),
        Some(100)
    );
}

#[leno::main]
async fn panics_with_an_executor(ex: &Executor<'_>) {
    ex.spawn(future::pending::<()>()).detach();
    future::yield_now().await;
    panic!("on purpose");
}

#[test]
fn a_panic_ends_the_threads_of_the_executor() {
    // Would hang if the threads went on.
    assert!(thread::spawn(panics_with_an_executor).join().is_err());
}

// ---- `#[leno::test]`, by being one.

#[leno::test]
async fn a_test_is_run() {
    Timer::after(Duration::from_millis(1)).await;
    assert_eq!(leno::spawn(async { 1 }).await, 1);
}

#[leno::test]
#[should_panic(expected = "on purpose")]
async fn a_test_should_panic() {
    future::yield_now().await;
    panic!("on purpose");
}

#[leno::test]
async fn a_test_may_return_a_result() -> Result<(), Box<dyn std::error::Error>> {
    let number: u32 = "17".parse()?;
    assert_eq!(number, 17);
    Ok(())
}

#[leno::test]
#[cfg(any())]
async fn a_test_that_is_configured_out() {
    compile_error!("this is never compiled");
}

#[leno::test(crate = "leno")]
async fn a_test_has_an_executor(ex: Arc<Executor<'_>>) {
    assert_eq!(ex.spawn(async { 1 }).await, 1);
}

#[leno::test]
async fn a_test_has_a_local_executor(ex: &LocalExecutor<'_>) -> io::Result<()> {
    let shared = Rc::new(1);
    assert_eq!(ex.spawn(async move { *shared }).await, 1);
    Ok(())
}

// ---- What is refused, and where the finger points.

#[test]
fn misuse_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
