//! Joins the chat: sends each line of its standard input, and prints what the others say, both at the same time.
//!
//! ```text
//! cargo run --release --example chat_client -- NAME [ADDRESS]    ADDRESS is 127.0.0.1:7010 if not given
//! ```
//!
//! Expected output for Ada, with `chat_server` running, when Bob joins, says "hello", and leaves; Ctrl-D leaves:
//!
//! ```text
//! joined as Ada at 127.0.0.1:7010; Ctrl-D leaves
//! * Bob joined
//! Bob: hello
//! * Bob left
//! ```

use leno::io::{BufReader, Error};
use leno::net::TcpStream;
use leno::{Unblock, future, io, prelude::*};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(name) = words.next() else {
        eprintln!("usage: chat_client NAME [ADDRESS]");
        return ExitCode::from(2);
    };
    let address = words.next().unwrap_or_else(|| "127.0.0.1:7010".to_owned());
    match leno::block_on(chat(&name, &address)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn chat(name: &str, address: &str) -> io::Result<()> {
    let mut stream = leno::timeout(Duration::from_secs(5), TcpStream::connect(address))
        .await?
        .map_err(|error| {
            let message = format!("{error}; is the chat_server running on {address}?");
            Error::new(error.kind(), message)
        })?;
    stream.write_all(format!("{name}\n").as_bytes()).await?;
    println!("joined as {name} at {address}; Ctrl-D leaves");

    // `Unblock` does what would block this thread on another one: reading standard input, writing standard output.
    let mut typed = BufReader::new(Unblock::new(std::io::stdin())).lines();
    let mut screen = Unblock::new(std::io::stdout());
    let mut heard = BufReader::new(stream.clone()).lines();

    let speak = async {
        while let Some(line) = typed.next().await {
            stream.write_all(format!("{}\n", line?).as_bytes()).await?;
        }
        Ok(())
    };
    let listen = async {
        while let Some(line) = heard.next().await {
            screen.write_all(format!("{}\n", line?).as_bytes()).await?;
            screen.flush().await?;
        }
        Err(Error::other("the server closed the connection"))
    };
    // Both futures take turns on this thread. The first to end decides; the other is dropped.
    future::race(speak, listen).await
}
