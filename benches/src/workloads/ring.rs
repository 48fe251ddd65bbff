//! Tasks in a ring, each with a channel to the next, and one token that goes round. An operation is a hop.

use super::{Outcome, about, fewer};
use crate::runtimes::Runtime;
use crate::runtimes::channel::Channel;
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Meter;

pub fn futures<R: Runtime, C: Channel>(runtime: &R, tasks: u64, hops: u64) -> Outcome {
    Ok(runtime.run(async move {
        pass::<R, C>(tasks, hops / 10).await;
        let meter = Meter::start();
        pass::<R, C>(tasks, hops).await;
        meter.stop(hops)
    }))
}

async fn pass<R: Runtime, C: Channel>(tasks: u64, hops: u64) {
    let (first, mut previous) = C::bounded::<u64>(1);
    C::send(&first, 0).await;
    let mut first = Some(first);
    let mut members = Vec::new();
    for member in 0..tasks {
        let (next, following) = if member + 1 < tasks {
            let (next, following) = C::bounded(1);
            (next, Some(following))
        } else {
            (first.take().expect("there is one last member"), None)
        };
        let mut mine = previous;
        members.push(R::spawn(async move {
            let mut last_seen = 0;
            // The token ends at the member it has reached then; the others end because the one before them has.
            while let Some(token) = C::receive(&mut mine).await {
                last_seen = token;
                if token == hops {
                    break;
                }
                C::send(&next, token + 1).await;
            }
            last_seen
        }));
        match following {
            Some(following) => previous = following,
            None => break,
        }
    }
    let mut reached = 0;
    for member in members {
        reached = reached.max(member.await);
    }
    assert_eq!(reached, hops);
}

pub fn stacks<S: Stackful>(runtime: &S, tasks: u64, hops: u64) -> Outcome {
    let (hops, note) = fewer::<S>(hops);
    let measured = runtime.run(move || {
        pass_stacks::<S, S::Own>(tasks, hops / 10);
        let meter = Meter::start();
        pass_stacks::<S, S::Own>(tasks, hops);
        meter.stop(hops)
    });
    Ok(measured.noting(note).noting(about::<S::Own>()))
}

fn pass_stacks<S: Stackful, C: StackfulChannel>(tasks: u64, hops: u64) {
    let (first, mut previous) = C::bounded::<u64>(1);
    C::send(&first, 0);
    let mut first = Some(first);
    let mut members = Vec::new();
    for member in 0..tasks {
        let (next, following) = if member + 1 < tasks {
            let (next, following) = C::bounded(1);
            (next, Some(following))
        } else {
            (first.take().expect("there is one last member"), None)
        };
        let mut mine = previous;
        members.push(S::spawn(move || {
            let mut last_seen = 0;
            while let Some(token) = C::receive(&mut mine) {
                last_seen = token;
                if token == hops {
                    break;
                }
                C::send(&next, token + 1);
            }
            last_seen
        }));
        match following {
            Some(following) => previous = following,
            None => break,
        }
    }
    let reached = members.into_iter().map(S::join).max();
    assert_eq!(reached, Some(hops));
}
