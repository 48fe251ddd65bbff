//! The attributes [`macro@main`] and [`macro@test`] of the leno runtime.
//!
//! Use them as `#[leno::main]` and `#[leno::test]`: the code they produce calls the `leno` crate.
//!
//! Both leave the function as it was written, put an ordinary function of the same name around it, and call the first
//! from the second:
//!
//! ```text
//! #[leno::main]                               fn main() -> io::Result<()> {
//! async fn main() -> io::Result<()> {             async fn main() -> io::Result<()> {
//!     work().await                      =>            work().await
//! }                                               }
//!                                                 ::leno::__private::main(main())
//!                                             }
//! ```
//!
//! So what the compiler says about the function is said about the lines its author wrote.

#![forbid(unsafe_code)]

mod error;
mod expand;
mod item;
mod options;

use proc_macro::{Span, TokenStream};

use crate::error::Error;
use crate::expand::Role;
use crate::item::AsyncFn;
use crate::options::Options;

/// Runs an `async fn`, most often `main`, to its end on the calling thread.
///
/// The function becomes an ordinary one with the same attributes, visibility, name and return type. Without a
/// parameter, the calling thread becomes a worker of the process-wide runtime and the function is its first task.
///
/// ```
/// #[leno::main]
/// async fn main() -> std::io::Result<()> {
///     let sum = leno::spawn(async { 1 + 2 }).await;
///     assert_eq!(sum, 3);
///     Ok(())
/// }
/// ```
///
/// It need not be `main`: any function that blocks its caller can be written so.
///
/// ```
/// #[leno::main]
/// async fn answer() -> u32 {
///     leno::future::yield_now().await;
///     42
/// }
///
/// assert_eq!(answer(), 42);
/// ```
///
/// # An executor of its own
///
/// With one parameter, the function gets a fresh executor that is run until the function returns; tasks that are left
/// then are cancelled. The type of the parameter says which:
///
/// | parameter | run by |
/// |---|---|
/// | `&Executor<'_>`, `Arc<Executor<'_>>` | one thread for each core, of which the calling thread is one |
/// | `&LocalExecutor<'_>`, `Rc<LocalExecutor<'_>>` | the calling thread alone |
///
/// If the operating system refuses some of the threads, fewer run the executor; the calling thread always does.
///
/// ```
/// use leno::LocalExecutor;
///
/// #[leno::main]
/// async fn main(ex: &LocalExecutor<'_>) {
///     let shared = std::rc::Rc::new(21);
///     let task = ex.spawn(async move { *shared * 2 });
///     assert_eq!(task.await, 42);
/// }
/// ```
///
/// # Options
///
/// `crate = "path"` or `crate = path`: where the `leno` crate is found, for those who rename the dependency
/// (`smol = { package = "leno", … }`) or re-export it.
///
/// ```
/// use leno as smol;
///
/// #[smol::main(crate = "smol")]
/// async fn main() {
///     assert_eq!(smol::spawn(async { 7 }).await, 7);
/// }
/// ```
///
/// # Panics
///
/// The function panics when its body does; the threads that ran its executor have ended by then.
///
/// # Errors
///
/// What is not an `async fn`, or has generic parameters, `self` or more than one parameter, is refused at compile time,
/// and so is a parameter that is no executor:
///
/// ```compile_fail,E0277
/// #[leno::main]
/// async fn main(ex: &u32) {}
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Role::Main, options, item)
}

/// Makes a test of an `async fn`.
///
/// The function becomes a `#[test]` with the same attributes (`#[should_panic]`, `#[ignore]`, `#[cfg(…)]`, …), name and
/// return type. Without a parameter it runs under `leno::block_on` on the thread of the test.
///
/// ```
/// use std::time::Duration;
///
/// #[leno::test]
/// async fn a_timer_fires() {
///     leno::Timer::after(Duration::from_millis(1)).await;
/// }
///
/// #[leno::test]
/// #[should_panic(expected = "nobody listens")]
/// async fn a_panic_is_a_failure() {
///     panic!("nobody listens");
/// }
/// # fn main() {}
/// ```
///
/// With an executor as its parameter, each test has an executor for itself; see [`macro@main`] for the types, and for the
/// option `crate`.
///
/// ```
/// use leno::Executor;
/// use std::sync::Arc;
///
/// #[leno::test]
/// async fn tasks_spawn_tasks(ex: Arc<Executor<'_>>) {
///     let inner = ex.clone();
///     let task = ex.spawn(async move { inner.spawn(async { 5 }).await });
///     assert_eq!(task.await, 5);
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(Role::Test, options, item)
}

fn attribute(role: Role, options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = Options::parse(options).and_then(|options| {
        let function = AsyncFn::parse(item.clone(), role)?;
        Ok(expand::expand(role, &options, function))
    });
    expanded.unwrap_or_else(|error: Error| {
        let mut tokens = error.into_compile_error();
        // Without a `main`, the compiler would add a complaint that only hides the first.
        if item::declares_main(item) {
            tokens.extend(expand::text("fn main() {}", Span::call_site()));
        }
        tokens
    })
}
