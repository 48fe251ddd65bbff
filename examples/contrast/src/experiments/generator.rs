//! A function that gives one value after the other: counted, and taken from a tree by recursion.
//!
//! From: Kilim's `Generator`, Lua, Python, C#. What they have that leno does not: `yield` in the language. In Rust a
//! generator is a future that is driven by hand, or a type with `next`.

use std::cell::Cell;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use anyhow::Result;
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, Yielder};

use crate::design::Design;
use crate::experiment::{Experiment, Group};
use crate::finding::{Cell as Figure, Chart, Finding, Ink, Scale, Table};
use crate::settings::Settings;
use crate::unit::Unit;

pub const EXPERIMENT: Experiment = Experiment {
    name: "generator",
    group: Group::Coroutine,
    title: "One value after the other",
    answers: &["C4", "C10"],
    from: &["Kilim", "Lua", "Python", "C#"],
    run,
    child: None,
};

/// A future that gives values to whoever drives it.
struct Generator<T> {
    given: Giver<T>,
    /// `None` when it has ended.
    body: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// How the body of a generator gives a value away.
struct Giver<T>(Rc<Cell<Option<T>>>);

impl<T> Clone for Giver<T> {
    fn clone(&self) -> Giver<T> {
        Giver(self.0.clone())
    }
}

impl<T> Giver<T> {
    /// Goes on when the value has been taken.
    async fn give(&self, value: T) {
        self.0.set(Some(value));
        let mut given = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut given, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl<T> Generator<T> {
    fn new<F: Future<Output = ()> + 'static>(body: impl FnOnce(Giver<T>) -> F) -> Generator<T> {
        let given = Giver(Rc::default());
        Generator {
            body: Some(Box::pin(body(given.clone()))),
            given,
        }
    }
}

impl<T> Iterator for Generator<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // Nobody needs to be woken: `next` is called when a value is wanted.
        if self
            .body
            .as_mut()?
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
        {
            self.body = None;
        }
        self.given.0.take()
    }
}

/// The same on a stack.
struct Stacked<T: 'static>(Coroutine<(), T, ()>);

impl<T> Stacked<T> {
    fn new(body: impl FnOnce(&Yielder<(), T>) + 'static) -> Result<Stacked<T>> {
        let stack = DefaultStack::new(256 * 1024)?;
        Ok(Stacked(Coroutine::with_stack(stack, |yielder, ()| {
            body(yielder)
        })))
    }
}

impl<T> Iterator for Stacked<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.0.done() {
            None
        } else {
            self.0.resume(()).as_yield()
        }
    }
}

/// A search tree.
struct Tree {
    value: u64,
    children: Option<Box<(Tree, Tree)>>,
}

impl Tree {
    /// A full one, with the numbers from `first` on in order.
    fn of(levels: u32, first: u64) -> Tree {
        let left = (1 << (levels - 1)) - 1;
        let children = (levels > 1).then(|| {
            Box::new((
                Tree::of(levels - 1, first),
                Tree::of(levels - 1, first + left + 1),
            ))
        });
        Tree {
            value: first + left,
            children,
        }
    }
}

/// A future that waits for itself must be boxed, and each value goes up through all that wait.
fn walk<'a>(tree: &'a Tree, giver: &'a Giver<u64>) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(async move {
        if let Some(children) = &tree.children {
            walk(&children.0, giver).await;
            giver.give(tree.value).await;
            walk(&children.1, giver).await;
        } else {
            giver.give(tree.value).await;
        }
    })
}

/// On a stack it is written as one thinks.
fn walk_on_stack(tree: &Tree, yielder: &Yielder<(), u64>) {
    if let Some(children) = &tree.children {
        walk_on_stack(&children.0, yielder);
        yielder.suspend(tree.value);
        walk_on_stack(&children.1, yielder);
    } else {
        yielder.suspend(tree.value);
    }
}

/// By hand: what recursion would keep on the stack is in a vector.
fn walk_by_hand(tree: &Tree) -> impl Iterator<Item = u64> {
    fn descend<'a>(mut tree: &'a Tree, open: &mut Vec<&'a Tree>) {
        open.push(tree);
        while let Some(children) = &tree.children {
            tree = &children.0;
            open.push(tree);
        }
    }
    let mut open = Vec::new();
    descend(tree, &mut open);
    std::iter::from_fn(move || {
        let tree = open.pop()?;
        if let Some(children) = &tree.children {
            descend(&children.1, &mut open);
        }
        Some(tree.value)
    })
}

/// Nanoseconds for a value, and the sum of all.
fn taken(values: impl Iterator<Item = u64>) -> (f64, u64) {
    let start = Instant::now();
    let (mut count, mut sum) = (0_u64, 0);
    for value in values {
        count += 1;
        sum += black_box(value);
    }
    (start.elapsed().as_nanos() as f64 / count as f64, sum)
}

fn run(settings: &Settings) -> Result<Finding> {
    let mut finding = Finding::new(
        "Is a coroutine bound to a runtime, or is it also good for a function that gives one value after the other?",
    );
    let count: u64 = settings.pick(5_000_000, 100_000);
    let levels = settings.pick(20, 14);
    let tree: &'static Tree = Box::leak(Box::new(Tree::of(levels, 0)));

    let counted = [
        ("an iterator by hand", Ink::Faint, taken(0..count)),
        (
            "a future, driven by hand",
            Design::Task.into(),
            taken(Generator::new(move |giver| async move {
                for number in 0..count {
                    giver.give(number).await;
                }
            })),
        ),
        (
            "a stack",
            Design::Fiber.into(),
            taken(Stacked::new(move |yielder| {
                (0..count).for_each(|number| yielder.suspend(number))
            })?),
        ),
        (
            "a thread and a channel",
            Design::Thread.into(),
            taken(by_thread(count / 50)),
        ),
    ];
    let walked = [
        ("an iterator by hand", Ink::Faint, taken(walk_by_hand(tree))),
        (
            "futures on the heap, driven by hand",
            Design::Task.into(),
            taken(Generator::new(move |giver| async move {
                walk(tree, &giver).await
            })),
        ),
        (
            "a stack",
            Design::Fiber.into(),
            taken(Stacked::new(move |yielder| walk_on_stack(tree, yielder))?),
        ),
    ];
    let bars = |of: &[(&'static str, Ink, (f64, u64))]| {
        of.iter()
            .map(|(name, ink, (ns, _))| (*name, *ink, *ns))
            .collect::<Vec<_>>()
    };
    finding.chart(
        Chart::bars("Time of a value", Unit::Time, Scale::Log)
            .group("counting", bars(&counted))
            .group(
                format!("a tree of {levels} levels, by recursion"),
                bars(&walked),
            ),
    );
    let mut table = Table::new("Time of a value", ["", "counting", "tree"]);
    for (index, (name, _, (ns, _))) in counted.iter().enumerate() {
        table.row(
            *name,
            [
                Figure::time(*ns),
                Figure::maybe(Unit::Time, walked.get(index).map(|walked| walked.2.0)),
            ],
        );
    }
    finding.table(table);

    let (future, stack) = (counted[1].2.0, counted[2].2.0);
    let (boxed, deep) = (walked[1].2.0, walked[2].2.0);
    let show = |ns| Unit::Time.show(ns);
    finding.answer(format!(
        "It needs no runtime: a future that is polled by hand is a generator. It counts in {} a value, a stack in {}, a thread that sends values in {}. \
         Out of a tree by recursion, where each value passes all the levels that wait, futures take {} and the stack {}.",
        show(future), show(stack), show(counted[3].2.0), show(boxed), show(deep),
    ));
    if deep < boxed {
        finding.against(format!(
            "Recursion is what stacks are for: {} against {}, and the code is that of a usual function. The futures must be boxed on the heap, one for each level.",
            show(deep), show(boxed),
        ));
    } else {
        finding.against(format!("The futures of the recursion must be boxed on the heap, one for each level; on a stack it is a usual function, for {} a value.", show(deep)));
    }
    finding.against("Rust has no stable `yield`; the few lines that make a generator of a future are in this experiment. By hand it is faster still.");
    let sum = |count: u64| count * (count - 1) / 2;
    finding.check(
        "all numbers were counted",
        counted[..3].iter().all(|(.., (_, got))| *got == sum(count)),
    );
    finding.check(
        "the thread sent all numbers",
        counted[3].2.1 == sum(count / 50),
    );
    finding.check(
        "the tree was walked in full, three times",
        walked
            .iter()
            .all(|(.., (_, got))| *got == sum((1 << levels) - 1)),
    );
    Ok(finding)
}

/// As one would do it without coroutines.
fn by_thread(count: u64) -> impl Iterator<Item = u64> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || (0..count).try_for_each(|number| sender.send(number)));
    receiver.into_iter()
}
