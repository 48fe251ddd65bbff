//! What is counted. One worker does all of it, so that the order of things is always the same.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, Result};
use atomic_waker::AtomicWaker;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future};
use leno::net::{TcpListener, TcpStream};

/// One operation, and how often it is done in the shorter of two runs.
#[derive(Clone, Copy)]
pub struct Operation {
    pub name: &'static str,
    pub times: u64,
}

const fn operation(name: &'static str, times: u64) -> Operation {
    Operation { name, times }
}

pub const OPERATIONS: [Operation; 6] = [
    operation("spawn", 20_000),
    operation("wake", 40_000),
    operation("yield", 40_000),
    operation("message", 40_000),
    operation("timer", 20_000),
    operation("echo", 4_000),
];

/// Does an operation so many times, on a worker of a new runtime.
pub fn run(name: &str, times: u64) -> Result<()> {
    leno::Builder::new().workers(1).start()?;
    match name {
        "spawn" => on_worker(spawn(times)),
        "wake" => on_worker(wake(times)),
        "yield" => on_worker(yield_now(times)),
        "message" => on_worker(message(times))?,
        "timer" => on_worker(timer(times)),
        "echo" => on_worker(echo(times))?,
        _ => return Err(anyhow::anyhow!("no operation is called {name:?}")),
    }
    Ok(())
}

fn on_worker<T: Send + 'static>(body: impl Future<Output = T> + Send + 'static) -> T {
    leno::block_on(leno::spawn(body))
}

/// A task is started and awaited, a hundred at a time.
async fn spawn(times: u64) {
    for _ in 0..times / 100 {
        let tasks: Vec<_> = (0..100)
            .map(|n| leno::spawn(async move { black_box(n) }))
            .collect();
        for task in tasks {
            task.await;
        }
    }
}

/// Two tasks take turns: one wakes the other and waits.
async fn wake(times: u64) {
    /// Whose turn it is, and both sides.
    #[derive(Default)]
    struct Table {
        turn: AtomicU64,
        sides: [AtomicWaker; 2],
    }

    async fn play(table: Arc<Table>, side: u64, turns: u64) {
        let (own, other) = (side as usize, 1 - side as usize);
        for n in 0..turns {
            poll_fn(|context| {
                table.sides[own].register(context.waker());
                if table.turn.load(Ordering::Acquire) == n * 2 + side {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            table.turn.store(n * 2 + side + 1, Ordering::Release);
            table.sides[other].wake();
        }
    }

    let table = Arc::new(Table::default());
    let [left, right] = [0, 1].map(|side| leno::spawn(play(table.clone(), side, times / 2)));
    left.await;
    right.await;
}

/// A task gives up its turn, and gets it again.
async fn yield_now(times: u64) {
    for _ in 0..times {
        future::yield_now().await;
    }
}

/// One task sends to another, over a channel that holds a hundred.
async fn message(times: u64) -> Result<()> {
    let (sender, receiver) = leno::channel::bounded(100);
    let sending = leno::spawn(async move {
        for n in 0..times {
            sender.send(n).await?;
        }
        anyhow::Ok(())
    });
    let mut received = 0;
    while receiver.recv().await.is_ok() {
        received += 1;
    }
    assert_eq!(received, times);
    sending.await
}

/// A timer is set and dropped.
async fn timer(times: u64) {
    for n in 0..times {
        let timer = pin!(leno::Timer::after(Duration::from_secs(60 + n % 60)));
        assert!(future::poll_once(timer).await.is_none());
    }
}

/// 64 bytes go to another task over TCP and come back; both ends are counted.
async fn echo(times: u64) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = leno::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut buffer = vec![0; 4096];
        loop {
            let length = stream.read(&mut buffer).await?;
            if length == 0 {
                return anyhow::Ok(());
            }
            stream.write_all(&buffer[..length]).await?;
        }
    });
    let mut client = TcpStream::connect(address).await?;
    let mut reply = [0; 64];
    for n in 0..times {
        client.write_all(&[n as u8; 64]).await?;
        client.read_exact(&mut reply).await?;
        assert_eq!(reply, [n as u8; 64]);
    }
    drop(client);
    server.await.context("the server")
}
