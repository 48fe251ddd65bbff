//! A short sleep: one wait.

use std::pin::Pin;
use std::time::{Duration, Instant};

use leno::net::UdpSocket;
use leno::{Timer, future};

use crate::cost;
use crate::link::Link;
use crate::strace::{self, Calls};

const SLEEPS: usize = 1_000;
const LENGTH: Duration = Duration::from_micros(200);

/// One sleep. True if it had to wait: on a busy machine it may be over before it is asked for the first time.
async fn sleep() -> bool {
    let mut timer = Timer::after(LENGTH);
    let mut waited = false;
    future::poll_fn(|cx| {
        let state = Pin::new(&mut timer).poll(cx);
        waited |= state.is_pending();
        state
    })
    .await;
    waited
}

/// What the child tells of its sleeps.
struct Sleeps {
    waited: u64,
    /// By how many microseconds the median one was late.
    late: u128,
}

async fn sleep_often() -> Sleeps {
    let mut late = Vec::with_capacity(SLEEPS);
    // The first sleep allocates, and brings the event that a new socket begins with.
    while !sleep().await {}
    strace::settle();
    let mut waited = 0;
    strace::begin();
    for _ in 0..SLEEPS {
        let start = Instant::now();
        waited += u64::from(sleep().await);
        let slept = start.elapsed();
        assert!(slept >= LENGTH, "a sleep is never short");
        late.push(slept - LENGTH);
    }
    strace::end();
    late.sort();
    Sleeps {
        waited,
        late: late[SLEEPS / 2].as_micros(),
    }
}

impl Sleeps {
    fn send(self, link: &mut Link) {
        link.send(self.waited);
        link.send(self.late);
    }

    /// Prints how late they were, and returns how many had to wait.
    fn receive(link: &mut Link) -> u64 {
        let (waited, late): (u64, u128) = (link.receive(), link.receive());
        println!(
            "under strace {waited} sleeps of {LENGTH:?} waited, the median one {late} µs too long"
        );
        assert!(waited > 0);
        waited
    }
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
    let mut waited = 0;
    let calls = strace::trace(
        "sleep::in_block_on",
        1,
        |link| leno::block_on(beside_a_socket(sleep_often())).send(link),
        |link| waited = Sleeps::receive(link),
    );
    if let Some(calls) = calls {
        cost::assert_sleeps(&calls, waited);
    }
}

#[test]
fn in_a_task() {
    let mut waited = 0;
    let calls = strace::trace(
        "sleep::in_a_task",
        1,
        |link| leno::block_on(leno::spawn(beside_a_socket(sleep_often()))).send(link),
        |link| waited = Sleeps::receive(link),
    );
    if let Some(calls) = calls {
        cost::assert_sleeps(&calls, waited);
    }
}

#[test]
fn without_a_socket() {
    let mut waited = 0;
    let calls = strace::trace(
        "sleep::without_a_socket",
        1,
        |link| leno::block_on(leno::spawn(sleep_often())).send(link),
        |link| waited = Sleeps::receive(link),
    );
    if let Some(calls) = calls {
        assert_eq!(calls, Calls::of(&[("futex", waited)]));
    }
}
