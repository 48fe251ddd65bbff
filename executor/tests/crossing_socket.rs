//! A socket that was left in the guests' reactor. The only test of its process: another one could bring a thread that sits
//! there.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use futures_lite::{AsyncReadExt, future};
use leno_executor::spawn;
use leno_reactor::{Async, Timer, block_on};

/// A connection that was made, and so registered, in a `block_on` which has ended.
fn connection() -> (Async<TcpStream>, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut stream = block_on(Async::<TcpStream>::connect(address)).unwrap();
    let (peer, _) = listener.accept().unwrap();
    // Waits for sure.
    block_on(async {
        let read = async {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
        };
        let write = async {
            Timer::after(Duration::from_millis(1)).await;
            (&peer).write_all(b"x").unwrap();
        };
        future::zip(read, write).await;
    });
    (stream, peer)
}

#[test]
fn a_socket_from_a_block_on_is_read_in_a_task() {
    let (mut stream, mut peer) = connection();
    let (sender, receiver) = mpsc::channel();
    spawn(async move {
        for _ in 0..20 {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            sender.send(byte[0]).unwrap();
        }
    })
    .detach();
    for round in 0..20 {
        std::thread::sleep(Duration::from_millis(2));
        peer.write_all(&[round]).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(30)), Ok(round));
    }
}
