//! Signals as a stream: a service that looks at its settings again on `SIGHUP` and stops in an orderly way on `SIGINT` (Ctrl-C)
//! or `SIGTERM`.
//!
//! The first signal to stop lets the service finish what it has begun; a second one ends it at once. For a program that
//! only wants to hear of Ctrl-C there is `leno::signal::ctrl_c()`.
//!
//! ```text
//! cargo run --release --example signals
//! ```
//!
//! Expected output, with `kill -HUP` and then two times Ctrl-C within a second (the count differs):
//!
//! ```text
//! running as process 4711; Ctrl-C stops
//! Hup: looking at the settings again
//! Int: finishing
//! Int again: leaving everything as it is, after 19 items
//! ```
//!
//! With one Ctrl-C the last line is `finished after 19 items`.

use leno::prelude::*;
use leno::signal::{Signal, Signals};
use leno::{Timer, channel, future};
use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Those that ask a service to stop: people at a terminal send the first, supervisors the second.
const STOP: [Signal; 2] = [Signal::Int, Signal::Term];

#[leno::main]
async fn main() -> io::Result<ExitCode> {
    // Before anything else: from here on these signals no longer end the program by themselves.
    let mut signals = Signals::new(STOP)?;
    if cfg!(unix) {
        signals.add_signals([Signal::Hup])?;
    }
    println!("running as process {}; Ctrl-C stops", std::process::id());

    let items = Arc::new(AtomicUsize::new(0));
    let (stopper, stop) = channel::bounded::<Infallible>(1);
    let mut work = leno::spawn(work(items.clone(), stop));

    while let Some(signal) = signals.next().await {
        let signal = signal?;
        if STOP.contains(&signal) {
            println!("{signal:?}: finishing");
            break;
        }
        println!("{signal:?}: looking at the settings again");
    }
    // Closing it is the message.
    stopper.close();

    let finished = async {
        (&mut work).await;
        Ok(None)
    };
    let impatient = async {
        loop {
            match signals.next().await.transpose()? {
                Some(signal) if !STOP.contains(&signal) => {}
                stop => return io::Result::Ok(stop),
            }
        }
    };
    let impatient = future::or(finished, impatient).await?;
    let items = items.load(Ordering::Relaxed);
    Ok(match impatient {
        None => {
            println!("finished after {items} items");
            ExitCode::SUCCESS
        }
        Some(signal) => {
            println!("{signal:?} again: leaving everything as it is, after {items} items");
            ExitCode::FAILURE
        }
    })
}

/// Works on one item after another, and takes a while to tidy up after the last one.
async fn work(items: Arc<AtomicUsize>, stop: channel::Receiver<Infallible>) {
    while !stop.is_closed() {
        Timer::after(Duration::from_millis(20)).await;
        items.fetch_add(1, Ordering::Relaxed);
    }
    Timer::after(Duration::from_secs(1)).await;
}
