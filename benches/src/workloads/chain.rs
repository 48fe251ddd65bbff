//! Each task starts the next one and ends; nobody awaits it. The last one says so.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Outcome, fewer};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

pub fn futures<R: Runtime>(runtime: &R, tasks: u64) -> Outcome {
    Ok(runtime.run(async move {
        chain::<R>(tasks / 10).await;
        let meter = Meter::start();
        chain::<R>(tasks).await;
        meter.stop(tasks)
    }))
}

async fn chain<R: Runtime>(tasks: u64) {
    let (end, ended) = async_channel::bounded(1);
    R::detach(R::spawn(Link::<R> {
        number: 1,
        tasks,
        end,
        runtime: PhantomData,
    }));
    assert_eq!(ended.recv().await, Ok(tasks));
}

/// By hand, because an `async` function that starts itself would have to be boxed.
struct Link<R> {
    number: u64,
    tasks: u64,
    end: async_channel::Sender<u64>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Future for Link<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.number == self.tasks {
            self.end.try_send(self.number).expect("somebody waits");
        } else {
            R::detach(R::spawn(Link::<R> {
                number: self.number + 1,
                tasks: self.tasks,
                end: self.end.clone(),
                runtime: PhantomData,
            }));
        }
        Poll::Ready(())
    }
}

pub fn stacks<S: Stackful>(runtime: &S, tasks: u64) -> Outcome {
    let (tasks, note) = fewer::<S>(tasks);
    let measured = runtime.run(move || {
        chain_stacks::<S>(tasks / 10);
        let meter = Meter::start();
        chain_stacks::<S>(tasks);
        meter.stop(tasks)
    });
    Ok(measured.noting(note))
}

type End<S> = <<S as Stackful>::Own as StackfulChannel>::Sender<u64>;

fn chain_stacks<S: Stackful>(tasks: u64) {
    let (end, mut ended) = S::Own::bounded(1);
    S::spawn(move || link::<S>(1, tasks, end));
    assert_eq!(S::Own::receive(&mut ended), Some(tasks));
}

fn link<S: Stackful>(number: u64, tasks: u64, end: End<S>) {
    if number == tasks {
        S::Own::send(&end, number);
    } else {
        S::spawn(move || link::<S>(number + 1, tasks, end));
    }
}
