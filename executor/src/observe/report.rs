//! What is told of tasks: [`Tasks`], [`TaskInfo`] and [`TaskState`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use leno_waits::Wait;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// In a queue: it is new or was woken, and waits for a worker.
    Ready,
    /// On a worker.
    Running,
    /// In no queue: it waits to be woken.
    Parked,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TaskState::Ready => "ready",
            TaskState::Running => "running",
            TaskState::Parked => "parked",
        })
    }
}

/// One task, at the moment when it was asked for.
///
/// # Examples
///
/// See [`tasks`](super::tasks()).
#[derive(Clone, Debug)]
pub struct TaskInfo {
    pub(super) id: u64,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) spawned_at: &'static Location<'static>,
    pub(super) state: TaskState,
    pub(super) in_state: Duration,
    pub(super) polls: u64,
    pub(super) last_poll: Option<Duration>,
    pub(super) waits: Vec<Wait>,
}

impl TaskInfo {
    /// The number of the task: tasks are counted from 1 as they are spawned.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the task called itself with [`name_task`](super::name_task()).
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where `spawn` was called.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// What it is doing.
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// For how long it has been in this state.
    pub fn in_state(&self) -> Duration {
        self.in_state
    }

    /// How often it was polled.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// How long ago its last poll began; `None` if there was none yet.
    pub fn last_poll(&self) -> Option<Duration> {
        self.last_poll
    }

    /// What it waits for, as far as its futures said so when they were last polled. Timers, sockets and channels of leno do;
    /// a lock, another task, or a future of somebody else's does not, unless it calls [`note`](super::note()). A future that was
    /// not polled in the task's last poll is not in here, such as those of a `FuturesUnordered` that were not woken. Empty
    /// for a task that is not parked.
    pub fn waits(&self) -> &[Wait] {
        match self.state {
            TaskState::Parked => &self.waits,
            TaskState::Ready | TaskState::Running => &[],
        }
    }

    /// What the lines of a report are made by.
    fn kind(&self) -> Kind<'_> {
        Kind {
            state: self.state,
            name: self.name(),
            spawned_at: self.spawned_at,
            waits: self.waits().iter().map(|wait| wait.kind()).collect(),
        }
    }
}

/// `task 7 "accept" parked on handle 5 readable for 2.1s, polled 3 times, spawned at src/main.rs:10:5`
impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        write!(f, " {}", self.state)?;
        if self.state == TaskState::Parked {
            write!(f, " on {}", List(self.waits()))?;
        }
        write!(f, " for {:.1?}, polled ", self.in_state)?;
        match self.polls {
            1 => f.write_str("once")?,
            polls => write!(f, "{polls} times")?,
        }
        write!(f, ", spawned at {}", self.spawned_at)
    }
}

/// Tasks of the process-wide runtime, at the moment when they were asked for.
///
/// As text it is one line for all tasks that were spawned at the same place and wait for the same kind of thing:
///
/// ```text
/// 1002 tasks
///   1000 parked on recv for up to 2.1s, spawned at src/consumers.rs:12:15
///   task 1 "accept" parked on handle 5 readable for 2.1s, polled 3 times, spawned at src/main.rs:30:11
///   task 2 running for 3.4ms, polled 812 times, spawned at src/main.rs:41:11
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    pub(super) alive: usize,
    pub(super) observed: bool,
    pub(super) list: Vec<TaskInfo>,
}

impl Tasks {
    /// How many tasks are alive: spawned, and not ended. Also known of a runtime that is not observed.
    pub fn alive(&self) -> usize {
        self.alive
    }

    /// Whether the runtime is observed. If not, [`list`](Tasks::list) is empty.
    pub fn is_observed(&self) -> bool {
        self.observed
    }

    /// The tasks, in the order in which they were spawned.
    pub fn list(&self) -> &[TaskInfo] {
        &self.list
    }
}

/// What a line is about.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'t> {
    state: TaskState,
    name: Option<&'t str>,
    spawned_at: &'static Location<'static>,
    waits: Vec<&'static str>,
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.observed {
            return write!(
                f,
                "{} tasks; set LENO_OBSERVE=1 to know what they wait for",
                self.alive
            );
        }
        match self.list.len() {
            1 => f.write_str("1 task")?,
            tasks => write!(f, "{tasks} tasks")?,
        }
        let mut groups: HashMap<Kind<'_>, Vec<&TaskInfo>> = HashMap::new();
        for task in &self.list {
            groups.entry(task.kind()).or_default().push(task);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // The largest first; of equals the oldest.
        groups.sort_unstable_by_key(|(_, tasks)| (usize::MAX - tasks.len(), tasks[0].id));
        for (kind, tasks) in groups {
            if let [task] = *tasks {
                write!(f, "\n  {task}")?;
                continue;
            }
            write!(f, "\n  {}", tasks.len())?;
            if let Some(name) = kind.name {
                write!(f, " {name:?}")?;
            }
            write!(f, " {}", kind.state)?;
            if kind.state == TaskState::Parked {
                write!(f, " on {}", List(&kind.waits))?;
            }
            let longest = tasks.iter().map(|task| task.in_state).max();
            write!(
                f,
                " for up to {:.1?}, spawned at {}",
                longest.unwrap_or_default(),
                kind.spawned_at
            )?;
        }
        Ok(())
    }
}

/// What somebody waits for, one thing or another.
struct List<'t, T>(&'t [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, others @ ..] = self.0 else {
            return f.write_str("something that leno does not know");
        };
        write!(f, "{first}")?;
        others.iter().try_for_each(|other| write!(f, " or {other}"))
    }
}
