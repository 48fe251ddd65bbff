//! [`Duty`]: a worker that runs a task is watched by one that is parked. A worker that nobody watches shows as a
//! deadlock: the task here blocks its thread until somebody does.

use loom::{sync::Arc, thread};

use super::office::Token;
use crate::duty::Duty;
use crate::idle::Idle;

struct Guardroom<const WORKERS: usize> {
    idle: Idle,
    duty: Duty,
    tokens: [Token; WORKERS],
    /// Left when worker 0 is watched.
    watched: Token,
}

impl<const WORKERS: usize> Guardroom<WORKERS> {
    /// `parked` sleep and `on_duty` has the post.
    fn new(parked: &[usize], on_duty: usize) -> Arc<Self> {
        let idle = Idle::new(WORKERS);
        parked.iter().for_each(|&worker| idle.park(worker));
        let duty = Duty::new();
        assert!(duty.keep(on_duty, true, || true));
        Arc::new(Guardroom {
            idle,
            duty,
            tokens: std::array::from_fn(|_| Token::default()),
            watched: Token::default(),
        })
    }

    /// Worker 0 wakes up, and runs a task that blocks until somebody watches.
    fn block(&self) {
        self.wake_up(0);
        self.watched.sleep();
    }

    /// Wakes up to run a task.
    fn wake_up(&self, worker: usize) {
        self.idle.unpark(worker);
        if let Some(sentry) = self.duty.arm(&self.idle, worker, || false) {
            self.tokens[sentry].leave();
        }
    }

    /// Has nothing to do: parks until it is called or on duty.
    fn rest(&self, worker: usize) {
        loop {
            self.idle.park(worker);
            let is_awake = || (0..WORKERS).any(|other| !self.idle.is_parked(other));
            if self.duty.keep(worker, false, is_awake) {
                return self.watched.leave();
            }
            self.tokens[worker].sleep();
            self.idle.unpark(worker);
        }
    }
}

/// Lets each of `roles` be a thread, and waits for all of them.
fn threads<const WORKERS: usize, const ROLES: usize>(
    room: Arc<Guardroom<WORKERS>>,
    roles: [fn(&Guardroom<WORKERS>); ROLES],
) {
    let threads = roles.map(|role| {
        let room = room.clone();
        thread::spawn(move || role(&room))
    });
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// The sentry finds nothing to watch and goes off duty while a worker wakes up.
#[test]
fn going_off_duty_while_somebody_wakes_up() {
    loom::model(|| {
        let room = Guardroom::<2>::new(&[0, 1], 1);
        threads(room, [Guardroom::block, |room| room.rest(1)]);
    });
}

/// The sentry has got work of its own while another worker parks.
#[test]
fn a_sentry_with_work_while_somebody_parks() {
    loom::model(|| {
        let room = Guardroom::<2>::new(&[0], 0);
        threads(room, [Guardroom::block, |room| room.rest(1)]);
    });
}

/// Two wake up at once, one of them the sentry, while a third parks.
#[test]
fn two_with_work_while_a_third_parks() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let room = Guardroom::<3>::new(&[0, 1], 1);
        threads(
            room,
            [
                Guardroom::block,
                |room| room.wake_up(1),
                |room| room.rest(2),
            ],
        );
    });
}
