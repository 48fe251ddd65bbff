//! A row of the table: a workload, the figure that decides, and what leno is to reach.

use std::time::Duration;

use serde::Serialize;

use crate::net;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::workloads::Workload;

/// One workload that every runtime is measured on.
#[derive(Debug, Clone)]
pub struct Row {
    pub group: &'static str,
    pub name: String,
    pub what: &'static str,
    pub figure: Figure,
    pub goal: Goal,
    /// What leno's extras may be at most.
    pub limits: Vec<(&'static str, f64)>,
    /// The number of workers, where the row is about it.
    pub workers: Option<usize>,
    /// Whether all threads share one CPU. Where two threads wait for each other all the time, how deep the other CPU sleeps, and
    /// whether the OS happens to put them side by side, is all there would be to see: two figures, a factor of two apart.
    pub on_one_cpu: bool,
    /// A sample that takes longer is given up.
    pub patience: Duration,
    pub work: Work,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// By one process, on one runtime.
    Within(Workload),
    /// By a server, for clients that are the same for all.
    Net(&'static net::Workload),
}

impl Work {
    /// Whether a runtime takes part. One that does may still have to say that it can't.
    pub fn is_for(self, peer: Peer) -> bool {
        match self {
            Work::Within(_) => !peer.only_serves(),
            Work::Net(_) => true,
        }
    }
}

impl From<Workload> for Work {
    fn from(workload: Workload) -> Work {
        Work::Within(workload)
    }
}

impl From<&'static net::Workload> for Work {
    fn from(workload: &'static net::Workload) -> Work {
        Work::Net(workload)
    }
}

impl Row {
    /// To be faster than every peer, unless something else is said.
    pub fn new(
        group: &'static str,
        name: impl Into<String>,
        what: &'static str,
        work: impl Into<Work>,
    ) -> Row {
        Row {
            group,
            name: name.into(),
            what,
            figure: Figure::Wall,
            goal: Goal {
                share: 1.0,
                rivals: Rivals::All,
            },
            limits: Vec::new(),
            workers: None,
            on_one_cpu: false,
            patience: Duration::from_secs(60),
            work: work.into(),
        }
    }

    pub fn figure(mut self, figure: Figure) -> Row {
        self.figure = figure;
        self
    }

    pub fn share(mut self, share: f64) -> Row {
        self.goal.share = share;
        self
    }

    pub fn rivals(mut self, rivals: Rivals) -> Row {
        self.goal.rivals = rivals;
        self
    }

    pub fn limit(mut self, extra: &'static str, at_most: f64) -> Row {
        self.limits.push((extra, at_most));
        self
    }

    pub fn on_one_cpu(mut self) -> Row {
        self.on_one_cpu = true;
        self
    }

    pub fn patience(mut self, patience: Duration) -> Row {
        self.patience = patience;
        self
    }

    pub fn workers(mut self, workers: usize) -> Row {
        self.workers = Some(workers);
        self
    }
}

/// The figure by which runtimes are compared; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Nanoseconds per operation.
    Wall,
    /// Nanoseconds of CPU time per operation.
    Cpu,
    /// One of the extras, and its unit.
    Extra(&'static str, &'static str),
}

impl Figure {
    pub fn of(self, sample: &Sample) -> f64 {
        match self {
            Figure::Wall => sample.wall_ns as f64 / sample.ops as f64,
            Figure::Cpu => sample.cpu_ns as f64 / sample.ops as f64,
            Figure::Extra(key, _) => sample.extra.get(key).copied().unwrap_or(f64::NAN),
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Figure::Wall => "ns/op",
            Figure::Cpu => "CPU ns/op",
            Figure::Extra(_, unit) => unit,
        }
    }
}

/// What share of its best rival's figure leno may have.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    pub share: f64,
    pub rivals: Rivals,
}

impl Goal {
    /// What share of this peer's figure, if it is a rival.
    pub fn against(self, peer: Peer) -> Option<f64> {
        match self.rivals {
            Rivals::Servers if peer.is_loop() => Some(LOOP_SHARE),
            rivals => rivals.include(peer).then_some(self.share),
        }
    }
}

/// A runtime does more than a loop that was written for one purpose.
const LOOP_SHARE: f64 = 1.05;

/// Whose best figure leno is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Rivals {
    All,
    /// Those that do not give each task a thread.
    NotThreads,
    Tokio,
    /// Runtimes with workers, and with a share of their own the loops that were written by hand.
    Servers,
    /// Runtimes with workers.
    Runtimes,
    /// Those whose channels have a bound. Where one fills up, the others do less.
    Bounded,
}

impl Rivals {
    fn include(self, peer: Peer) -> bool {
        match self {
            Rivals::All => peer != Peer::Leno,
            Rivals::NotThreads => peer != Peer::Leno && peer != Peer::Threads,
            Rivals::Tokio => peer == Peer::Tokio,
            Rivals::Servers => Rivals::NotThreads.include(peer),
            Rivals::Runtimes => Rivals::NotThreads.include(peer) && !peer.is_loop(),
            Rivals::Bounded => peer != Peer::Leno && peer != Peer::May,
        }
    }
}
