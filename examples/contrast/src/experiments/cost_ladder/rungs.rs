//! What is done on each rung.

use std::hint::black_box;
use std::sync::mpsc::{SendError, sync_channel};
use std::thread;

use anyhow::Result;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

use super::{Case, Climbed, Rung};
use crate::measure;
use crate::race::Done;
use crate::stackful::{Fibers, May, Stackful};

pub fn climb(case: Case) -> Result<Climbed> {
    let Case { rung, count } = case;
    let done = match rung {
        Rung::Fork => Done::measure(|| (0..count).filter(|_| forked()).count() as f64),
        Rung::ThreadCreate => Done::measure(|| {
            (0..count)
                .filter(|_| thread::spawn(|| ()).join().is_ok())
                .count() as f64
        }),
        Rung::MayCreate => May::enter(move || created::<May>(count))?,
        Rung::FiberCreate => Fibers::enter(move || created::<Fibers>(count))?,
        Rung::TaskCreate => leno::block_on(leno::spawn(async move {
            let meter = measure::Meter::start();
            let mut ended = 0.0;
            for _ in 0..count {
                ended += leno::spawn(async { 1.0 }).await;
            }
            Done::since(meter, ended)
        })),
        Rung::Getpid => Done::measure(|| {
            (0..count)
                .filter(|_| black_box(getpid()).as_raw() > 0)
                .count() as f64
        }),
        Rung::EmptyPoll => Done::measure(|| {
            (0..count)
                .filter(|_| rustix::event::poll(&mut [], Some(&Default::default())) == Ok(0))
                .count() as f64
        }),
        Rung::ThreadYield => by_two_threads(count, thread::yield_now),
        Rung::ThreadPingPong => ping_pong(count),
        Rung::MayYield => May::enter(move || by_two::<May>(count))?,
        Rung::FiberYield => Fibers::enter(move || by_two::<Fibers>(count))?,
        Rung::TaskYield => leno::block_on(leno::spawn(async move {
            let meter = measure::Meter::start();
            let turns = || {
                leno::spawn(async move {
                    for _ in 0..count / 2 {
                        leno::future::yield_now().await;
                    }
                })
            };
            leno::future::zip(turns(), turns()).await;
            Done::since(meter, count as f64)
        })),
    };
    Ok(Climbed {
        done,
        threads: measure::threads(),
    })
}

/// A process that ends at once.
fn forked() -> bool {
    // SAFETY: this process has one thread, and the child only ends.
    match unsafe { fork() } {
        // SAFETY: ends the process without anything else.
        Ok(ForkResult::Child) => unsafe { nix::libc::_exit(0) },
        Ok(ForkResult::Parent { child }) => waitpid(child, None).is_ok(),
        Err(_) => false,
    }
}

/// One after the other.
fn created<S: Stackful>(count: usize) -> Done {
    Done::measure(|| (0..count).map(|_| S::join(S::spawn(|| 1.0))).sum())
}

/// Two that let each other run.
fn by_two<S: Stackful>(count: usize) -> Done {
    Done::measure(|| {
        let turns = || S::spawn(move || (0..count / 2).for_each(|_| S::yield_now()));
        let both = [turns(), turns()];
        both.into_iter().for_each(S::join);
        count as f64
    })
}

fn by_two_threads(count: usize, turn: fn()) -> Done {
    Done::measure(|| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..count / 2).for_each(|_| turn()));
            }
        });
        count as f64
    })
}

/// Each message puts one to sleep and wakes the other, through a futex.
fn ping_pong(count: usize) -> Done {
    let (ping, pinged) = sync_channel::<()>(1);
    let (pong, ponged) = sync_channel::<()>(1);
    let other = thread::spawn(move || pinged.iter().try_for_each(|()| pong.send(())));
    let done = Done::measure(|| {
        (0..count / 2)
            .filter(|_| {
                ping.send(())
                    .and_then(|()| ponged.recv().map_err(|_| SendError(())))
                    .is_ok()
            })
            .count() as f64
            * 2.0
    });
    drop(ping);
    let _ = other.join();
    done
}
