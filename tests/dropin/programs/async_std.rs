//! Code of async-std's time, with its executor by name, beside code of smol's in the same program.

mod counts;

use async_std::io::ReadExt;
use async_std::io::WriteExt;
use async_std::net::{TcpListener, TcpStream, UdpSocket};
use async_std::prelude::FutureExt;
use async_std::stream::StreamExt;
use async_std::sync::{Arc, Barrier, Mutex};
use async_std::{fs, task};
use std::time::Duration;

async fn echo(listener: TcpListener) {
    let mut incoming = listener.incoming();
    while let Some(stream) = incoming.next().await {
        let stream = stream.unwrap();
        task::spawn(async move {
            let (reader, writer) = &mut (&stream, &stream);
            async_std::io::copy(reader, writer).await.unwrap();
        });
    }
}

fn main() {
    async_global_executor::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async_global_executor::spawn(echo(listener));

        let total = Arc::new(Mutex::new(0));
        let barrier = Arc::new(Barrier::new(8));
        let clients: Vec<_> = (0..8_u8)
            .map(|n| {
                let total = total.clone();
                let barrier = barrier.clone();
                task::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    barrier.wait().await;
                    for round in 0..20 {
                        let sent = vec![n; 1000 * round];
                        let mut back = vec![0; sent.len()];
                        stream.write_all(&sent).await.unwrap();
                        stream.read_exact(&mut back).await.unwrap();
                        assert_eq!(sent, back);
                        *total.lock().await += back.len();
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
        println!(
            "bytes echoed to clients of async-std: {}",
            *total.lock().await
        );

        // A stream of smol's talks to the listener of async-std.
        let answer = smol::spawn(async move {
            let mut stream = smol::net::TcpStream::connect(address).await.unwrap();
            smol::io::AsyncWriteExt::write_all(&mut stream, b"from smol")
                .await
                .unwrap();
            let mut back = [0; 9];
            smol::io::AsyncReadExt::read_exact(&mut stream, &mut back)
                .await
                .unwrap();
            String::from_utf8(back.to_vec()).unwrap()
        });
        println!("echoed to smol: {}", answer.await);

        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let place = receiver.local_addr().unwrap();
        for n in 0..10_u8 {
            sender.send_to(&[n], place).await.unwrap();
            let mut datagram = [0; 8];
            assert_eq!(
                receiver.recv_from(&mut datagram).await.unwrap(),
                (1, sender.local_addr().unwrap())
            );
            assert_eq!(datagram[0], n);
        }
        println!("datagrams: 10");

        let late = receiver
            .recv_from(&mut [0; 8])
            .timeout(Duration::from_millis(30))
            .await;
        println!(
            "a datagram that does not come is a time-out: {}",
            late.is_err()
        );
        let ticks = async_std::stream::interval(Duration::from_millis(1))
            .take(5)
            .count()
            .await;
        println!("ticks: {ticks}");

        let path = std::env::temp_dir().join(format!("async-std-{}", std::process::id()));
        fs::write(&path, "warp").await.unwrap();
        println!("from a file: {}", fs::read_to_string(&path).await.unwrap());
        fs::remove_file(&path).await.unwrap();

        let child = async_std::process::Command::new("echo")
            .arg("-n")
            .arg("cloth")
            .output()
            .await
            .unwrap();
        println!("from a child: {}", String::from_utf8(child.stdout).unwrap());

        let blocking = async_global_executor::spawn_blocking(|| {
            std::thread::sleep(Duration::from_millis(5));
            "slept"
        });
        let local = async_global_executor::spawn_local(async {
            let own = std::rc::Rc::new(std::cell::Cell::new(1));
            task::yield_now().await;
            own.get() + 1
        });
        println!("blocking: {}, local: {}", blocking.await, local.await);
        println!(
            "async-std's block_on inside: {}",
            task::block_on(async { task::spawn(async { 7 }).await })
        );

        counts::report("async-std");
        server.cancel().await;
    });
}
