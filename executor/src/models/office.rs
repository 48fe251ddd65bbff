//! What the models of the sleep protocol share: workers that pass work to each other as those of the runtime do. The
//! protocol is the real one ([`Crew`], [`Seeker`](crate::seeker::Seeker), `Idle`); the inboxes are counters and
//! the parkers are tokens.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::{self, Thread};

use super::Entry;
use crate::crew::Crew;
use crate::idle::Idle;
use crate::queue::Ring;
use crate::seeker::Seeker;

/// What is left of a notification, and who sleeps until there is one. As the reactor's `ParkState`, but of few steps:
/// with a mutex and a condition variable a model takes a hundred times as long.
#[derive(Default)]
pub(super) struct Token {
    left: AtomicBool,
    /// Not loom's mutex: nothing is decided by who has it.
    sleeper: std::sync::Mutex<Option<Thread>>,
}

impl Token {
    pub(super) fn leave(&self) {
        // A swap, so that a sleeper who finds it has synchronised with everybody who left it.
        self.left.swap(true, Ordering::SeqCst);
        if let Some(sleeper) = &*self.sleeper.lock().unwrap() {
            sleeper.unpark();
        }
    }

    pub(super) fn sleep(&self) {
        *self.sleeper.lock().unwrap() = Some(thread::current());
        while !self.left.swap(false, Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// One worker, as the others see it.
struct Desk {
    /// How many tasks are in its inbox. Stored and loaded like the positions of a `ConcurrentQueue`.
    inbox: AtomicUsize,
    ring: Ring<Box<Entry>>,
    token: Token,
}

impl Desk {
    fn pop_mail(&self) -> bool {
        self.inbox
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |mail| {
                mail.checked_sub(1)
            })
            .is_ok()
    }
}

/// `WORKERS` workers with a number of tasks to run.
pub(super) struct Office<const WORKERS: usize> {
    pub(super) idle: Idle,
    desks: [Desk; WORKERS],
    /// How many tasks have not been run.
    left: AtomicUsize,
    stopping: AtomicBool,
}

impl<const WORKERS: usize> Office<WORKERS> {
    pub(super) fn new(tasks: usize) -> Self {
        Office {
            idle: Idle::new(WORKERS),
            desks: std::array::from_fn(|_| Desk {
                inbox: AtomicUsize::new(0),
                ring: Ring::new(),
                token: Token::default(),
            }),
            left: AtomicUsize::new(tasks),
            stopping: AtomicBool::new(false),
        }
    }

    /// As `Worker::push` and the hint after it.
    ///
    /// The calling thread must be `worker`, or none may be yet.
    pub(super) fn push_own(&self, worker: usize) {
        let ring = &self.desks[worker].ring;
        // SAFETY: the caller is the owner.
        assert!(unsafe { ring.push(Entry::new(0)) }.is_ok(), "room enough");
        self.hint(ring.len());
    }

    /// A task is run. After the last one the workers end.
    pub(super) fn run_one(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stopping.store(true, Ordering::Release);
            self.desks.iter().for_each(|desk| desk.token.leave());
        }
    }

    /// What a task does that blocks its thread until all the others have been run.
    pub(super) fn wait_for_the_others(&self, worker: usize) {
        while !self.is_stopping() {
            self.desks[worker].token.sleep();
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// As `Loop::find`, without the next-slot.
    fn find(&self, worker: usize, seeker: &mut Seeker) -> bool {
        let own = &self.desks[worker];
        // SAFETY: the calling thread is `worker`.
        let queued = unsafe { own.ring.pop() };
        queued.is_some()
            || own.pop_mail()
            || seeker
                .search(&self.idle, || {
                    let mut others =
                        (1..WORKERS).map(|step| &self.desks[(worker + step) % WORKERS]);
                    others
                        .any(|other| {
                            // SAFETY: the calling thread is `worker`.
                            unsafe { other.ring.steal_into(&own.ring) }.is_some()
                                || other.pop_mail()
                        })
                        .then_some(())
                })
                .is_some()
    }

    /// The life of a worker: `worker_loop::run`. `run` is each task that it finds.
    pub(super) fn work(&self, worker: usize, run: impl Fn()) {
        let mut seeker = Seeker::new(worker);
        while !self.is_stopping() {
            if self.find(worker, &mut seeker) {
                seeker.begin_work(self, || self.desks[worker].ring.len());
                run();
            } else {
                seeker.park(
                    self,
                    || self.is_stopping(),
                    || self.desks[worker].token.sleep(),
                );
            }
        }
        seeker.stop(&self.idle);
    }

    /// Checks what must hold when all threads have ended.
    pub(super) fn assert_at_rest(&self) {
        assert_eq!(self.left.load(Ordering::Relaxed), 0, "every task was run");
        assert!(
            !self.idle.anyone_searches(),
            "nobody is counted as searching"
        );
        assert!(!self.idle.any_parked());
    }
}

impl<const WORKERS: usize> Crew for Office<WORKERS> {
    type Task = ();

    fn idle(&self) -> &Idle {
        &self.idle
    }

    fn post(&self, worker: usize, (): ()) {
        self.desks[worker].inbox.fetch_add(1, Ordering::Release);
    }

    fn has_mail(&self) -> bool {
        self.desks
            .iter()
            .any(|desk| desk.inbox.load(Ordering::Relaxed) > 0)
    }

    fn wake(&self, worker: usize) {
        self.desks[worker].token.leave();
    }

    fn spared(&self) -> Option<usize> {
        None
    }
}
