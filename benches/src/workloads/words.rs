//! Workloads as words, for runtimes that are programs of their own: a kind, and its numbers. Times are in nanoseconds.

use super::{Gap, Hog, Over, Pattern, Workload};

impl Workload {
    /// What such a program is told. It has a channel of its own and no other.
    pub fn words(self) -> Result<Vec<String>, Gap> {
        let (kind, numbers) = match self {
            Workload::Spawn { tasks, batch } => ("spawn", vec![tasks, batch]),
            Workload::Outside { .. } => return Err(Gap::because("it starts none from outside")),
            Workload::Chain { tasks } => ("chain", vec![tasks]),
            Workload::Yield { tasks, yields } => ("yield", vec![tasks, yields]),
            Workload::Talk {
                over: Over::Common, ..
            } => return Err(Gap::because("async-channel is for futures")),
            Workload::Talk { pattern, .. } => pattern.words(),
            Workload::Timers { timers, within } => {
                ("timers", vec![timers, within.as_nanos() as u64])
            }
            Workload::Crowd { .. } => return Err(Gap::because("not written for it")),
            Workload::Cancel { timers } => ("cancel", vec![timers]),
            Workload::Lateness { sleep, times } => {
                ("lateness", vec![sleep.as_nanos() as u64, times])
            }
            Workload::Idle { tasks } => ("idle", vec![tasks]),
            Workload::Wake { .. } => return Err(Gap::because("no thread of it is foreign")),
            Workload::Nested { .. } | Workload::Unblock { .. } => {
                return Err(Gap::because("its tasks block anyway"));
            }
            Workload::Fairness { hogs, hog, ticks } => {
                ("fairness", vec![hogs, u64::from(hog == Hog::Block), ticks])
            }
            Workload::Scale { at_once, times } => ("scale", vec![at_once, times]),
        };
        let numbers = numbers.iter().map(u64::to_string);
        Ok([kind.to_owned()].into_iter().chain(numbers).collect())
    }
}

impl Pattern {
    fn words(self) -> (&'static str, Vec<u64>) {
        match self {
            Pattern::PingPong { pairs, rounds } => ("ping-pong", vec![pairs, rounds]),
            Pattern::Ring { tasks, hops } => ("ring", vec![tasks, hops]),
            Pattern::Mailbox {
                senders,
                receivers,
                messages,
                capacity,
            } => (
                "mailbox",
                vec![senders, receivers, messages, capacity as u64],
            ),
            Pattern::Pairs {
                pairs,
                messages,
                capacity,
            } => ("pairs", vec![pairs, messages, capacity as u64]),
            Pattern::FanOut {
                receivers,
                messages,
                capacity,
            } => ("fan-out", vec![receivers, messages, capacity as u64]),
        }
    }
}
