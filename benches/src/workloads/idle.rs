//! Tasks that wait for something that never comes: the memory that each takes. Their future has 40 bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use super::Outcome;
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::{Measured, Meter, rss_bytes};

/// How many wait already. A static, because a pointer to it would make the future larger.
static WAITING: AtomicU64 = AtomicU64::new(0);

/// Keeps its waker, without which the task would be dropped.
struct Idle {
    waker: Option<Waker>,
    _state: [u64; 3],
}

const _: () = assert!(size_of::<Idle>() == 40);

impl Future for Idle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.waker.is_none() {
            self.waker = Some(context.waker().clone());
            WAITING.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Pending
    }
}

pub fn futures<R: Runtime>(runtime: &R, tasks: u64) -> Outcome {
    Ok(runtime.run(async move {
        spawn_idle::<R>(1000).await;
        let before = rss_bytes();
        let meter = Meter::start();
        spawn_idle::<R>(tasks).await;
        grown(meter.stop(tasks), before)
    }))
}

async fn spawn_idle<R: Runtime>(tasks: u64) {
    let expected = WAITING.load(Ordering::Relaxed) + tasks;
    for n in 0..tasks {
        R::detach(R::spawn(Idle {
            waker: None,
            _state: [n; 3],
        }));
    }
    while WAITING.load(Ordering::Relaxed) < expected {
        R::yield_now().await;
    }
}

fn grown(measured: Measured, before: u64) -> Measured {
    let bytes = rss_bytes().saturating_sub(before) as f64 / measured.ops as f64;
    measured.with("bytes", bytes)
}

pub fn stacks<S: Stackful>(runtime: &S, tasks: u64) -> Outcome {
    let fewer = tasks.min(S::MOST_AT_ONCE);
    let note = (fewer < tasks).then(|| format!("{fewer} tasks"));
    let measured = runtime.run(move || {
        spawn_idle_stacks::<S>(100);
        let before = rss_bytes();
        let meter = Meter::start();
        spawn_idle_stacks::<S>(fewer);
        grown(meter.stop(fewer), before)
    });
    Ok(measured.noting(note))
}

fn spawn_idle_stacks<S: Stackful>(tasks: u64) {
    let waiting = Arc::new(AtomicU64::new(0));
    for _ in 0..tasks {
        let waiting = Arc::clone(&waiting);
        S::spawn(move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            loop {
                S::park();
            }
        });
    }
    while waiting.load(Ordering::Relaxed) < tasks {
        S::yield_now();
    }
}
