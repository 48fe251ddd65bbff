//! What the original has to change the number of its threads. leno's is fixed.

use std::io;

use leno_executor::Task;

/// Starts no thread, and says so: leno's workers are all there from the start.
///
/// # Errors
///
/// None.
///
/// # Examples
///
/// ```
/// let more = async_global_executor::block_on(async_global_executor::spawn_more_threads(2));
/// assert_eq!(more.unwrap(), 0);
/// ```
pub async fn spawn_more_threads(_count: usize) -> io::Result<usize> {
    crate::init();
    Ok(0)
}

/// Stops no thread, and says so: the task's output is `false`.
///
/// # Examples
///
/// ```
/// assert!(!async_global_executor::block_on(async_global_executor::stop_thread()));
/// ```
pub fn stop_thread() -> Task<bool> {
    crate::spawn(async { false })
}

/// Stops no thread, and says so: the task's output is `false`.
///
/// # Examples
///
/// ```
/// assert!(!async_global_executor::block_on(async_global_executor::stop_current_thread()));
/// ```
pub fn stop_current_thread() -> Task<bool> {
    crate::spawn(async { false })
}
