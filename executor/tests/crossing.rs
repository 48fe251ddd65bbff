//! What begins in a `block_on` and goes on in a task, and the other way round.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use leno_executor::spawn;
use leno_reactor::{Async, Timer, block_on};

/// Against hangs.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn a_socket_from_a_task_is_read_in_a_block_on() {
    let (sender, receiver) = mpsc::channel();
    spawn(async move {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let peer = TcpStream::connect(address).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"x").await.unwrap();
        sender.send((stream, peer)).unwrap();
    })
    .detach();
    let (mut stream, peer) = receiver.recv_timeout(LONG).unwrap();
    let writer = std::thread::spawn(move || {
        for round in 0..20 {
            std::thread::sleep(Duration::from_millis(2));
            std::io::Write::write_all(&mut &peer, &[round]).unwrap();
        }
        peer
    });
    block_on(async {
        for round in 0..20 {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte[0], round);
        }
    });
    writer.join().unwrap();
}

#[test]
fn a_timer_from_a_block_on_fires_in_a_task() {
    let mut timer = Timer::after(Duration::from_millis(50));
    block_on(futures_lite::future::poll_once(&mut timer));
    let (sender, receiver) = mpsc::channel();
    spawn(async move {
        timer.await;
        sender.send(()).unwrap();
    })
    .detach();
    assert_eq!(receiver.recv_timeout(LONG), Ok(()));
}
