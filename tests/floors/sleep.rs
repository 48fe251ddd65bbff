//! A short sleep: one wait.

use std::time::{Duration, Instant};

use leno::net::UdpSocket;
use leno::{Timer, future};

use crate::cost;
use crate::link::Link;
use crate::strace::{self, Calls};

const SLEEPS: u32 = 1_000;
const LENGTH: Duration = Duration::from_micros(200);

/// Sleeps, and returns by how many microseconds the median sleep was late.
async fn sleep_often() -> u128 {
    let mut late = Vec::with_capacity(SLEEPS as usize);
    // The first sleep allocates.
    Timer::after(LENGTH).await;
    strace::settle();
    strace::begin();
    for _ in 0..SLEEPS {
        let start = Instant::now();
        Timer::after(LENGTH).await;
        let slept = start.elapsed();
        assert!(slept >= LENGTH, "a sleep is never short");
        late.push(slept - LENGTH);
    }
    strace::end();
    late.sort();
    late[late.len() / 2].as_micros()
}

fn print_lateness(link: &mut Link) {
    let micros: u128 = link.receive();
    println!("under strace the median sleep of {LENGTH:?} was {micros} µs late");
}

/// Beside a socket that waits for ever: with one, the thread sleeps where it would see the socket's events; with none, on
/// a futex.
async fn beside_a_socket<T>(work: impl Future<Output = T>) -> T {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let receive = async {
        let received = socket.recv(&mut [0; 16]).await;
        unreachable!("nobody sends, yet there came {received:?}");
    };
    // The socket is polled first, so that it is registered before the marks.
    future::or(receive, work).await
}

#[test]
fn in_block_on() {
    let calls = strace::trace(
        "sleep::in_block_on",
        1,
        |link| link.send(leno::block_on(beside_a_socket(sleep_often()))),
        print_lateness,
    );
    if let Some(calls) = calls {
        cost::assert_sleeps(&calls, SLEEPS.into());
    }
}

#[test]
fn in_a_task() {
    let calls = strace::trace(
        "sleep::in_a_task",
        1,
        |link| {
            let task = leno::spawn(beside_a_socket(sleep_often()));
            link.send(leno::block_on(task));
        },
        print_lateness,
    );
    if let Some(calls) = calls {
        cost::assert_sleeps(&calls, SLEEPS.into());
    }
}

#[test]
fn without_a_socket() {
    let calls = strace::trace(
        "sleep::without_a_socket",
        1,
        |link| link.send(leno::block_on(leno::spawn(sleep_often()))),
        print_lateness,
    );
    if let Some(calls) = calls {
        assert_eq!(calls, Calls::of(&[("futex", SLEEPS.into())]));
    }
}
