//! Promise 6: cancelling at any await point loses no byte, connection, message or permit that the operation had not handed
//! over.

mod child;
mod tally;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use child::with_few_and_many_workers;
use leno::net::{TcpListener, TcpStream, UdpSocket};
use leno::prelude::*;
use leno::{Timer, Unblock, block_on, channel, future, lock, spawn, unblock};
use tally::Tally;

/// Numbers without a pattern, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Polls `future` at most `polls` times, each after a wake-up or a while, and drops it then.
async fn or_cancel<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for poll in 0..polls {
        if poll > 0 {
            let pause = Timer::after(Duration::from_micros(20 * poll));
            let woken = future::or(async { Some((&mut future).await) }, async {
                pause.await;
                None
            });
            if let Some(output) = woken.await {
                return Some(output);
            }
        } else if let Some(output) = future::poll_once(&mut future).await {
            return Some(output);
        }
    }
    None
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = future::zip(listener.accept(), TcpStream::connect(address)).await;
    (accepted.unwrap().0, connected.unwrap())
}

/// On a worker, and in `block_on`.
fn on_both<F: Future<Output = ()> + Send + 'static>(work: fn() -> F) {
    block_on(spawn(work()));
    block_on(work());
}

#[test]
fn reads_lose_no_byte() {
    with_few_and_many_workers("reads_lose_no_byte", || {
        on_both(|| async {
            const LENGTH: usize = 20_000;
            let (mut reader, mut writer) = pair().await;
            let writing = spawn(async move {
                let mut random = Random(1);
                let mut sent = 0;
                while sent < LENGTH {
                    let length = (random.below(200) as usize + 1).min(LENGTH - sent);
                    let bytes: Vec<u8> = (sent..sent + length).map(|n| n as u8).collect();
                    writer.write_all(&bytes).await.unwrap();
                    sent += length;
                    if random.below(4) == 0 {
                        Timer::after(Duration::from_micros(random.below(80))).await;
                    }
                }
                writer.close().await.unwrap();
            });
            let mut random = Random(2);
            let mut seen = 0usize;
            let mut cancelled = 0;
            loop {
                let mut buffer = [0; 64];
                // What was read is handed over with the result, and what was not stays in the socket.
                let Some(read) = or_cancel(reader.read(&mut buffer), random.below(3)).await else {
                    cancelled += 1;
                    continue;
                };
                let length = read.unwrap();
                if length == 0 {
                    break;
                }
                for byte in &buffer[..length] {
                    assert_eq!(*byte, seen as u8);
                    seen += 1;
                }
            }
            assert_eq!(seen, LENGTH);
            assert!(cancelled > 0);
            writing.await;
        });
    });
}

#[test]
fn writes_send_nothing_twice() {
    with_few_and_many_workers("writes_send_nothing_twice", || {
        on_both(|| async {
            const LENGTH: usize = 2_000_000;
            let (mut reader, mut writer) = pair().await;
            let reading = spawn(async move {
                let mut random = Random(3);
                let mut seen = 0usize;
                let mut buffer = vec![0; 65_536];
                loop {
                    let length = reader.read(&mut buffer).await.unwrap();
                    if length == 0 {
                        return seen;
                    }
                    for byte in &buffer[..length] {
                        assert_eq!(*byte, (seen % 251) as u8);
                        seen += 1;
                    }
                    // Slow, so that the writer has to wait.
                    if random.below(8) == 0 {
                        Timer::after(Duration::from_micros(50)).await;
                    }
                }
            });
            let bytes: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
            let mut random = Random(4);
            let mut sent = 0;
            while sent < LENGTH {
                let rest = &bytes[sent..(sent + 100_000).min(LENGTH)];
                if let Some(written) = or_cancel(writer.write(rest), random.below(3)).await {
                    sent += written.unwrap();
                }
            }
            writer.close().await.unwrap();
            assert_eq!(reading.await, LENGTH);
        });
    });
}

#[test]
fn accepts_lose_no_connection() {
    with_few_and_many_workers("accepts_lose_no_connection", || {
        on_both(|| async {
            const CLIENTS: u32 = 100;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let clients = spawn(async move {
                for n in 0..CLIENTS {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(&n.to_ne_bytes()).await.unwrap();
                    if n % 3 == 0 {
                        Timer::after(Duration::from_micros(u64::from(n))).await;
                    }
                }
            });
            let mut random = Random(5);
            let mut seen = Vec::new();
            while seen.len() < CLIENTS as usize {
                let accepted = match random.below(2) {
                    0 => or_cancel(listener.accept(), random.below(3))
                        .await
                        .map(|accepted| accepted.unwrap().0),
                    _ => {
                        // The stream may be dropped too, with what it has not given out.
                        let mut incoming = listener.incoming();
                        or_cancel(incoming.next(), random.below(3))
                            .await
                            .map(|accepted| accepted.unwrap().unwrap())
                    }
                };
                if let Some(mut stream) = accepted {
                    let mut number = [0; 4];
                    stream.read_exact(&mut number).await.unwrap();
                    seen.push(u32::from_ne_bytes(number));
                }
            }
            clients.await;
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..CLIENTS));
        });
    });
}

#[test]
fn datagrams_are_not_lost() {
    with_few_and_many_workers("datagrams_are_not_lost", || {
        on_both(|| async {
            let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            sender
                .connect(receiver.local_addr().unwrap())
                .await
                .unwrap();
            let mut random = Random(6);
            for n in 0..500u32 {
                let sending = spawn({
                    let sender = sender.clone();
                    let micros = random.below(100);
                    async move {
                        Timer::after(Duration::from_micros(micros)).await;
                        sender.send(&n.to_ne_bytes()).await.unwrap();
                    }
                });
                let mut number = [0; 4];
                loop {
                    let polls = random.below(3);
                    match random.below(2) {
                        0 => {
                            if let Some(read) = or_cancel(receiver.recv(&mut number), polls).await {
                                break assert_eq!(read.unwrap(), 4);
                            }
                        }
                        _ => {
                            let mut peeked = [0; 4];
                            let peeked = receiver.peek_from(&mut peeked);
                            let _ = or_cancel(peeked, polls).await;
                        }
                    }
                }
                assert_eq!(u32::from_ne_bytes(number), n);
                sending.await;
            }
        });
    });
}

#[test]
fn one_of_several_who_wait_passes_the_event_on() {
    with_few_and_many_workers("one_of_several_who_wait_passes_the_event_on", || {
        on_both(|| async {
            for round in 0..200u32 {
                let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let own = receiver.local_addr().unwrap();
                let (first, second) = (receiver.clone(), receiver.clone());
                let mut buffers = [[0; 1]; 2];
                let [one, two] = &mut buffers;
                let mut one = Box::pin(first.recv(one));
                let mut two = Box::pin(second.recv(two));
                assert!(future::poll_once(&mut one).await.is_none());
                assert!(future::poll_once(&mut two).await.is_none());
                receiver.send_to(b"x", own).await.unwrap();
                // One is dropped, woken or not: the other one gets the datagram.
                if round % 2 == 0 {
                    drop(one);
                    assert_eq!(two.await.unwrap(), 1);
                } else {
                    drop(two);
                    assert_eq!(one.await.unwrap(), 1);
                }
            }
        });
    });
}

#[test]
fn messages_and_permits_are_not_lost() {
    with_few_and_many_workers("messages_and_permits_are_not_lost", || {
        on_both(|| async {
            const MESSAGES: u64 = 2_000;
            let (sender, receiver) = channel::bounded(4);
            let sending = spawn(async move {
                let mut random = Random(7);
                for n in 0..MESSAGES {
                    // A send that is cancelled keeps its message here.
                    while or_cancel(sender.send(n), random.below(3)).await.is_none() {}
                }
            });
            let mut random = Random(8);
            let mut seen = Vec::new();
            loop {
                match or_cancel(receiver.recv(), random.below(3)).await {
                    Some(Ok(n)) => seen.push(n),
                    Some(Err(_)) => break,
                    None => {}
                }
            }
            sending.await;
            assert!(seen.into_iter().eq(0..MESSAGES));

            let permits = Arc::new(lock::Semaphore::new(2));
            let inside = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..10)
                .map(|n| {
                    let (permits, inside) = (permits.clone(), inside.clone());
                    spawn(async move {
                        let mut random = Random(100 + n);
                        let mut entered = 0;
                        while entered < 30 {
                            let Some(guard) = or_cancel(permits.acquire(), random.below(3)).await
                            else {
                                continue;
                            };
                            assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                            future::yield_now().await;
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(guard);
                            entered += 1;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
            assert!(permits.try_acquire().is_some());
        });
    });
}

#[test]
fn a_blocking_reader_loses_no_byte() {
    with_few_and_many_workers("a_blocking_reader_loses_no_byte", || {
        on_both(|| async {
            let text: Vec<u8> = (0..50_000u32).map(|n| (n % 253) as u8).collect();
            let mut reader = Unblock::with_capacity(1_000, std::io::Cursor::new(text.clone()));
            let mut random = Random(9);
            let mut seen = Vec::new();
            while seen.len() < text.len() {
                let mut buffer = [0; 700];
                if let Some(read) = or_cancel(reader.read(&mut buffer), random.below(3)).await {
                    seen.extend_from_slice(&buffer[..read.unwrap()]);
                }
            }
            assert!(seen == text);
            let mut items = Unblock::with_capacity(8, 0..3_000u32);
            let mut seen = 0;
            loop {
                match or_cancel(items.next(), random.below(3)).await {
                    Some(Some(item)) => {
                        assert_eq!(item, seen);
                        seen += 1;
                    }
                    Some(None) => break,
                    None => {}
                }
            }
            assert_eq!(seen, 3_000);
        });
    });
}

#[test]
fn a_cancelled_interval_skips_nothing() {
    with_few_and_many_workers("a_cancelled_interval_skips_nothing", || {
        on_both(|| async {
            let start = std::time::Instant::now();
            let period = Duration::from_micros(200);
            let mut ticks = Timer::interval_at(start, period);
            let mut random = Random(10);
            let mut next = 0;
            while next < 100 {
                if let Some(tick) = or_cancel(ticks.next(), random.below(3)).await {
                    assert_eq!(tick, Some(start + period * next));
                    next += 1;
                }
            }
        });
    });
}

#[test]
fn a_cancelled_task_drops_what_it_owns() {
    with_few_and_many_workers("a_cancelled_task_drops_what_it_owns", || {
        let tally = Tally::new();
        let mut random = Random(11);
        for _ in 0..500 {
            let members = [(); 3].map(|()| tally.member());
            let started = unblock({
                let member = tally.member();
                move || drop(member)
            });
            let task = spawn(async move {
                let [one, two, three] = members;
                Timer::after(Duration::from_micros(30)).await;
                drop(one);
                unblock(move || drop(two)).await;
                future::yield_now().await;
                drop(three);
            });
            block_on(Timer::after(Duration::from_micros(random.below(150))));
            match random.below(2) {
                0 => drop((task, started)),
                _ => drop(block_on(future::zip(task.cancel(), started.cancel()))),
            }
        }
        // What has begun on a thread of the pool goes on to its end.
        while tally.alive() > 0 {
            std::thread::yield_now();
        }
        tally.expect_all_dropped_once();
    });
}

#[test]
fn a_cancelled_connect_closes_its_socket() {
    with_few_and_many_workers("a_cancelled_connect_closes_its_socket", || {
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        for polls in 0..200 {
            block_on(async {
                let connected = or_cancel(TcpStream::connect(address), polls % 3).await;
                drop(connected);
            });
        }
        // The listener has not suffered.
        let (accepted, mut writer) = block_on(future::zip(
            async {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut byte = [0];
                    // Those that were cancelled late are at their end.
                    if stream.read(&mut byte).await.is_ok_and(|length| length == 1) {
                        return byte[0];
                    }
                }
            },
            async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(b"x").await.unwrap();
                stream
            },
        ));
        assert_eq!(accepted, b'x');
        block_on(writer.close()).unwrap();
    });
}

#[test]
fn a_future_that_was_dropped_wakes_nobody() {
    // The waker that a dropped operation has left behind must not be kept.
    struct Idle;
    impl std::task::Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }
    let idle = Arc::new(Idle);
    let waker = Waker::from(idle.clone());
    let mut timer = Timer::after(Duration::from_secs(3_600));
    let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
    assert_eq!(polled, Poll::Pending);
    drop(timer);
    let socket = leno::Async::new(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    let mut readable = socket.readable();
    let polled = Pin::new(&mut readable).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop(readable);
    drop(waker);
    assert_eq!(Arc::strong_count(&idle), 1);
}
