//! The same reads done in three ways: by a thread for each connection, by many tasks on one thread, and by many tasks on
//! all workers.
//!
//! A sender, which is another process so that it does not disturb the counts, opens 200 connections and sends 20 messages
//! on each, a round at a time with a pause after it, so that every reader has to wait for every message. What differs is
//! who waits:
//!
//! - A thread that reads waits inside the system call. It needs a stack and a place in the scheduler while it does, and
//!   the kernel switches to it and away again for each message.
//! - A task that reads and finds nothing is put aside: it is a small object in memory. The one thread below it waits in
//!   one call for all sockets at once, and when it wakes it often finds many of them ready.
//! - With many workers, several threads do that, each for its share of the sockets. That pays when reading a message is
//!   followed by work; here there is hardly any.
//!
//! ```text
//! cargo run --release --example socket_read
//! ```
//!
//! Expected output (the numbers differ; threads and switches are counted for this process only; "?" where the system
//! does not tell):
//!
//! ```text
//! 200 connections, 20 messages of 64 bytes on each
//!
//! readers               who waits, and where                       threads  switches  CPU ms  time ms  messages
//! a thread each         each of 200 threads, in its own read()         201      4417     120      232      4000
//! tasks, one thread     1 thread, in one wait for all sockets            1      1295      34      159      4000
//! tasks, all workers    2 workers, each in a wait for its sockets        3      1673      40      167      4000
//!
//! all three read the same 4000 messages
//! ```

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use leno::prelude::*;
use leno::{Async, LocalExecutor};

const CONNECTIONS: usize = 200;
const MESSAGES: usize = 20;
const SIZE: usize = 64;

/// Between two rounds, so that the readers have to wait.
const PAUSE: Duration = Duration::from_millis(4);

fn main() -> ExitCode {
    let outcome = match env::args().nth(1) {
        // The other process: this program started it, with the address to send to.
        Some(address) => send(&address),
        None => compare(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> io::Result<()> {
    println!("{CONNECTIONS} connections, {MESSAGES} messages of {SIZE} bytes on each\n");
    println!(
        "{:<20}  {:<41}  {:>7}  {:>8}  {:>6}  {:>7}  {:>8}",
        "readers", "who waits, and where", "threads", "switches", "CPU ms", "time ms", "messages"
    );

    // The workers start at the first `spawn`, so the way that uses them comes last.
    let threads = measure(
        "a thread each",
        &format!("each of {CONNECTIONS} threads, in its own read()"),
        with_threads,
    )?;
    let one = measure(
        "tasks, one thread",
        "1 thread, in one wait for all sockets",
        with_tasks_on_one_thread,
    )?;
    let workers = leno::workers();
    let all = measure(
        "tasks, all workers",
        &match workers {
            1 => "1 worker, in one wait for all sockets".to_owned(),
            _ => format!("{workers} workers, each in a wait for its sockets"),
        },
        with_tasks_on_all_workers,
    )?;

    let expected = CONNECTIONS * MESSAGES;
    if [threads, one, all] != [expected; 3] {
        return Err(io::Error::other(format!(
            "{expected} messages were sent each time, but {threads}, {one} and {all} were read"
        )));
    }
    println!("\nall three read the same {expected} messages");
    Ok(())
}

// ---- three ways to read ----------------------------------------------------------------------------------------------

/// Each connection has a thread, which blocks in `read`.
fn with_threads(connections: Vec<TcpStream>, start: &mut dyn FnMut()) -> io::Result<usize> {
    thread::scope(|scope| {
        let readers: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                scope.spawn(move || {
                    let mut message = [0; SIZE];
                    let mut count = 0;
                    loop {
                        match connection.read_exact(&mut message) {
                            Ok(()) => count += 1,
                            Err(error) => return at_the_end(error, count),
                        }
                    }
                })
            })
            .collect();
        start();
        readers
            .into_iter()
            .map(|reader| reader.join().expect("a reader does not panic"))
            .sum()
    })
}

/// What a task does looks just like what a thread does; only each place where it may have to wait says `await`.
async fn read_all(connection: TcpStream) -> io::Result<usize> {
    let mut connection = Async::new(connection)?;
    let mut message = [0; SIZE];
    let mut count = 0;
    loop {
        match connection.read_exact(&mut message).await {
            Ok(()) => count += 1,
            Err(error) => return at_the_end(error, count),
        }
    }
}

/// Each connection has a task, and this thread runs them all.
fn with_tasks_on_one_thread(
    connections: Vec<TcpStream>,
    start: &mut dyn FnMut(),
) -> io::Result<usize> {
    let executor = LocalExecutor::new();
    leno::block_on(executor.run(async {
        let readers: Vec<_> = connections
            .into_iter()
            .map(|connection| executor.spawn(read_all(connection)))
            .collect();
        start();
        let mut count = 0;
        for reader in readers {
            count += reader.await?;
        }
        Ok(count)
    }))
}

/// Each connection has a task, and the workers share them.
fn with_tasks_on_all_workers(
    connections: Vec<TcpStream>,
    start: &mut dyn FnMut(),
) -> io::Result<usize> {
    leno::block_on(async {
        let readers: Vec<_> = connections
            .into_iter()
            .map(|connection| leno::spawn(read_all(connection)))
            .collect();
        start();
        let mut count = 0;
        for reader in readers {
            count += reader.await?;
        }
        Ok(count)
    })
}

/// A connection ends with the end of the stream; any other error is one.
fn at_the_end(error: io::Error, count: usize) -> io::Result<usize> {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Ok(count),
        _ => Err(error),
    }
}

// ---- measuring -------------------------------------------------------------------------------------------------------

/// Runs one way, and prints its row of the table. Gives the number of messages read.
///
/// `read` gets the connections, and what to call when all its readers are there: then the sender starts.
fn measure(
    readers: &str,
    who_waits: &str,
    read: fn(Vec<TcpStream>, &mut dyn FnMut()) -> io::Result<usize>,
) -> io::Result<usize> {
    let (connections, go, mut sender) = connect()?;
    let (mut go, mut threads) = (Some(go), 0);
    let before = usage();
    let started = Instant::now();
    let count = read(connections, &mut || {
        threads = threads_now();
        go = None;
    })?;
    let time = started.elapsed();
    let after = usage();
    // A runtime may have started a thread later than its readers.
    let threads = threads.max(threads_now());
    if !sender.wait()?.success() {
        return Err(io::Error::other("the sender failed"));
    }

    let (switches, cpu) = match (before, after) {
        (Some(before), Some(after)) => (
            (after.switches - before.switches).to_string(),
            (after.cpu - before.cpu).as_millis().to_string(),
        ),
        _ => ("?".to_owned(), "?".to_owned()),
    };
    let threads = match threads {
        0 => "?".to_owned(),
        threads => threads.to_string(),
    };
    println!(
        "{readers:<20}  {who_waits:<41}  {threads:>7}  {switches:>8}  {cpu:>6}  {:>7}  {count:>8}",
        time.as_millis()
    );
    Ok(count)
}

struct Usage {
    /// How often a thread of this process gave up its processor in order to wait.
    switches: u64,
    cpu: Duration,
}

#[cfg(unix)]
fn usage() -> Option<Usage> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let cpu = usage.user_time() + usage.system_time();
    Some(Usage {
        switches: u64::try_from(usage.voluntary_context_switches()).ok()?,
        cpu: Duration::from_micros(u64::try_from(cpu.num_microseconds()).ok()?),
    })
}

#[cfg(not(unix))]
fn usage() -> Option<Usage> {
    None
}

/// How many threads this process has; 0 where the system does not tell.
fn threads_now() -> usize {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let threads = status.lines().find_map(|l| l.strip_prefix("Threads:"));
    threads.map_or(0, |number| number.trim().parse().unwrap_or(0))
}

// ---- the sender, in a process of its own -----------------------------------------------------------------------------

/// Starts a sender and accepts its connections. It waits with the first message until the second value is dropped.
fn connect() -> io::Result<(Vec<TcpStream>, TcpStream, Child)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let sender = Command::new(env::current_exe()?)
        .arg(listener.local_addr()?.to_string())
        .spawn()?;
    let go = listener.accept()?.0;
    let connections = (0..CONNECTIONS)
        .map(|_| Ok(listener.accept()?.0))
        .collect::<io::Result<_>>()?;
    Ok((connections, go, sender))
}

fn send(address: &str) -> io::Result<()> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let mut go = TcpStream::connect(address)?;
    let mut connections = (0..CONNECTIONS)
        .map(|_| {
            let connection = TcpStream::connect(address)?;
            connection.set_nodelay(true)?;
            Ok(connection)
        })
        .collect::<io::Result<Vec<_>>>()?;

    // Nothing comes on this one: it ends when everybody reads.
    go.read_to_end(&mut Vec::new())?;
    for _ in 0..MESSAGES {
        thread::sleep(PAUSE);
        for connection in &mut connections {
            connection.write_all(&[b'x'; SIZE])?;
        }
    }
    Ok(())
}
