//! Signals that interrupt every system call, at every thread of the runtime: nothing is lost, and nothing ends early.

#![cfg(target_os = "linux")]

mod child;
mod storm;

use std::time::{Duration, Instant};

use child::with_few_and_many_workers;
use leno::net::{TcpListener, TcpStream};
use leno::prelude::*;
use leno::{Timer, Unblock, block_on, spawn, unblock};
use storm::Storm;

/// More than a socket's buffers hold, so that both sides wait in the middle.
const BYTES: usize = 4 << 20;

async fn send_much() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sender = spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&vec![7; BYTES]).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.len() == BYTES && all.iter().all(|&byte| byte == 7));
    sender.await;
}

async fn ping_pong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).await.unwrap() == 1 {
            stream.write_all(&byte).await.unwrap();
        }
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    for round in 0..500_u32 {
        let mut byte = [round as u8];
        stream.write_all(&byte).await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte, [round as u8]);
    }
    drop(stream);
    server.await;
}

async fn sleep_a_lot() {
    for micros in 0..200 {
        let start = Instant::now();
        Timer::after(Duration::from_micros(micros)).await;
        assert!(start.elapsed() >= Duration::from_micros(micros), "early");
    }
}

async fn block_elsewhere() {
    for round in 0..50 {
        assert_eq!(unblock(move || round + 1).await, round + 1);
    }
    let mut source = Unblock::new(std::fs::File::open("/dev/zero").unwrap());
    let mut zeroes = vec![1; 1 << 20];
    source.read_exact(&mut zeroes).await.unwrap();
    assert!(zeroes.iter().all(|&byte| byte == 0));
    let addresses = leno::net::resolve("localhost:80").await.unwrap();
    assert!(addresses.iter().all(|address| address.ip().is_loopback()));
}

#[test]
fn a_storm_of_signals_at_the_workers() {
    with_few_and_many_workers("a_storm_of_signals_at_the_workers", || {
        let _storm = Storm::new();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            tasks.push(spawn(send_much()));
            tasks.push(spawn(ping_pong()));
            tasks.push(spawn(sleep_a_lot()));
            tasks.push(spawn(block_elsewhere()));
        }
        block_on(async {
            for task in tasks {
                task.await;
            }
        });
        assert!(storm::signals() > 100);
        assert_eq!(leno::shutdown(Duration::from_secs(20)).unwrap(), 0);
    });
}
