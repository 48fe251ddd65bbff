//! The workloads that need no network, one a file. Each has a side for futures and one for stacks, checks its own result,
//! and measures after a warm-up of a tenth of its operations.

mod fan_out;
mod mailbox;
mod pairs;
mod ping_pong;
mod ring;
mod spawn;
mod yields;

use crate::runtimes::Runtime;
use crate::runtimes::channel::{AsyncChannel, Channel};
use crate::runtimes::stackful::{Stackful, StackfulChannel};
use crate::sample::Measured;

/// A workload and how much of it; the same for all runtimes.
#[derive(Debug, Clone, Copy)]
pub enum Workload {
    /// A task starts `batch` tasks, then awaits them, until there were `tasks`.
    Spawn { tasks: u64, batch: u64 },
    /// `tasks` tasks that each yield, `yields` in all.
    Yield { tasks: u64, yields: u64 },
    /// Tasks that talk through a channel.
    Talk { pattern: Pattern, over: Over },
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

/// 0 + 1 + … + (n - 1)
fn sum_below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}
