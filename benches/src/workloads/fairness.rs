//! A task that wants to run each millisecond, beside others that compute 10 ms at a time, or block for 100 ms.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Outcome, late};
use crate::runtimes::Runtime;
use crate::runtimes::stackful::Stackful;
use crate::sample::Meter;

const PERIOD: Duration = Duration::from_millis(1);

/// What the others do between two yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hog {
    Compute,
    Block,
}

impl Hog {
    fn go(self) {
        match self {
            Hog::Compute => {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(10) {
                    spin_loop();
                }
            }
            Hog::Block => thread::sleep(Duration::from_millis(100)),
        }
    }
}

pub fn futures<R: Runtime>(runtime: &R, hogs: u64, hog: Hog, ticks: u64) -> Outcome {
    Ok(runtime.run(async move {
        let stop = Arc::new(AtomicBool::new(false));
        let others: Vec<_> = (0..hogs)
            .map(|_| {
                let stop = Arc::clone(&stop);
                R::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        hog.go();
                        R::yield_now().await;
                    }
                })
            })
            .collect();
        let meter = Meter::start();
        let ticker = R::spawn(async move {
            let start = Instant::now();
            let mut lateness = Vec::with_capacity(ticks as usize);
            for tick in 1..=ticks {
                let due = start + PERIOD * tick as u32;
                if let Some(left) = due.checked_duration_since(Instant::now()) {
                    R::sleep(left).await;
                }
                lateness.push(past(due));
            }
            lateness
        });
        let lateness = ticker.await;
        let measured = meter.stop(ticks);
        stop.store(true, Ordering::Relaxed);
        for other in others {
            other.await;
        }
        late(measured, lateness)
    }))
}

pub fn stacks<S: Stackful>(runtime: &S, hogs: u64, hog: Hog, ticks: u64) -> Outcome {
    Ok(runtime.run(move || {
        let stop = Arc::new(AtomicBool::new(false));
        let others: Vec<_> = (0..hogs)
            .map(|_| {
                let stop = Arc::clone(&stop);
                S::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        hog.go();
                        S::yield_now();
                    }
                })
            })
            .collect();
        let meter = Meter::start();
        let ticker = S::spawn(move || {
            let start = Instant::now();
            let mut lateness = Vec::with_capacity(ticks as usize);
            for tick in 1..=ticks {
                let due = start + PERIOD * tick as u32;
                if let Some(left) = due.checked_duration_since(Instant::now()) {
                    S::sleep(left);
                }
                lateness.push(past(due));
            }
            lateness
        });
        let lateness = S::join(ticker);
        let measured = meter.stop(ticks);
        stop.store(true, Ordering::Relaxed);
        others.into_iter().for_each(S::join);
        late(measured, lateness)
    }))
}

fn past(due: Instant) -> u64 {
    Instant::now().duration_since(due).as_nanos() as u64
}
