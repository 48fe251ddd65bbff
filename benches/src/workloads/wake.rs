//! A thread that is no worker wakes a task, which answers; both sleep meanwhile. An operation is a round trip.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread::{self, Thread};

use atomic_waker::AtomicWaker;

use super::Outcome;
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::{Measured, Meter};

/// The task's side counts what it was asked, the thread's side what was answered.
#[derive(Default)]
struct Desk {
    asked: AtomicU64,
    answered: AtomicU64,
    waker: AtomicWaker,
}

impl Desk {
    /// Asks `rounds` times and waits for each answer.
    fn ask(&self, rounds: u64, wake: impl Fn()) -> Measured {
        let start = self.answered.load(Ordering::Acquire);
        let meter = Meter::start();
        for round in start + 1..=start + rounds {
            self.asked.store(round, Ordering::Release);
            wake();
            while self.answered.load(Ordering::Acquire) < round {
                thread::park();
            }
        }
        meter.stop(rounds)
    }

    fn answer(&self, round: u64, asking: &Thread) {
        self.answered.store(round, Ordering::Release);
        asking.unpark();
    }
}

pub fn futures<R: Runtime>(runtime: &R, rounds: u64) -> Outcome {
    let desk = Arc::new(Desk::default());
    let asking = thread::current();
    let all = rounds + rounds / 10;
    Ok(runtime.outside(|| {
        let task = R::spawn({
            let desk = Arc::clone(&desk);
            async move {
                for round in 1..=all {
                    poll_fn(|context| {
                        desk.waker.register(context.waker());
                        if desk.asked.load(Ordering::Acquire) < round {
                            return Poll::Pending;
                        }
                        Poll::Ready(())
                    })
                    .await;
                    desk.answer(round, &asking);
                }
                all
            }
        });
        desk.ask(rounds / 10, || desk.waker.wake());
        let measured = desk.ask(rounds, || desk.waker.wake());
        assert_eq!(futures_lite::future::block_on(task), all);
        measured
    }))
}

pub fn stacks<S: Stackful>(_runtime: &S, rounds: u64) -> Outcome {
    let desk = Arc::new(Desk::default());
    let asking = thread::current();
    let all = rounds + rounds / 10;
    let (sender, receiver) = std::sync::mpsc::channel();
    let task = S::spawn({
        let desk = Arc::clone(&desk);
        move || {
            sender.send(S::current()).expect("it is waited for");
            for round in 1..=all {
                while desk.asked.load(Ordering::Acquire) < round {
                    S::park();
                }
                desk.answer(round, &asking);
            }
            all
        }
    });
    let unparker = receiver.recv().expect("the task says who it is");
    desk.ask(rounds / 10, || S::unpark(&unparker));
    let measured = desk.ask(rounds, || S::unpark(&unparker));
    assert_eq!(S::join(task), all);
    Ok(measured)
}
