//! How a coroutine knows where to go on: an `async` block beside the enum that one would write for it by hand.
//!
//! From: C#, Kotlin and Rust, whose compilers make state machines. What C# and Kotlin have that leno does not: a debugger
//! that shows the state and the locals by name. A future in Rust is opaque; here its bytes are read from outside.

use std::future::Future;
use std::os::unix::fs::FileExt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use anyhow::Result;

use crate::experiment::{Experiment, Group};
use crate::finding::{Cell, Finding, Table};
use crate::settings::Settings;

pub const EXPERIMENT: Experiment = Experiment {
    name: "resume_point",
    group: Group::Coroutine,
    title: "How does it know where to go on?",
    answers: &["C10", "C26"],
    from: &["C#", "Kotlin", "Rust"],
    run,
    child: None,
};

/// Waits a number of times.
#[derive(Debug)]
struct Pause {
    left: u64,
}

/// Waits once.
fn one_pause() -> Pause {
    Pause { left: 1 }
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What the compiler makes a state machine. Not an `async fn`, which would keep its argument twice.
#[allow(clippy::manual_async_fn)]
fn by_compiler(first: u64) -> impl Future<Output = u64> {
    async move {
        let sum = first + 5;
        one_pause().await;
        let product = sum * first;
        one_pause().await;
        product + sum + first
    }
}

/// The same as an `async fn`, whose argument is there twice: as it was given, and as the variable that it becomes.
async fn by_compiler_from_argument(first: u64) -> u64 {
    let sum = first + 5;
    one_pause().await;
    let product = sum * first;
    one_pause().await;
    product + sum + first
}

/// The same, written out: a variant for each place where it can wait, with what is needed after it.
#[derive(Debug)]
enum ByHand {
    Start {
        first: u64,
    },
    FirstWait {
        first: u64,
        sum: u64,
        pause: Pause,
    },
    SecondWait {
        first: u64,
        sum: u64,
        product: u64,
        pause: Pause,
    },
    Returned,
}

impl Future for ByHand {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        loop {
            match &mut *self {
                ByHand::Start { first } => {
                    let first = *first;
                    *self = ByHand::FirstWait {
                        first,
                        sum: first + 5,
                        pause: one_pause(),
                    };
                }
                ByHand::FirstWait { first, sum, pause } => {
                    if Pin::new(pause).poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    let (first, sum) = (*first, *sum);
                    *self = ByHand::SecondWait {
                        first,
                        sum,
                        product: sum * first,
                        pause: one_pause(),
                    };
                }
                ByHand::SecondWait {
                    first,
                    sum,
                    product,
                    pause,
                } => {
                    if Pin::new(pause).poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    let result = *product + *sum + *first;
                    *self = ByHand::Returned;
                    return Poll::Ready(result);
                }
                ByHand::Returned => panic!("polled after it was ready"),
            }
        }
    }
}

/// What was seen before the first poll and after each.
struct Seen<S> {
    states: Vec<S>,
    output: u64,
}

/// Polls until it is ready, and looks at it in between.
fn drive<F: Future<Output = u64>, S>(
    mut future: Pin<&mut F>,
    look: impl Fn(&F) -> Result<S>,
) -> Result<Seen<S>> {
    let mut context = Context::from_waker(Waker::noop());
    let mut states = vec![look(&future)?];
    loop {
        let polled = future.as_mut().poll(&mut context);
        states.push(look(&future)?);
        if let Poll::Ready(output) = polled {
            return Ok(Seen { states, output });
        }
    }
}

/// The bytes of a value, read as a debugger would: by the kernel, which does not mind padding.
fn bytes_of<T>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = vec![0; size_of::<T>()];
    let memory = std::fs::File::open("/proc/self/mem")?;
    memory.read_exact_at(&mut bytes, std::ptr::from_ref(value).addr() as u64)?;
    Ok(bytes)
}

/// Where the byte is that has another value in each state: the number of the variant.
fn variant_byte(states: &[Vec<u8>]) -> Option<usize> {
    let different = |place: &usize| {
        let values: Vec<u8> = states.iter().map(|bytes| bytes[*place]).collect();
        let repeated = values
            .iter()
            .enumerate()
            .any(|(index, value)| values[..index].contains(value));
        // Numbers of variants are small.
        !repeated && values.iter().all(|value| *value < 8)
    };
    (0..states[0].len()).rev().find(different)
}

fn run(_: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "When a coroutine goes on, how does it know where, and who keeps its local variables: somebody must save a program counter and a stack?",
    );
    let compiled = pin!(by_compiler(7));
    let size = size_of_val(&*compiled);
    let compiled = drive(compiled, bytes_of)?;
    let written = drive(pin!(ByHand::Start { first: 7 }), |state| {
        Ok(format!("{state:?}"))
    })?;
    let variant = variant_byte(&compiled.states);

    let shown = variant.map(|place| {
        compiled
            .states
            .iter()
            .map(|bytes| bytes[place].to_string())
            .collect::<Vec<_>>()
    });
    let numbers = shown.clone().unwrap_or_default().join(", ");
    finding.answer(format!(
        "Neither is saved. The compiler makes an enum with a variant for each place where the function can wait; its fields are the locals \
         that are needed after that place, and going on is a `match`. Of the {size} bytes of this future, byte {} is the number of the variant: \
         it was {numbers} before the first poll and after each. The enum written by hand has {} bytes and gives the same result, {}.",
        variant.map_or("?".to_owned(), |place| place.to_string()),
        size_of::<ByHand>(),
        written.output,
    ));

    let mut table = Table::new(
        "One step after the other",
        [
            "",
            "written by hand",
            "made by the compiler: byte of the variant",
        ],
    );
    for (step, state) in written.states.iter().enumerate() {
        let name = if step == 0 {
            "before the first poll".to_owned()
        } else {
            format!("after poll {step}")
        };
        let byte = shown
            .as_ref()
            .and_then(|shown| shown.get(step))
            .map_or("?", String::as_str);
        table.row(name, [Cell::text(state), Cell::text(byte)]);
    }
    finding.table(table);
    finding.listing("What the compiler was given", CODE);
    finding.against(format!(
        "The compiler can keep more than one would by hand: written as an `async fn` with an argument, the same future has {} bytes instead of {size}, because the \
         argument is kept as it was given, too. And no debugger shows a waiting future as a stack of calls, which is just what a fiber is.",
        size_of_val(&by_compiler_from_argument(7)),
    ));
    finding.check(
        "both give the same result",
        compiled.output == written.output,
    );
    finding.check(
        format!(
            "both have the same size: {size} and {}",
            size_of::<ByHand>()
        ),
        size == size_of::<ByHand>(),
    );
    finding.check(
        "both were polled equally often",
        compiled.states.len() == written.states.len(),
    );
    finding.check(
        "one byte of the future tells the states apart",
        variant.is_some(),
    );
    Ok(finding)
}

const CODE: &str = "\
async move {
    let sum = first + 5;
    one_pause().await;        // variant 3: keeps first, sum
    let product = sum * first;
    one_pause().await;        // variant 4: keeps first, sum, product
    product + sum + first
}";
