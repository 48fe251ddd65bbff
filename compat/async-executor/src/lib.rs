//! The executors of [`leno_executor`] under the name of `async-executor` 1, for use through `[patch.crates-io]`.

#[doc(inline)]
pub use leno_executor::{
    Executor, FallibleTask, LocalExecutor, StaticExecutor, StaticLocalExecutor, Task,
};
