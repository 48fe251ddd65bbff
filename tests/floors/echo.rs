//! A round trip of 64 bytes: wait, read, write.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use leno::future;
use leno::io::{AsyncReadExt, AsyncWriteExt};
use leno::net::{TcpListener, TcpStream};

use crate::cost;
use crate::link::Link;
use crate::strace;

/// Not counted: the first one registers the socket, and the workers settle.
const WARM_UP: u64 = 200;
const COUNTED: u64 = 10_000;

/// Accepts one connection, and waits at it before the client sends anything: an operation is always tried before its
/// socket is registered, so a client that is always faster would save the server the waiting for ever.
async fn accept(listener: TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let early = future::poll_once(stream.read(&mut [0])).await;
    assert!(early.is_none(), "the client sends nothing yet");
    stream.write_all(b"!").await.unwrap();
    echo(&mut stream, WARM_UP).await;
    stream
}

/// Serves one connection.
async fn serve(listener: TcpListener) {
    let mut stream = accept(listener).await;
    strace::settle();
    strace::begin();
    echo(&mut stream, COUNTED).await;
    strace::end();
}

async fn echo(stream: &mut TcpStream, trips: u64) {
    // Larger than a message: that the message did not fill it tells that there is no more to read.
    let mut buffer = [0; 1024];
    for _ in 0..trips {
        let mut message = 0;
        while message < 64 {
            message += stream.read(&mut buffer[message..]).await.unwrap();
        }
        stream.write_all(&buffer[..message]).await.unwrap();
    }
}

/// The client, which is not traced.
fn ask(link: &mut Link) {
    let mut stream = std::net::TcpStream::connect(link.receive::<SocketAddr>()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let mut reply = [0; 64];
    for trip in 0..WARM_UP + COUNTED {
        stream.write_all(&[trip as u8; 64]).unwrap();
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(reply, [trip as u8; 64]);
    }
}

async fn listen(link: &mut Link) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    link.send(listener.local_addr().unwrap());
    listener
}

#[test]
fn a_round_trip_on_one_worker() {
    let calls = strace::trace(
        "echo::a_round_trip_on_one_worker",
        1,
        |link| {
            leno::block_on(async {
                let listener = listen(link).await;
                leno::spawn(serve(listener)).await
            });
        },
        ask,
    );
    if let Some(calls) = calls {
        cost::assert_echo(&calls, COUNTED, 0);
    }
}

#[test]
fn a_round_trip_in_block_on() {
    let calls = strace::trace(
        "echo::a_round_trip_in_block_on",
        1,
        |link| {
            leno::block_on(async {
                let listener = listen(link).await;
                serve(listener).await
            });
        },
        ask,
    );
    if let Some(calls) = calls {
        cost::assert_echo(&calls, COUNTED, 0);
    }
}

/// The second worker keeps watch, for which it wakes up at most every 10 ms after the first few times. So nobody is ever
/// settled here.
#[test]
fn a_round_trip_on_two_workers() {
    let mut micros = 0;
    let calls = strace::trace(
        "echo::a_round_trip_on_two_workers",
        2,
        |link| {
            let micros = leno::block_on(async {
                let listener = listen(link).await;
                let serve = async move {
                    let mut stream = accept(listener).await;
                    let start = Instant::now();
                    strace::begin();
                    echo(&mut stream, COUNTED).await;
                    strace::end();
                    start.elapsed().as_micros()
                };
                leno::spawn(serve).await
            });
            link.send(micros);
        },
        |link| {
            ask(link);
            micros = link.receive();
        },
    );
    if let Some(calls) = calls {
        cost::assert_echo(&calls, COUNTED, cost::watch(micros));
    }
}
