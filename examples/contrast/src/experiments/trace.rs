//! Three tasks on two workers: who runs where, who waits for what, and who must queue.
//!
//! From: Kilim's five states (Ready, Running, Pausing, Paused, Done) and the two figures of the article. A runtime of leno that is
//! observed tells three of them, if it is asked (`leno::observe::TaskState`: Ready, Running, Parked). What Kilim has beyond it:
//! Pausing and Done are states, too, and it tells without having been told to before it started. For when each began, a future around
//! the future writes it down here.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use anyhow::Result;
use leno::observe::{self, TaskState};
use serde::{Deserialize, Serialize};

use crate::child::{Child, answer};
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Chart, Finding, Ink, Lane, Span, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "trace",
    group: Group::Coroutine,
    title: "Three tasks on two workers, moment by moment",
    answers: &["C10", "C13", "C14", "C21"],
    from: &["Kilim"],
    run,
    child: Some(|case| answer(case, record)),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Ready,
    Running,
    /// It runs, and has left its waker with what it will wait for.
    Pausing,
    Paused,
    Done,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Event {
    task: usize,
    state: State,
    at_ns: f64,
    thread: String,
}

/// What was written down so far.
struct Log {
    start: Instant,
    events: Mutex<Vec<Event>>,
}

impl Log {
    fn note(&self, task: usize, state: State) {
        let thread = std::thread::current().name().unwrap_or("?").to_owned();
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that the list is in order.
        events.push(Event {
            task,
            state,
            at_ns: self.start.elapsed().as_nanos() as f64,
            thread,
        });
    }
}

/// A task's waker, with a note of when it was taken and when it was used.
struct Noting {
    task: usize,
    inner: Waker,
    log: Arc<Log>,
    /// 0: polled. 1: the poll is over. 2: woken. Written by the poll and by whoever wakes; each looks at what it replaced,
    /// so a wake in the middle of a poll is noted once, by the poll at its end.
    moment: AtomicU8,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        if self.moment.swap(2, Ordering::AcqRel) == 1 {
            self.log.note(self.task, State::Ready);
        }
        self.inner.wake_by_ref();
    }
}

/// A future that writes down what becomes of it; it is ready from now on, for it will be spawned.
fn traced<F: Future<Output = ()> + Send>(
    task: usize,
    log: &Arc<Log>,
    body: F,
) -> impl Future<Output = ()> + Send + use<F> {
    log.note(task, State::Ready);
    let log = log.clone();
    async move {
        let mut body = pin!(body);
        std::future::poll_fn(move |context| poll_noting(task, &log, body.as_mut(), context)).await;
    }
}

fn poll_noting(
    task: usize,
    log: &Arc<Log>,
    body: Pin<&mut impl Future<Output = ()>>,
    context: &mut Context<'_>,
) -> Poll<()> {
    log.note(task, State::Running);
    let noting = Arc::new(Noting {
        task,
        inner: context.waker().clone(),
        log: log.clone(),
        moment: AtomicU8::new(0),
    });
    let polled = body.poll(&mut Context::from_waker(&Waker::from(noting.clone())));
    if polled.is_ready() {
        log.note(task, State::Done);
    } else {
        // It gave its waker away just before it came back.
        log.note(task, State::Pausing);
        match noting.moment.swap(1, Ordering::AcqRel) {
            0 => log.note(task, State::Paused),
            // Woken before it could pause: it must not be lost, and goes back to the queue.
            _ => log.note(task, State::Ready),
        }
    }
    polled
}

fn compute(milliseconds: u64) {
    let end = Instant::now() + Duration::from_millis(milliseconds);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    events: Vec<Event>,
    /// What `leno::observe` says of the three when C asks: the name of each that is alive, and its state.
    asked: Vec<(String, String)>,
}

/// The tasks that have a name, and what they do now.
fn ask() -> Vec<(String, String)> {
    let tasks = observe::tasks();
    let named = tasks
        .list()
        .iter()
        .filter_map(|task| Some((task.name()?.to_owned(), task.state().to_string())));
    named.collect()
}

/// A waits for a message from C, B for a timer, C for nobody: it only lets others go first.
fn record(_: ()) -> Result<Recorded> {
    leno::Builder::new().observe(true).start()?;
    // The workers are up before the clock starts.
    leno::block_on(leno::future::zip(
        leno::spawn(async { compute(5) }),
        leno::spawn(async { compute(5) }),
    ));
    let log = Arc::new(Log {
        start: Instant::now(),
        events: Mutex::default(),
    });
    let (sender, receiver) = leno::channel::bounded::<()>(1);
    let asked = leno::block_on(async {
        let (tell, told) = leno::channel::bounded(1);
        let a = leno::spawn(traced(0, &log, async move {
            observe::name_task(NAMES[0]);
            compute(4);
            let _ = receiver.recv().await;
            compute(4);
        }));
        let b = leno::spawn(traced(1, &log, async {
            observe::name_task(NAMES[1]);
            compute(6);
            leno::Timer::after(Duration::from_millis(6)).await;
            compute(4);
        }));
        let c = leno::spawn(traced(2, &log, async move {
            observe::name_task(NAMES[2]);
            compute(6);
            leno::future::yield_now().await;
            compute(2);
            tell.try_send(ask()).expect("it has room");
            let _ = sender.send(()).await;
            compute(4);
        }));
        a.await;
        b.await;
        c.await;
        told.recv().await
    })?;
    let events = log
        .events
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Ok(Recorded { events, asked })
}

const NAMES: [&str; 3] = ["A", "B", "C"];

/// Which state may follow which.
fn may_follow(before: Option<State>, state: State) -> bool {
    use State::{Done, Paused, Pausing, Ready, Running};
    matches!(
        (before, state),
        (None, Ready)
            | (Some(Ready), Running)
            | (Some(Running), Pausing | Done)
            | (Some(Pausing), Paused | Ready)
            | (Some(Paused), Ready)
    )
}

fn run(settings: &Settings) -> Result<Finding> {
    settings.step("three tasks on two workers");
    let mut finding = Finding::new(
        "What happens to a coroutine from its start to its end, and what does a worker do when its coroutine waits?",
    );
    let Recorded { events, asked } = Child::of("trace").run(&())?;

    let of = |task: usize| {
        events
            .iter()
            .filter(move |event| event.task == task)
            .collect::<Vec<_>>()
    };
    let colour = |state| match state {
        State::Ready => Ink::Other(3),
        State::Running | State::Pausing => Ink::Other(2),
        State::Paused | State::Done => Ink::Faint,
    };
    let word = |state| match state {
        State::Ready => "Ready: in a queue",
        State::Running | State::Pausing => "Running",
        State::Paused | State::Done => "Paused: in no queue",
    };
    let lanes = (0..3).map(|task| {
        let steps = of(task);
        let spans = steps.windows(2).map(|pair| Span {
            from: pair[0].at_ns,
            to: pair[1].at_ns,
            label: word(pair[0].state).to_owned(),
            ink: colour(pair[0].state),
        });
        Lane {
            name: NAMES[task].to_owned(),
            spans: spans.collect(),
        }
    });
    finding.chart(Chart::lanes("The tasks", Unit::Time, lanes.collect()));

    let mut threads: Vec<String> = events
        .iter()
        .filter(|event| event.state == State::Running)
        .map(|event| event.thread.clone())
        .collect();
    threads.sort();
    threads.dedup();
    let lanes = threads.iter().map(|thread| {
        let mut spans = Vec::new();
        for task in 0..3 {
            for pair in of(task)
                .windows(2)
                .filter(|pair| pair[0].state == State::Running && pair[0].thread == *thread)
            {
                spans.push(Span {
                    from: pair[0].at_ns,
                    to: pair[1].at_ns,
                    label: NAMES[task].to_owned(),
                    ink: Ink::Other([0, 1, 4][task]),
                });
            }
        }
        Lane {
            name: thread.clone(),
            spans,
        }
    });
    finding.chart(Chart::lanes("The workers", Unit::Time, lanes.collect()));

    let mut table = Table::new("In order", ["time", "task", "becomes", "on"]);
    for event in &events {
        table.row(
            Unit::Time.show(event.at_ns),
            [
                NAMES[event.task],
                &format!("{:?}", event.state),
                &event.thread,
            ]
            .map(Cell::text),
        );
    }
    finding.table(table);

    let paused = events
        .iter()
        .filter(|event| event.state == State::Paused)
        .count();
    let at_once = most_at_once(&events);
    let moved = (0..3).filter(|task| {
        let places: Vec<_> = of(*task)
            .into_iter()
            .filter(|event| event.state == State::Running)
            .map(|event| &event.thread)
            .collect();
        places.windows(2).any(|pair| pair[0] != pair[1])
    });
    finding.answer(format!(
        "It is Ready in a queue, Running on a worker, Pausing for the moment in which it leaves its waker behind, Paused, and Ready again when it is woken. \
         There is no queue of those that are paused: such a task is held only by its waker, which lies with the channel or the timer. Here {paused} \
         waits were paused, at most {at_once} tasks ran at once on {} workers, and {} went on elsewhere than where they had paused. Asked by C before it sent \
         its message, `leno::observe` says: {}.",
        threads.len(), moved.count(), asked.iter().map(|(name, state)| format!("{name} {state}")).collect::<Vec<_>>().join(", "),
    ));
    finding.against(
        "leno tells Ready, Running and Parked, and only in a runtime that was started observed; the two other states, and when each began, had to be written down by a wrapper around each \
         task. Kilim has Pausing and Done as states, and tells without being asked beforehand. And who is ready must compete for a worker again: between Ready and Running there is as much time as the \
         others like to take.",
    );
    finding.check(
        format!("`leno::observe` knows of C, which asks, that it is running: {asked:?}"),
        asked.contains(&(NAMES[2].to_owned(), TaskState::Running.to_string())),
    );
    for (task, name) in NAMES.iter().enumerate() {
        let states: Vec<State> = of(task).iter().map(|event| event.state).collect();
        let mut before = None;
        let orderly = states
            .iter()
            .all(|state| may_follow(before.replace(*state), *state));
        finding.check(
            format!("{name} went from state to state as it should: {states:?}"),
            orderly && states.last() == Some(&State::Done),
        );
    }
    finding.check(format!("at most two ran at once: {at_once}"), at_once <= 2);
    finding.check(
        "A waited for its message",
        of(0).iter().any(|event| event.state == State::Paused),
    );
    finding.check(
        "B waited for its timer",
        of(1).iter().any(|event| event.state == State::Paused),
    );
    let yielded = of(2)
        .windows(2)
        .any(|pair| pair[0].state == State::Pausing && pair[1].state == State::Ready);
    finding.check("C was woken before it had paused, and went on", yielded);
    Ok(finding)
}

/// How many were running at the same moment.
fn most_at_once(events: &[Event]) -> usize {
    let mut running = [false; 3];
    let mut most = 0;
    for event in events {
        running[event.task] = matches!(event.state, State::Running | State::Pausing);
        most = most.max(running.iter().filter(|running| **running).count());
    }
    most
}
