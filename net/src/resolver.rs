//! Looking up host names, on few threads and in order.
//!
//! `getaddrinfo` blocks its thread, for half a minute when a name server doesn't answer. It runs on the blocking pool,
//! but never on more than a few of its threads, or else a burst of look-ups would keep the pool from everybody else.
//!
//! The limit is on *runners*, the closures given to the pool, not on the tasks that wait: a runner takes the oldest
//! look-up, performs it, hands over the result, and goes on until none is left. So the queue moves on even if the task
//! whose turn it is isn't being polled.
//!
//! ```text
//! look_up():   queue the job;  fewer runners than the limit?  start one
//! runner:      take the oldest job -> getaddrinfo -> store the result, wake its task -> again; none left: end
//! drop:        still queued?  remove the job.  Already taken?  the runner's result goes nowhere
//! ```

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use leno_executor::unblock;
use leno_reactor::PerProcess;

use crate::context::with_context;

/// The resolver of the process. A forked child has its own: the parent's look-ups do not end there.
pub(crate) fn names() -> &'static Resolver {
    static NAMES: PerProcess<Resolver> = PerProcess::new();
    NAMES.get_or_init(|| {
        Resolver::new(LOOK_UPS_AT_ONCE, |host, port| {
            Ok((host, port).to_socket_addrs()?.collect())
        })
    })
}

/// How many look-ups run at a time. Enough to hide one slow name among quick ones, few beside a pool of hundreds.
const LOOK_UPS_AT_ONCE: usize = 16;

type Outcome = io::Result<Vec<SocketAddr>>;

/// A queue of look-ups and the runners that work it off.
pub(crate) struct Resolver {
    limit: usize,
    getaddrinfo: fn(&str, u16) -> Outcome,
    state: Mutex<State>,
}

struct State {
    runners: usize,
    /// The number of the next look-up; it keeps the queue in order and finds a look-up in it.
    next: u64,
    queue: BTreeMap<u64, Arc<Job>>,
}

/// One look-up, held by the task that waits for it, and by the queue or a runner.
struct Job {
    host: String,
    port: u16,
    progress: Mutex<Progress>,
}

enum Progress {
    Waiting(Option<Waker>),
    Done(Outcome),
    Taken,
}

impl Resolver {
    pub(crate) const fn new(limit: usize, getaddrinfo: fn(&str, u16) -> Outcome) -> Resolver {
        Resolver {
            limit,
            getaddrinfo,
            state: Mutex::new(State {
                runners: 0,
                next: 0,
                queue: BTreeMap::new(),
            }),
        }
    }

    /// Queues a look-up. Dropping the returned future takes it out of the queue again.
    pub(crate) fn look_up(&'static self, host: String, port: u16) -> LookUp {
        let job = Arc::new(Job {
            host,
            port,
            progress: Mutex::new(Progress::Waiting(None)),
        });
        let mut state = self.state.lock().unwrap();
        let number = state.next;
        state.next += 1;
        state.queue.insert(number, job.clone());
        let start = state.runners < self.limit;
        if start {
            state.runners += 1;
        }
        drop(state);
        if start {
            let runner = Runner {
                resolver: self,
                ended: false,
            };
            unblock(move || runner.run()).detach();
        }
        LookUp {
            resolver: self,
            number,
            job,
        }
    }
}

/// The right to perform look-ups: counted in [`State::runners`] for as long as it lives.
struct Runner {
    resolver: &'static Resolver,
    ended: bool,
}

impl Runner {
    fn run(mut self) {
        while let Some(job) = self.next_job() {
            let getaddrinfo = self.resolver.getaddrinfo;
            let outcome = catch_unwind(|| getaddrinfo(&job.host, job.port))
                .unwrap_or_else(|_| Err(io::Error::other("the resolver panicked")));
            job.finish(outcome);
        }
    }

    /// Takes the oldest look-up. If there is none, the runner ends under the same lock, so that a look-up that comes
    /// now starts another.
    fn next_job(&mut self) -> Option<Arc<Job>> {
        let mut state = self.resolver.state.lock().unwrap();
        let oldest = state.queue.pop_first();
        if oldest.is_none() {
            state.runners -= 1;
            self.ended = true;
        }
        oldest.map(|(_, job)| job)
    }
}

impl Drop for Runner {
    /// The pool may drop a closure that it never ran. If that was the last runner, nobody will come for the queue.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut state = self.resolver.state.lock().unwrap();
        state.runners -= 1;
        let orphans = match state.runners {
            0 => mem::take(&mut state.queue),
            _ => BTreeMap::new(),
        };
        drop(state);
        for job in orphans.into_values() {
            job.finish(Err(io::Error::other("the blocking pool runs no more jobs")));
        }
    }
}

impl Job {
    fn finish(&self, outcome: Outcome) {
        let outcome = outcome
            .map_err(|cause| with_context(cause, format!("could not resolve {:?}", self.host)));
        let before = mem::replace(&mut *self.progress.lock().unwrap(), Progress::Done(outcome));
        // The lock is free again: a waker may run any code. It may also panic, which was reported by then, and must not
        // keep the next look-up from its turn.
        if let Progress::Waiting(Some(waker)) = before {
            drop(catch_unwind(|| waker.wake()));
        }
    }
}

/// A look-up that is queued, running or done.
pub(crate) struct LookUp {
    resolver: &'static Resolver,
    number: u64,
    job: Arc<Job>,
}

impl Future for LookUp {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let waiting = Progress::Waiting(Some(cx.waker().clone()));
        let mut progress = self.job.progress.lock().unwrap();
        let next = match &*progress {
            Progress::Waiting(_) => waiting,
            Progress::Done(_) | Progress::Taken => Progress::Taken,
        };
        let before = mem::replace(&mut *progress, next);
        drop(progress);
        match before {
            Progress::Waiting(_) => Poll::Pending,
            Progress::Done(outcome) => Poll::Ready(outcome),
            Progress::Taken => panic!("polled a look-up after it was ready"),
        }
    }
}

impl Drop for LookUp {
    fn drop(&mut self) {
        let queued = self
            .resolver
            .state
            .lock()
            .unwrap()
            .queue
            .remove(&self.number);
        // Dropped after the lock: with the job goes a waker.
        drop(queued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once, zip};
    use std::sync::Condvar;

    /// A name server that answers when it is told to, and remembers what it was asked.
    struct SlowServer {
        state: Mutex<Asked>,
        changed: Condvar,
    }

    struct Asked {
        names: Vec<String>,
        inside: usize,
        most_inside: usize,
        open: bool,
    }

    impl SlowServer {
        const fn new() -> SlowServer {
            SlowServer {
                state: Mutex::new(Asked {
                    names: Vec::new(),
                    inside: 0,
                    most_inside: 0,
                    open: false,
                }),
                changed: Condvar::new(),
            }
        }

        fn answer(&self, name: &str, port: u16) -> Outcome {
            let mut state = self.state.lock().unwrap();
            state.names.push(name.to_owned());
            state.inside += 1;
            state.most_inside = state.most_inside.max(state.inside);
            self.changed.notify_all();
            state = self.changed.wait_while(state, |s| !s.open).unwrap();
            state.inside -= 1;
            Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
        }

        fn wait_until_asked(&self, times: usize) {
            let state = self.state.lock().unwrap();
            let wait = self.changed.wait_while(state, |s| s.names.len() < times);
            drop(wait.unwrap());
        }

        fn open(&self) {
            self.state.lock().unwrap().open = true;
            self.changed.notify_all();
        }

        fn names(&self) -> Vec<String> {
            self.state.lock().unwrap().names.clone()
        }
    }

    #[test]
    fn a_slow_resolver_gets_no_more_threads_than_the_limit() {
        static SERVER: SlowServer = SlowServer::new();
        static RESOLVER: Resolver = Resolver::new(3, |host, port| SERVER.answer(host, port));
        let mut look_ups: Vec<_> = (0..40)
            .map(|i| RESOLVER.look_up(format!("host{i}.test"), i))
            .collect();
        SERVER.wait_until_asked(3);
        for look_up in &mut look_ups {
            assert!(block_on(poll_once(look_up)).is_none());
        }
        // Others still get a thread of the pool.
        assert_eq!(block_on(unblock(|| 7)), 7);
        assert_eq!(SERVER.names().len(), 3);

        SERVER.open();
        for (port, look_up) in (0..).zip(look_ups) {
            assert_eq!(block_on(look_up).unwrap()[0].port(), port);
        }
        assert_eq!(SERVER.state.lock().unwrap().most_inside, 3);
        assert_eq!(SERVER.names().len(), 40);
    }

    #[test]
    fn look_ups_run_in_order_and_a_dropped_one_never_runs() {
        static SERVER: SlowServer = SlowServer::new();
        static RESOLVER: Resolver = Resolver::new(1, |host, port| SERVER.answer(host, port));
        let look_up = |name: &str| RESOLVER.look_up(name.to_owned(), 1);
        let running = look_up("a");
        SERVER.wait_until_asked(1);
        let (mut b, c, d) = (look_up("b"), look_up("c"), look_up("d"));
        assert!(block_on(poll_once(&mut b)).is_none());
        drop(b);
        // Giving up one that already runs doesn't give its thread to the next.
        drop(running);
        assert_eq!(SERVER.names(), ["a"]);
        assert_eq!(RESOLVER.state.lock().unwrap().queue.len(), 2);

        SERVER.open();
        let (d, c) = block_on(zip(d, c));
        assert!(c.is_ok() && d.is_ok());
        assert_eq!(SERVER.names(), ["a", "c", "d"]);
    }

    #[test]
    fn errors_and_panics_name_the_host_and_end_no_runner() {
        static RESOLVER: Resolver = Resolver::new(1, |host, _| match host {
            "panic.test" => panic!("this panic is part of the test"),
            _ => Err(io::ErrorKind::TimedOut.into()),
        });
        for _ in 0..3 {
            let err = block_on(RESOLVER.look_up("panic.test".into(), 1)).unwrap_err();
            assert_eq!(
                err.to_string(),
                "could not resolve \"panic.test\": the resolver panicked"
            );
            let err = block_on(RESOLVER.look_up("late.test".into(), 1)).unwrap_err();
            assert_eq!(err.kind(), io::ErrorKind::TimedOut);
            assert_eq!(
                err.to_string(),
                "could not resolve \"late.test\": timed out"
            );
        }
    }

    #[test]
    fn a_runner_that_never_ran_fails_the_queue() {
        static RESOLVER: Resolver = Resolver::new(0, |_, _| Ok(Vec::new()));
        let look_up = RESOLVER.look_up("a.test".into(), 1);
        RESOLVER.state.lock().unwrap().runners += 1;
        drop(Runner {
            resolver: &RESOLVER,
            ended: false,
        });
        let err = block_on(look_up).unwrap_err();
        assert!(err.to_string().contains("a.test"), "{err}");
    }
}
