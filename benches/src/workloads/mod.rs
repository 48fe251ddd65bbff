//! The workloads that need no network, one a file. Each has a side for futures and one for stacks, checks its own result,
//! and measures after a warm-up of a tenth of its operations.

mod cancel;
mod chain;
mod fairness;
mod fan_out;
mod idle;
mod lateness;
mod mailbox;
mod nested;
mod outside;
mod pairs;
mod ping_pong;
mod ring;
mod scale;
mod spawn;
mod timers;
mod unblock;
mod wake;
mod words;
mod yields;

use std::time::Duration;

pub use fairness::Hog;

use crate::runtimes::Runtime;
use crate::runtimes::channel::{AsyncChannel, Channel};
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Measured;
use crate::stats::percentile;

/// A workload and how much of it; the same for all runtimes.
#[derive(Debug, Clone, Copy)]
pub enum Workload {
    /// A task starts `batch` tasks, then awaits them, until there were `tasks`.
    Spawn { tasks: u64, batch: u64 },
    /// The same by a thread that is no worker.
    Outside { tasks: u64, batch: u64 },
    /// Each task starts the next one.
    Chain { tasks: u64 },
    /// `tasks` tasks that each yield, `yields` in all.
    Yield { tasks: u64, yields: u64 },
    /// Tasks that talk through a channel.
    Talk { pattern: Pattern, over: Over },
    /// Tasks that sleep once, for random times within a span.
    Timers { timers: u64, within: Duration },
    /// The same timers, for how late they are.
    Crowd { timers: u64, within: Duration },
    /// Timers that are set and cancelled.
    Cancel { timers: u64 },
    /// How late one sleeping task is.
    Lateness { sleep: Duration, times: u64 },
    /// Tasks that wait for ever.
    Idle { tasks: u64 },
    /// Round trips between a thread and a task.
    Wake { rounds: u64 },
    /// `block_on` in a task.
    Nested { rounds: u64, on_a_task: bool },
    /// Closures that may block.
    Unblock { rounds: u64 },
    /// A ticker beside others that keep their worker.
    Fairness { hogs: u64, hog: Hog, ticks: u64 },
    /// Tasks that are alive at once, `times` over.
    Scale { at_once: u64, times: u64 },
}

/// Who talks to whom.
#[derive(Debug, Clone, Copy)]
pub enum Pattern {
    /// `rounds` round trips in all.
    PingPong { pairs: u64, rounds: u64 },
    /// One token goes round.
    Ring { tasks: u64, hops: u64 },
    /// One channel.
    Mailbox {
        senders: u64,
        receivers: u64,
        messages: u64,
        capacity: usize,
    },
    /// A channel for each sender and its receiver.
    Pairs {
        pairs: u64,
        messages: u64,
        capacity: usize,
    },
    /// One sender, which serves its receivers in turn.
    FanOut {
        receivers: u64,
        messages: u64,
        capacity: usize,
    },
}

/// The channel that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// `async-channel`, for all.
    Common,
    /// That of the runtime.
    Own,
}

/// Why a runtime has no figure for a workload.
#[derive(Debug, Clone)]
pub struct Gap(pub String);

impl Gap {
    fn because(reason: &str) -> Gap {
        Gap(reason.to_owned())
    }
}

pub type Outcome = Result<Measured, Gap>;

/// Runs a workload on a runtime that runs futures.
pub fn run<R: Runtime>(runtime: &R, workload: Workload) -> Outcome {
    match workload {
        Workload::Spawn { tasks, batch } => spawn::futures(runtime, tasks, batch),
        Workload::Yield { tasks, yields } => yields::futures(runtime, tasks, yields),
        Workload::Talk { pattern, over } => match over {
            Over::Common => talk::<R, AsyncChannel>(runtime, pattern),
            Over::Own => talk::<R, R::Own>(runtime, pattern),
        },
        Workload::Outside { tasks, batch } => outside::futures(runtime, tasks, batch),
        Workload::Chain { tasks } => chain::futures(runtime, tasks),
        Workload::Timers { timers, within } => timers::futures(runtime, timers, within),
        Workload::Crowd { timers, within } => timers::crowd(runtime, timers, within),
        Workload::Cancel { timers } => cancel::futures(runtime, timers),
        Workload::Lateness { sleep, times } => lateness::futures(runtime, sleep, times),
        Workload::Idle { tasks } => idle::futures(runtime, tasks),
        Workload::Wake { rounds } => wake::futures(runtime, rounds),
        Workload::Nested { rounds, on_a_task } => nested::futures(runtime, rounds, on_a_task),
        Workload::Unblock { rounds } => unblock::futures(runtime, rounds),
        Workload::Fairness { hogs, hog, ticks } => fairness::futures(runtime, hogs, hog, ticks),
        Workload::Scale { at_once, times } => scale::futures(runtime, at_once, times),
    }
}

fn talk<R: Runtime, C: Channel>(runtime: &R, pattern: Pattern) -> Outcome {
    match pattern {
        Pattern::PingPong { pairs, rounds } => ping_pong::futures::<R, C>(runtime, pairs, rounds),
        Pattern::Ring { tasks, hops } => ring::futures::<R, C>(runtime, tasks, hops),
        Pattern::Mailbox {
            senders,
            receivers,
            messages,
            capacity,
        } => mailbox::futures::<R, C>(runtime, senders, receivers, messages, capacity),
        Pattern::Pairs {
            pairs,
            messages,
            capacity,
        } => pairs::futures::<R, C>(runtime, pairs, messages, capacity),
        Pattern::FanOut {
            receivers,
            messages,
            capacity,
        } => fan_out::futures::<R, C>(runtime, receivers, messages, capacity),
    }
}

/// Runs a workload on a runtime whose tasks are stacks.
pub fn run_stackful<S: Stackful>(runtime: &S, workload: Workload) -> Outcome {
    match workload {
        Workload::Spawn { tasks, batch } => spawn::stacks(runtime, tasks, batch),
        Workload::Yield { tasks, yields } => yields::stacks(runtime, tasks, yields),
        Workload::Talk { pattern, over } => match over {
            Over::Common => Err(Gap::because("async-channel is for futures")),
            Over::Own => talk_stackful(runtime, pattern),
        },
        Workload::Outside { tasks, batch } => outside::stacks(runtime, tasks, batch),
        Workload::Chain { tasks } => chain::stacks(runtime, tasks),
        Workload::Timers { timers, within } => timers::stacks(runtime, timers, within),
        Workload::Crowd { .. } => Err(Gap::because("it can't have so many")),
        Workload::Cancel { .. } => Err(Gap::because("its sleep can't be cancelled")),
        Workload::Lateness { sleep, times } => lateness::stacks(runtime, sleep, times),
        Workload::Idle { tasks } => idle::stacks(runtime, tasks),
        Workload::Wake { rounds } => wake::stacks(runtime, rounds),
        Workload::Nested { .. } => Err(Gap::because("its tasks block anyway")),
        Workload::Unblock { .. } => Err(Gap::because("it has nothing of the kind")),
        Workload::Fairness { hogs, hog, ticks } => fairness::stacks(runtime, hogs, hog, ticks),
        Workload::Scale { at_once, times } => scale::stacks(runtime, at_once, times),
    }
}

fn talk_stackful<S: Stackful>(runtime: &S, pattern: Pattern) -> Outcome {
    match pattern {
        Pattern::PingPong { pairs, rounds } => ping_pong::stacks(runtime, pairs, rounds),
        Pattern::Ring { tasks, hops } => ring::stacks(runtime, tasks, hops),
        Pattern::Mailbox {
            senders,
            receivers,
            messages,
            capacity,
        } if receivers == 1 => {
            mailbox::stacks::<S, S::Own>(runtime, senders, receivers, messages, capacity)
        }
        Pattern::Mailbox {
            senders,
            receivers,
            messages,
            capacity,
        } => mailbox::stacks::<S, S::OwnShared>(runtime, senders, receivers, messages, capacity),
        Pattern::Pairs {
            pairs,
            messages,
            capacity,
        } => pairs::stacks(runtime, pairs, messages, capacity),
        Pattern::FanOut {
            receivers,
            messages,
            capacity,
        } => fan_out::stacks(runtime, receivers, messages, capacity),
    }
}

/// How many operations a stackful runtime does, and what to say about it.
fn fewer<S: Stackful>(operations: u64) -> (u64, Option<String>) {
    let note = (S::FEWER > 1).then(|| format!("1/{} of the operations", S::FEWER));
    (operations / S::FEWER, note)
}

/// What to say about the channel that `S` comes with.
fn about<C: StackfulChannel>() -> Option<String> {
    C::NOTE.map(str::to_owned)
}

/// Adds how late something was, given in nanoseconds.
fn late(measured: Measured, mut lateness: Vec<u64>) -> Measured {
    lateness.sort_unstable();
    [("p50_ns", 0.5), ("p99_ns", 0.99), ("max_ns", 1.0)]
        .into_iter()
        .fold(measured, |measured, (key, share)| {
            measured.with(key, percentile(&lateness, share) as f64)
        })
}

/// 0 + 1 + … + (n - 1)
fn sum_below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}
