//! A chat: what one says, all others hear, and nobody who reads slowly can stall the rest.
//!
//! Each client has a queue of limited length. Whoever speaks only ever *tries* to put a line into the others' queues, and
//! never waits. If a client doesn't keep up and its queue is full, lines for it are dropped, and it is told how many.
//!
//! ```text
//! cargo run --release --example chat_server                      on 127.0.0.1:7010
//! cargo run --release --example chat_server -- 127.0.0.1:7011    elsewhere
//! ```
//!
//! Then start `cargo run --release --example chat_client -- NAME` in other terminals. Ctrl-C stops the server.
//!
//! Expected output, after Ada and Bob came, and Bob left:
//!
//! ```text
//! listening on 127.0.0.1:7010
//! Ada joined, 1 here
//! Bob joined, 2 here
//! Bob left, 1 here
//! ```

use leno::channel::{self, Receiver, Sender, TrySendError};
use leno::io::{BufReader, Error, ErrorKind};
use leno::net::{TcpListener, TcpStream};
use leno::{Timer, future, io, prelude::*};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many lines may wait for a client.
const QUEUE: usize = 64;

/// The longest line, in bytes. Without an end to it, one client could fill the memory.
const LONGEST_LINE: u64 = 1024;

/// A client that takes nothing for so long is gone, or might as well be.
const PATIENCE: Duration = Duration::from_secs(30);

#[leno::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:7010");
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    let room = Arc::new(Room::default());
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let room = room.clone();
                leno::spawn(async move {
                    if let Err(error) = serve(stream, &room).await {
                        println!("a connection broke off: {error}");
                    }
                })
                .detach();
            }
            Err(error) => {
                eprintln!("could not accept a connection: {error}");
                Timer::after(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves one client: its first line is its name, all others are what it says.
async fn serve(mut stream: TcpStream, room: &Room) -> io::Result<()> {
    let mut lines = BufReader::new(stream.clone());
    let Some(name) = leno::timeout(PATIENCE, read_line(&mut lines)).await?? else {
        return Ok(());
    };
    let Some((seat, queue)) = room.join(&name) else {
        return stream.write_all(b"* this name is taken or empty\n").await;
    };

    // Two things at once, as one task: hear what the client says, and tell it what the others say. When either ends, the
    // other is dropped.
    let listen = async {
        while let Some(line) = read_line(&mut lines).await? {
            room.say(&name, &format!("{name}: {line}\n"));
        }
        Ok(())
    };
    future::or(listen, tell(stream, queue, &seat.client)).await
    // Here `seat` is dropped, and the client leaves the room, whatever the reason was.
}

/// Writes what is in the queue to the client, for as long as it takes it.
async fn tell(mut stream: TcpStream, queue: Receiver<Arc<str>>, client: &Client) -> io::Result<()> {
    while let Ok(line) = queue.recv().await {
        leno::timeout(PATIENCE, stream.write_all(line.as_bytes())).await??;
        let missed = client.missed.swap(0, Relaxed);
        if missed > 0 {
            let notice = format!("* you read too slowly: {missed} lines were dropped\n");
            leno::timeout(PATIENCE, stream.write_all(notice.as_bytes())).await??;
        }
    }
    Ok(())
}

/// The next line without its end; `None` at the end of the stream.
async fn read_line(lines: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = lines.take(LONGEST_LINE).read_line(&mut line).await?;
    if length as u64 == LONGEST_LINE && !line.ends_with('\n') {
        let message = format!("a line is longer than {LONGEST_LINE} bytes");
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    line.truncate(line.trim_end().len());
    Ok((length > 0).then_some(line))
}

/// Who is here.
#[derive(Default)]
struct Room {
    // A lock of the standard library, because it is never held across an `await`: nobody waits long for it.
    clients: Mutex<HashMap<String, Arc<Client>>>,
}

struct Client {
    queue: Sender<Arc<str>>,
    /// How many lines were dropped since the client was last told: added to by those who speak, taken by the client's own
    /// task. Only a number, it pairs with nothing.
    missed: AtomicU64,
}

/// A place in the room; dropping it leaves.
struct Seat<'a> {
    room: &'a Room,
    name: String,
    client: Arc<Client>,
}

impl Room {
    fn join(&self, name: &str) -> Option<(Seat<'_>, Receiver<Arc<str>>)> {
        let (sender, queue) = channel::bounded(QUEUE);
        let client = Arc::new(Client {
            queue: sender,
            missed: AtomicU64::new(0),
        });
        let count = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if name.is_empty() || clients.contains_key(name) {
                return None;
            }
            clients.insert(name.to_owned(), client.clone());
            clients.len()
        };
        println!("{name} joined, {count} here");
        self.say(name, &format!("* {name} joined\n"));
        let name = name.to_owned();
        let seat = Seat {
            room: self,
            name,
            client,
        };
        Some((seat, queue))
    }

    /// Puts a line into the queue of everybody but the one who says it.
    fn say(&self, speaker: &str, line: &str) {
        // All queues share one copy of the text.
        let line = Arc::<str>::from(line);
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        for (_name, client) in clients.iter().filter(|(name, _)| *name != speaker) {
            // A queue that is closed belongs to a client that is just leaving.
            if let Err(TrySendError::Full(_)) = client.queue.try_send(line.clone()) {
                client.missed.fetch_add(1, Relaxed);
            }
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let Seat { room, name, .. } = self;
        let count = {
            let mut clients = room.clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.remove(name);
            clients.len()
        };
        println!("{name} left, {count} here");
        room.say(name, &format!("* {name} left\n"));
    }
}
