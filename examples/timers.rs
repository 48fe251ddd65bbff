//! Waiting: for a while, until a moment, again and again, and for no longer than so long.
//!
//! ```text
//! cargo run --release --example timers
//! ```
//!
//! Expected output:
//!
//! ```text
//! after      20 ms have passed
//! at         the moment has come
//! at         a moment in the past comes at once
//! interval   tick 1
//! interval   tick 2
//! interval   tick 3
//! race       the faster of two
//! timeout    in time: 7
//! timeout    too late: the operation was not ready in time
//! moved      rings once, at its new time
//! together   1000 timers of 20 ms take nowhere near 20 s
//! ```

use leno::{Timer, future, prelude::*};
use std::time::{Duration, Instant};

fn main() {
    // Timers need no workers: `block_on` sleeps until the next deadline, then polls its future again.
    leno::block_on(async {
        let short = Duration::from_millis(20);

        let start = Instant::now();
        Timer::after(short).await;
        // Never early; how late depends on how busy the machine is.
        assert!(start.elapsed() >= short);
        println!("after      20 ms have passed");

        Timer::at(Instant::now() + short).await;
        println!("at         the moment has come");
        Timer::at(start).await;
        println!("at         a moment in the past comes at once");

        // A `Timer` is also a stream. One that repeats keeps its pace: the time you take between ticks is not added.
        let mut ticks = Timer::interval(short);
        for tick in 1..=3 {
            ticks.next().await;
            println!("interval   tick {tick}");
        }

        // `or` polls both, takes what is ready first, and drops the other: that is all it takes to cancel a timer.
        let winner = future::or(
            async {
                Timer::after(Duration::from_secs(3600)).await;
                "the slower"
            },
            async {
                Timer::after(short).await;
                "the faster"
            },
        );
        println!("race       {} of two", winner.await);

        // A time-out is a race against a timer.
        let quick = leno::timeout(Duration::from_secs(3600), async { 7 });
        println!("timeout    in time: {}", quick.await.expect("it is ready"));
        let never = leno::timeout(short, future::pending::<()>());
        let error = never.await.expect_err("it is never ready");
        println!("timeout    too late: {error}");

        // A timer can be set anew, before or after it rang.
        let mut alarm = Timer::after(Duration::from_secs(3600));
        alarm.set_after(short);
        alarm.await;
        println!("moved      rings once, at its new time");

        // Many timers wait side by side, on this one thread. (One after the other they would take 20 s.)
        let start = Instant::now();
        let many: Vec<_> = (0..1000).map(|_| Timer::after(short)).collect();
        for timer in many {
            timer.await;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        println!("together   1000 timers of 20 ms take nowhere near 20 s");
    });
}
