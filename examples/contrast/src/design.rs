//! The columns of the study: what keeps the state of a piece of work that waits.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Design {
    /// A future, which the compiler makes a state machine, on leno.
    Task,
    /// A stack of its own, on the same executor, reactor, timers and channels: [`crate::fiber`].
    Fiber,
    /// A stack of its own, on a runtime made for that.
    May,
    /// A thread of the operating system.
    Thread,
    Go,
    Java,
}

impl Design {
    /// As a column is called.
    pub fn name(self) -> &'static str {
        match self {
            Design::Task => "leno task",
            Design::Fiber => "leno fiber",
            Design::May => "may",
            Design::Thread => "thread",
            Design::Go => "Go",
            Design::Java => "Java, virtual",
        }
    }
}
