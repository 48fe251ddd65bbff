//! A server that has nothing to do: nothing, however many connections it has.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use leno::io::{AsyncReadExt, AsyncWriteExt};
use leno::net::TcpListener;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::link::Link;
use crate::strace::{self, Calls};

const CONNECTIONS: usize = 10_000;

const IDLE: Duration = Duration::from_secs(2);

/// One end of the connections, and some for the process itself.
fn allow_descriptors() {
    let needed = CONNECTIONS as u64 + 200;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(
        hard >= needed,
        "this test needs {needed} descriptors in each of two processes, and the limit is {hard}: ulimit -Hn {needed}"
    );
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(needed), hard).unwrap();
}

/// Echoes bytes until the peer closes.
async fn serve(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let echo = leno::spawn(async move {
            let mut buffer = [0; 64];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => stream.write_all(&buffer[..read]).await.unwrap(),
                }
            }
        });
        echo.detach();
    }
}

/// Opens the connections, and uses each once, so that each has a task that waits for more.
fn connect(link: &mut Link) {
    allow_descriptors();
    let address: SocketAddr = link.receive();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        clients.push(client);
    }
    link.send(CONNECTIONS);
    // They stay open until the child has counted.
    let _idled: String = link.receive();
}

fn idle(workers: usize, name: &str) -> Option<Calls> {
    let child = |link: &mut Link| {
        allow_descriptors();
        let listener = leno::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        link.send(listener.local_addr().unwrap());
        leno::spawn(serve(listener)).detach();
        let connected: usize = link.receive();
        assert_eq!(connected, CONNECTIONS);
        // Until the watch has found that nobody runs and is off duty.
        strace::settle();
        strace::begin();
        thread::sleep(IDLE);
        strace::end();
        link.send("idled");
    };
    strace::trace(name, workers, child, connect)
}

/// What the sleep of the counting thread itself costs.
fn nothing_but_the_sleep() -> Calls {
    Calls::of(&[("nanosleep", 1)])
}

#[test]
fn one_worker() {
    if let Some(calls) = idle(1, "idle::one_worker") {
        assert_eq!(calls, nothing_but_the_sleep());
    }
}

#[test]
fn two_workers() {
    if let Some(calls) = idle(2, "idle::two_workers") {
        assert_eq!(calls, nothing_but_the_sleep());
    }
}
