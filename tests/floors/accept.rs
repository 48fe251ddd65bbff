//! A connection whose request is there already: accept, read, write, close.

use std::io::{Read, Write};
use std::net::SocketAddr;

use leno::io::{AsyncReadExt, AsyncWriteExt};
use leno::net::{ListenOptions, TcpListener, TcpStream};

use crate::link::Link;
use crate::strace::{self, Calls};

/// As many as fit into the backlog.
const CONNECTIONS: u64 = 100;

/// Listens, waits until the backlog is full of requests, and lets `serve` serve them.
async fn listen(link: &mut Link) -> TcpListener {
    let options = ListenOptions::new().backlog(2 * CONNECTIONS as u32);
    let listener = TcpListener::bind_with("127.0.0.1:0", &options)
        .await
        .unwrap();
    link.send(listener.local_addr().unwrap());
    let _full: u64 = link.receive();
    listener
}

async fn reply(mut stream: TcpStream) {
    let mut buffer = [0; 1024];
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 64);
    stream.write_all(&buffer[..64]).await.unwrap();
}

/// The clients, which are not traced.
fn ask(link: &mut Link) {
    let address: SocketAddr = link.receive();
    let mut clients: Vec<_> = (0..CONNECTIONS)
        .map(|n| {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(&[n as u8; 64]).unwrap();
            client
        })
        .collect();
    link.send(CONNECTIONS);
    for (n, client) in clients.iter_mut().enumerate() {
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).unwrap();
        assert_eq!(reply, [n as u8; 64]);
    }
}

fn four_a_connection() -> Calls {
    Calls::of(&[
        ("accept", CONNECTIONS),
        ("read", CONNECTIONS),
        ("write", CONNECTIONS),
        ("close", CONNECTIONS),
    ])
}

#[test]
fn a_connection_in_block_on() {
    let calls = strace::trace(
        "accept::a_connection_in_block_on",
        1,
        |link| {
            leno::block_on(async {
                let listener = listen(link).await;
                strace::settle();
                strace::begin();
                for _ in 0..CONNECTIONS {
                    reply(listener.accept().await.unwrap().0).await;
                }
                strace::end();
            });
        },
        ask,
    );
    if let Some(calls) = calls {
        assert_eq!(calls, four_a_connection());
    }
}

/// One task accepts, and each connection has a task of its own.
#[test]
fn a_connection_in_a_task() {
    let calls = strace::trace(
        "accept::a_connection_in_a_task",
        1,
        |link| {
            leno::block_on(async {
                let listener = listen(link).await;
                leno::spawn(async move {
                    let mut replies = Vec::new();
                    strace::settle();
                    strace::begin();
                    for _ in 0..CONNECTIONS {
                        let (stream, _) = listener.accept().await.unwrap();
                        replies.push(leno::spawn(reply(stream)));
                    }
                    for reply in replies {
                        reply.await;
                    }
                    strace::end();
                })
                .await
            });
        },
        ask,
    );
    if let Some(calls) = calls {
        assert_eq!(calls, four_a_connection());
    }
}
