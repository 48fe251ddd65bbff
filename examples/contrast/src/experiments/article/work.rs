//! What producers and consumers do, with each of what they may have between them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::Result;
use leno::channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::design::Design;
use crate::measure::Meter;
use crate::race::Done;
use crate::stackful::{Stackful, Threads, with_stacks};

/// What producers and consumers have between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Between {
    /// A counter from 0 to 10 under one lock for all, and every change wakes everybody: the article's threads.
    Lock,
    /// One box with room for 10, for all.
    Shared,
    /// A box with room for 10 for each pair: the article's tasks. Nobody waits to put something in.
    Private,
    /// A box with room for one for each pair, so that the producer waits too.
    Tight,
}

impl Between {
    pub fn name(self) -> &'static str {
        match self {
            Between::Lock => "one lock, wake all",
            Between::Shared => "one shared box",
            Between::Private => "private boxes",
            Between::Tight => "private boxes of 1",
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Case {
    pub design: Design,
    pub between: Between,
    pub print: bool,
    pub pairs: usize,
}

/// As many as in the article.
pub const ITEMS: usize = 10;

pub fn measure(case: Case) -> Result<Done> {
    match (case.between, case.design) {
        (Between::Lock, _) => Ok(lock(case)),
        (_, Design::Task) => Ok(leno::block_on(leno::spawn(tasks(case)))),
        (_, design) => with_stacks!(design, stacks(case)),
    }
}

fn said(case: Case, what: &str, item: usize) {
    if case.print {
        println!("{what} {item}");
    }
}

async fn produce(case: Case, to: Sender<usize>) -> usize {
    for item in 0..ITEMS {
        to.send(item).await.expect("its consumer is there");
        said(case, "put", item);
    }
    0
}

/// Takes what one producer makes. It is told that all are gone only if it takes too little, and then the sum is wrong.
async fn consume(case: Case, from: Receiver<usize>) -> usize {
    let mut taken = 0;
    for _ in 0..ITEMS {
        if let Ok(item) = from.recv().await {
            said(case, "got", item);
            taken += 1;
        }
    }
    taken
}

async fn tasks(case: Case) -> Done {
    let meter = Meter::start();
    let (mut producers, mut consumers) = (Vec::new(), Vec::new());
    // The producers all start first, as in the article.
    let mut boxes = boxes(case, bounded);
    for (to, _) in &mut boxes {
        let to = to.take().expect("each has one");
        producers.push(leno::spawn(produce(case, to)));
    }
    for (_, from) in boxes {
        consumers.push(leno::spawn(consume(case, from)));
    }
    let mut taken = 0;
    for task in producers.into_iter().chain(consumers) {
        taken += task.await;
    }
    Done::since(meter, taken as f64)
}

/// Both ends of a box for each pair.
fn boxes<S: Clone, R: Clone>(case: Case, channel: impl Fn(usize) -> (S, R)) -> Vec<(Option<S>, R)> {
    match case.between {
        Between::Lock => Vec::new(),
        Between::Shared => {
            let (to, from) = channel(ITEMS);
            vec![(Some(to), from); case.pairs]
        }
        Between::Private | Between::Tight => {
            let room = if case.between == Between::Tight {
                1
            } else {
                ITEMS
            };
            (0..case.pairs)
                .map(|_| channel(room))
                .map(|(to, from)| (Some(to), from))
                .collect()
        }
    }
}

fn stacks<S: Stackful>(case: Case) -> Done {
    Done::measure(|| {
        let mut boxes = boxes(case, S::channel::<usize>);
        let mut started = Vec::new();
        for (to, _) in &mut boxes {
            let to = to.take().expect("each has one");
            started.push(S::spawn(move || {
                for item in 0..ITEMS {
                    S::send(&to, item);
                    said(case, "put", item);
                }
                0
            }));
        }
        for (_, from) in boxes {
            started.push(S::spawn(move || {
                let received = (0..ITEMS).filter_map(|_| S::receive(&from));
                received.inspect(|item| said(case, "got", *item)).count()
            }));
        }
        started.into_iter().map(S::join).sum::<usize>() as f64
    })
}

/// The article's own: one counter, one lock, and everybody is woken each time.
fn lock(case: Case) -> Done {
    let shared = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let step = move |shared: &(Mutex<usize>, Condvar), put: bool| {
        let (count, changed) = shared;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = |count: &mut usize| if put { *count == ITEMS } else { *count == 0 };
        let mut count = changed
            .wait_while(count, wrong)
            .unwrap_or_else(PoisonError::into_inner);
        *count = if put { *count + 1 } else { *count - 1 };
        said(case, if put { "put" } else { "got" }, *count);
        changed.notify_all();
    };
    Done::measure(|| {
        let work = |put: bool| {
            let shared = shared.clone();
            Threads::spawn(move || {
                (0..ITEMS).for_each(|_| step(&shared, put));
                if put { 0 } else { ITEMS }
            })
        };
        let mut started: Vec<_> = (0..case.pairs).map(|_| work(true)).collect();
        started.extend((0..case.pairs).map(|_| work(false)));
        let taken: usize = started.into_iter().map(Threads::join).sum();
        let left = *shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken as f64 - left as f64
    })
}
