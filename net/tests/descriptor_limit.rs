//! Accepting when the process has no descriptor left: errors are few, others go on, nothing is lost.
//!
//! The limit holds for a whole process, so each case runs in a child: this test binary once more.
#![cfg(unix)]

mod deadline;

use std::cell::Cell;
use std::env;
use std::fs::File;
use std::io;
use std::process::Command;
use std::time::Duration;

use deadline::run;
use futures_lite::{future, prelude::*};
use leno_net::unix::{UnixListener, UnixStream};
use leno_net::{TcpListener, TcpStream};
use leno_reactor::Timer;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const IN_CHILD: &str = "LENO_NET_TEST_IN_CHILD";
const CLIENTS: usize = 8;
const ACCEPTORS: usize = 4;

/// More than this many failures can't be had with rests of 10, 20, 40, … ms while the limit is in force, even if a busy
/// machine makes that time ten times longer; without them it would be tens of thousands.
const MOST_FAILURES: usize = 30 * ACCEPTORS;

/// Runs `case` in a child process.
fn in_child(name: &str, case: impl Future<Output = io::Result<()>>) {
    if env::var_os(IN_CHILD).is_some() {
        return run(case);
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(IN_CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{}\n{text}", child.status);
    // The child has run the case, not filtered it away.
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
}

/// Takes all descriptors there are.
fn exhaust() -> io::Result<Vec<File>> {
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(64),
            maximum: hard,
        },
    )?;
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(err) => {
                assert_eq!(err.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                return Ok(taken);
            }
        }
    }
}

/// The clients are in the backlog. Accepts in a loop, from several tasks at once, first without and then with free
/// descriptors, beside a task that ticks.
async fn serve<T, F>(accept: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<T>>,
{
    // Whatever the reactor needs is open by now.
    Timer::after(Duration::from_millis(1)).await;
    let taken = exhaust()?;
    let (failures, accepted) = (Cell::new(0), Cell::new(Vec::new()));
    let all_served = || {
        let connections = accepted.take();
        let count = connections.len();
        accepted.set(connections);
        count == CLIENTS
    };
    let acceptor = || async {
        while !all_served() {
            match accept().await {
                Ok(connection) => {
                    let mut connections = accepted.take();
                    connections.push(connection);
                    accepted.set(connections);
                }
                Err(err) => {
                    assert_eq!(err.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                    failures.set(failures.get() + 1);
                    // Here, because a loop that spins lets nobody else look.
                    assert!(failures.get() <= MOST_FAILURES, "the loop spins");
                }
            }
        }
    };
    let ticker = async {
        for _ in 0..30 {
            Timer::after(Duration::from_millis(10)).await;
        }
        assert!(failures.get() > 0);
        drop(taken);
        // The acceptor that takes the last connection leaves the others waiting.
        while !all_served() {
            Timer::after(Duration::from_millis(10)).await;
        }
    };
    let acceptors = async {
        let pair = || future::zip(acceptor(), acceptor());
        future::zip(pair(), pair()).await;
    };
    future::or(ticker, async {
        acceptors.await;
        future::pending().await
    })
    .await;
    assert!(all_served());
    Ok(())
}

#[test]
fn tcp_listener() {
    in_child("tcp_listener", async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(TcpStream::connect(listener.local_addr()?).await?);
        }
        serve(|| {
            let listener = listener.clone();
            async move { listener.accept().await }
        })
        .await
    });
}

#[test]
fn tcp_incoming() {
    in_child("tcp_incoming", async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(TcpStream::connect(listener.local_addr()?).await?);
        }
        serve(|| async { listener.incoming().next().await.unwrap() }).await
    });
}

#[test]
fn unix_listener() {
    in_child("unix_listener", async {
        let path = env::temp_dir().join(format!("leno-test-limit-{}", std::process::id()));
        let listener = UnixListener::bind(&path)?;
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(UnixStream::connect(&path).await?);
        }
        std::fs::remove_file(&path)?;
        serve(|| listener.accept()).await
    });
}
