//! What is known of one task, and the list of all. Only where the runtime is observed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use async_task::Runnable;
use leno_waits::Wait;

use super::clock;
use super::report::{TaskInfo, TaskState};
use super::stuck::Working;

/// Spreads spawns and wake-ups over locks.
const SHARDS: usize = 16;

/// The memory for so many records in each is kept.
const KEPT: usize = 64;

const READY: u8 = 0;
const RUNNING: u8 = 1;
const PARKED: u8 = 2;

/// What is known of one task. Owned by its future and by [`Records`].
///
/// The atomics are written by whoever runs the task, and `state` and `changed` also by whoever wakes it, which is never at the
/// same time: what wakes a running task is told of when the run is over. They are read by reports, relaxed, each for itself.
pub(crate) struct Record {
    id: u64,
    spawned_at: &'static Location<'static>,
    /// The address of the task, once it is there.
    address: OnceLock<usize>,
    name: Mutex<Option<Cow<'static, str>>>,
    state: AtomicU8,
    /// When `state` changed, in nanoseconds of the clock.
    changed: AtomicU64,
    polls: AtomicU64,
    /// When the last poll began; 0 if there was none.
    polled: AtomicU64,
    /// What it said in the last poll.
    waits: Mutex<Vec<Wait>>,
}

impl Record {
    fn enter(&self, state: u8, now: u64) {
        self.changed.store(now, Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
    }

    fn info(&self, now: u64) -> TaskInfo {
        let polled = self.polled.load(Ordering::Relaxed);
        TaskInfo {
            id: self.id,
            name: lock(&self.name).clone(),
            spawned_at: self.spawned_at,
            state: match self.state.load(Ordering::Relaxed) {
                READY => TaskState::Ready,
                RUNNING => TaskState::Running,
                _ => TaskState::Parked,
            },
            in_state: clock::between(self.changed.load(Ordering::Relaxed), now),
            polls: self.polls.load(Ordering::Relaxed),
            last_poll: (polled != 0).then(|| clock::between(polled, now)),
            waits: lock(&self.waits).clone(),
        }
    }
}

thread_local! {
    /// The task that this thread runs.
    static CURRENT: RefCell<Option<Arc<Record>>> = const { RefCell::new(None) };
}

/// Names the task that calls, if it is known.
pub(crate) fn name_current(name: Cow<'static, str>) {
    let current = CURRENT.try_with(|current| current.borrow().clone());
    if let Ok(Some(record)) = current {
        let before = lock(&record.name).replace(name);
        drop(before);
    }
}

/// All live tasks by their addresses. Owned by a runtime that is observed.
pub(crate) struct Records {
    shards: [Mutex<HashMap<usize, Arc<Record>>>; SHARDS],
    /// The number of the next task. Relaxed: any order will do.
    next: AtomicU64,
}

impl Records {
    pub(crate) fn new() -> Records {
        Records {
            shards: Default::default(),
            next: AtomicU64::new(1),
        }
    }

    /// A record for a task that is about to be made; it goes into its future.
    pub(crate) fn open(&'static self, spawned_at: &'static Location<'static>) -> Seen {
        Seen {
            records: self,
            record: Arc::new(Record {
                id: self.next.fetch_add(1, Ordering::Relaxed),
                spawned_at,
                address: OnceLock::new(),
                name: Mutex::default(),
                state: AtomicU8::new(READY),
                changed: AtomicU64::new(clock::now()),
                polls: AtomicU64::new(0),
                polled: AtomicU64::new(0),
                waits: Mutex::default(),
            }),
        }
    }

    /// The task of `record` has been made, and has not been scheduled.
    pub(crate) fn list(&self, record: Arc<Record>, task: &Runnable) {
        let address = address_of(task);
        let _first = record.address.set(address);
        self.shard(address).insert(address, record);
    }

    /// `task` is about to be put into a queue, once more.
    pub(crate) fn woken(&self, task: &Runnable) {
        let address = address_of(task);
        if let Some(record) = self.shard(address).get(&address) {
            record.enter(READY, clock::now());
        }
    }

    /// Whatever is known now, in the order in which the tasks were spawned.
    pub(crate) fn infos(&self) -> Vec<TaskInfo> {
        let records: Vec<_> = (self.shards.iter())
            .flat_map(|shard| lock(shard).values().cloned().collect::<Vec<_>>())
            .collect();
        let now = clock::now();
        let mut infos: Vec<_> = records.iter().map(|record| record.info(now)).collect();
        infos.sort_unstable_by_key(|info| info.id);
        infos
    }

    fn shard(&self, address: usize) -> MutexGuard<'_, HashMap<usize, Arc<Record>>> {
        // The lowest bits of addresses are all the same.
        lock(&self.shards[(address >> 6) % SHARDS])
    }
}

/// Who a task is: where it lies. That is the data of its wakers, too; see `running.rs`.
fn address_of(task: &Runnable) -> usize {
    task.waker().data() as usize
}

/// A task's own end of its record. Leaves the list when it is dropped, with the future.
pub(crate) struct Seen {
    records: &'static Records,
    record: Arc<Record>,
}

impl Seen {
    pub(crate) fn record(&self) -> Arc<Record> {
        self.record.clone()
    }

    /// Polls the task with `poll`, and notes what came of it.
    pub(crate) fn watch<R>(&self, poll: impl FnOnce() -> Poll<R>) -> Poll<R> {
        let turn = Turn::begin(&self.record);
        let polled = poll();
        turn.end(polled.is_pending());
        polled
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if let Some(&address) = self.record.address.get() {
            let mut records = self.records.shard(address);
            let record = records.remove(&address);
            if records.capacity() > KEPT && records.len() < records.capacity() / 8 {
                // A crowd has left: give its memory back. So seldom that it costs each task a few steps.
                let room = (2 * records.len()).max(KEPT);
                records.shrink_to(room);
            }
            drop(records);
            drop(record);
        }
    }
}

/// One poll of a task. Ends also when the task panics.
struct Turn<'r> {
    record: &'r Record,
    outer: Option<Arc<Record>>,
    _working: Option<Working>,
}

impl Turn<'_> {
    fn begin(record: &Arc<Record>) -> Turn<'_> {
        let now = clock::now();
        record.polls.fetch_add(1, Ordering::Relaxed);
        record.polled.store(now, Ordering::Relaxed);
        record.enter(RUNNING, now);
        leno_waits::begin();
        Turn {
            record,
            outer: CURRENT
                .try_with(|current| current.replace(Some(record.clone())))
                .ok()
                .flatten(),
            _working: Working::begin(record.spawned_at),
        }
    }

    fn end(self, pending: bool) {
        if pending {
            *lock(&self.record.waits) = leno_waits::take();
            // A wake-up that came meanwhile is told of after this.
            self.record.enter(PARKED, clock::now());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let outer = self.outer.take();
        // Fails at the end of a thread only.
        let _ = CURRENT.try_with(|current| current.replace(outer));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
