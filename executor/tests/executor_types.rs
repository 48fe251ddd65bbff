//! The executors have exactly the auto traits that they should.

use std::{
    future::Ready,
    marker::PhantomPinned,
    panic::{RefUnwindSafe, UnwindSafe},
    rc::Rc,
};

use leno_executor::{Executor, LocalExecutor, Task};

/// `has!(Type: Trait)` says whether a type has a trait. An inherent constant hides that of a trait, and
/// exists only if its bound holds.
macro_rules! has {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code)]
        trait No {
            const HAS: bool = false;
        }
        impl<T: ?Sized> No for T {}
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

#[test]
fn the_probe_works() {
    assert!(has!(u8: Send));
    assert!(!has!(Rc<u8>: Send));
    assert!(!has!(PhantomPinned: Unpin));
}

#[test]
fn executor() {
    assert!(has!(Executor<'static>: Send));
    assert!(has!(Executor<'static>: Sync));
    assert!(has!(Executor<'static>: Unpin));
    assert!(has!(Executor<'static>: UnwindSafe));
    assert!(has!(Executor<'static>: RefUnwindSafe));
    assert!(has!(Executor<'static>: Default));
    assert!(has!(Executor<'static>: std::fmt::Debug));
    assert!(!has!(Executor<'static>: Clone));
}

#[test]
fn local_executor() {
    assert!(!has!(LocalExecutor<'static>: Send));
    assert!(!has!(LocalExecutor<'static>: Sync));
    assert!(has!(LocalExecutor<'static>: Unpin));
    assert!(has!(LocalExecutor<'static>: UnwindSafe));
    assert!(has!(LocalExecutor<'static>: RefUnwindSafe));
    assert!(has!(LocalExecutor<'static>: Default));
    assert!(has!(LocalExecutor<'static>: std::fmt::Debug));
    assert!(!has!(LocalExecutor<'static>: Clone));
}

#[test]
fn futures_of_executors() {
    fn is_send<T: Send>(_: &T) {}
    let executor = Executor::new();
    is_send(&executor.tick());
    is_send(&executor.run(std::future::ready(())));
    // What is not `Send` can be run all the same.
    leno_reactor::block_on(executor.run(std::future::ready(Rc::new(()))));
}

/// The handle is the one that other crates name.
#[test]
fn tasks_are_those_of_async_task() {
    let task: Task<u8> = Executor::new().spawn(async { 1 });
    let _task: async_task::Task<u8, ()> = task;
    let executor = LocalExecutor::new();
    let mut tasks: Vec<async_task::Task<u8>> = Vec::new();
    executor.spawn_many::<u8, Ready<u8>>([std::future::ready(1)], &mut tasks);
}
