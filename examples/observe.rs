//! A program that stands still, and how to find out why: who waits, on what, and since when.
//!
//! Three tasks wait for each other. [`leno::observe::idle`] notices that nothing goes on any more, and names them. In a
//! program as it is, `LENO_OBSERVE=1` turns observation on, and `LENO_TRACE=1000` prints the numbers each second.
//!
//! ```text
//! cargo run --release --example observe
//! cargo run --release --example observe -- full     # the reports and numbers as they are, with times and places
//! ```
//!
//! Expected output (without `full`):
//!
//! ```text
//! idle      not before the timer has rung
//! alone     cook    waits for: recv
//! deadlock  cook    waits for: recv
//! deadlock  waiter  waits for: recv
//! deadlock  guest   waits for: rendezvous send
//! deadlock  the cook has waited longest
//! solved    the guest got soup
//! metrics   4 tasks were spawned, 0 are alive
//! ```
//!
//! With `full`, the deadlock is told like this:
//!
//! ```text
//! 3 tasks
//!   task 2 "cook" parked on recv for 6.2ms, polled once, spawned at examples/observe.rs:…
//!   task 3 "waiter" parked on recv for 3.0ms, polled once, spawned at examples/observe.rs:…
//!   task 4 "guest" parked on rendezvous send for 3.0ms, polled once, spawned at examples/observe.rs:…
//! ```

use leno::observe::{self, Tasks};
use leno::{Builder, Timer, channel};
use std::time::Duration;

fn main() {
    let full = std::env::args().any(|argument| argument == "full");
    // Without it the tasks are only counted. It costs a short lock at each spawn, wake-up and end of a task.
    let started = Builder::new().observe(true).start();
    started.expect("no runtime is there yet");

    // ---- idle: while a task can go on by itself, it is not
    let timer = leno::spawn(Timer::after(Duration::from_millis(20)));
    look();
    assert!(timer.is_finished());
    println!("idle      not before the timer has rung");

    // ---- alone: to wait for somebody who is still to come is no mistake, and looks like one
    let (order, orders) = channel::unbounded::<&str>();
    let (serve, dishes) = channel::unbounded();
    let cook = leno::spawn(async move {
        observe::name_task("cook");
        while let Ok(order) = orders.recv().await {
            if serve.send(order).await.is_err() {
                break;
            }
        }
    });
    tell("alone", &look());

    // ---- deadlock: the guest waits for the waiter, the waiter for the cook, the cook for the waiter
    let (call, calls) = channel::rendezvous();
    let waiter = leno::spawn({
        let order = order.clone();
        async move {
            observe::name_task("waiter");
            // The mistake: it fetches the dish before it has heard the wish and passed it on.
            let dish = dishes.recv().await.expect("the cook is there");
            let wish = calls.recv().await.expect("the guest is there");
            order.send(wish).await.expect("the cook is there");
            dish
        }
    });
    let guest = leno::spawn(async move {
        observe::name_task("guest");
        call.send("soup").await.expect("the waiter is there");
    });
    let deadlock = look();
    tell("deadlock", &deadlock);
    let longest = deadlock.list().iter().max_by_key(|task| task.in_state());
    let name = longest.and_then(|task| task.name()).unwrap_or("nobody");
    println!("deadlock  the {name} has waited longest");
    if full {
        println!("{deadlock}");
    }

    // ---- solved: none of the three can do it, but this thread can
    order.try_send("soup").expect("the cook is there");
    let dish = leno::block_on(async {
        guest.await;
        cook.await;
        waiter.await
    });
    println!("solved    the guest got {dish}");

    // ---- metrics: these are counted in any case. A last look, so that those that have only just ended are gone.
    look();
    let done = observe::metrics();
    let (spawned, alive) = (done.spawned, done.alive);
    println!("metrics   {spawned} tasks were spawned, {alive} are alive");
    if full {
        println!("{done}");
    }
}

/// Waits until nothing goes on any more. The tasks that are left then can only be woken from outside.
fn look() -> Tasks {
    let patience = Duration::from_secs(60);
    leno::block_on(leno::timeout(patience, observe::idle())).expect("all tasks come to rest")
}

/// A line for each task, in the order of the spawns. Here each waits for one thing; with a time-out it would be two.
fn tell(title: &str, tasks: &Tasks) {
    for task in tasks.list() {
        let name = task.name().unwrap_or("nameless");
        println!("{title:9} {name:7} waits for: {}", task.waits()[0]);
    }
}
