//! What other languages find at run time, or not at all, is refused by the compiler: data that two threads would share without
//! a lock, a message that is used after it was sent, a lock that is kept over a wait. Beside each what is right.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leno::{Executor, LocalExecutor, TaskGroup, block_on, channel, future, lock, spawn};

#[test]
fn what_would_race_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/safety/*.rs");
}

#[test]
fn an_arc_may_go_across_and_an_rc_stays_where_it_is() {
    let shared = Arc::new(5);
    let task = spawn(async move {
        future::yield_now().await;
        *shared
    });
    assert_eq!(block_on(task), 5);

    let local = LocalExecutor::new();
    let shared = Rc::new(6);
    let task = local.spawn(async move {
        future::yield_now().await;
        *shared
    });
    assert_eq!(block_on(local.run(task)), 6);
}

#[test]
fn an_rc_that_is_gone_before_the_wait_harms_nobody() {
    let task = spawn(async {
        let length = Rc::new("gone").len();
        future::yield_now().await;
        length
    });
    assert_eq!(block_on(task), 4);
}

#[test]
fn what_was_sent_can_be_received_and_used_there() {
    let (sender, receiver) = channel::bounded(1);
    block_on(async {
        sender.send(vec![1, 2, 3]).await.unwrap();
        let mut letter = receiver.recv().await.unwrap();
        letter.push(4);
        assert_eq!(letter, [1, 2, 3, 4]);
    });
}

#[test]
fn a_guard_of_an_async_lock_may_be_kept_over_a_wait() {
    let counter = Arc::new(lock::Mutex::new(0));
    let mut group = TaskGroup::new();
    for _ in 0..100 {
        let counter = counter.clone();
        group.spawn(async move {
            let mut guard = counter.lock().await;
            let before = *guard;
            future::yield_now().await;
            *guard = before + 1;
        });
    }
    block_on(group.join());
    assert_eq!(block_on(async { *counter.lock().await }), 100);
}

#[test]
fn tasks_of_an_executor_may_borrow() {
    let text = String::from("on the stack");
    let counter = AtomicU32::new(0);
    let executor = Executor::new();
    let tasks = [(); 2].map(|()| {
        executor.spawn(async {
            counter.fetch_add(1, Ordering::Relaxed);
            text.len()
        })
    });
    block_on(executor.run(async {
        for task in tasks {
            assert_eq!(task.await, 12);
        }
    }));
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}
