//! Sends each line of its standard input to the echo server, and prints what comes back.
//!
//! ```text
//! cargo run --release --example echo_client                      to 127.0.0.1:7000
//! cargo run --release --example echo_client -- 127.0.0.1:7001    elsewhere
//! ```
//!
//! Expected output, with `echo_server` running and the lines "hello" and "world" typed (Ctrl-D ends it):
//!
//! ```text
//! connected to 127.0.0.1:7000
//! echo: hello
//! echo: world
//! sent 2 lines, got 2 back
//! ```

use leno::io::{BufReader, Error, ErrorKind};
use leno::net::TcpStream;
use leno::{Unblock, io, prelude::*};
use std::time::Duration;

fn main() -> io::Result<()> {
    // `block_on` runs one future on this thread. A client that does one thing at a time needs no workers.
    leno::block_on(async {
        let address = std::env::args().nth(1);
        let address = address.as_deref().unwrap_or("127.0.0.1:7000");
        // The first `?` is for the time-out, the second for the connection.
        let stream = leno::timeout(Duration::from_secs(5), TcpStream::connect(address))
            .await?
            .map_err(|error| {
                let message = format!("{error}; is the echo_server running on {address}?");
                Error::new(error.kind(), message)
            })?;
        println!("connected to {}", stream.peer_addr()?);

        // Reading a terminal blocks its thread: there is no way to ask it whether something is there, on all systems. So
        // `Unblock` reads it on a thread that is for blocking.
        let mut lines = BufReader::new(Unblock::new(std::io::stdin())).lines();
        let mut writer = stream.clone();
        let mut echoes = BufReader::new(stream).lines();

        let mut count = 0;
        while let Some(line) = lines.next().await {
            // One write for the line and its end.
            writer.write_all(format!("{}\n", line?).as_bytes()).await?;
            let echo = leno::timeout(Duration::from_secs(5), echoes.next()).await?;
            let echo = echo.ok_or_else(|| {
                Error::new(ErrorKind::UnexpectedEof, "the server closed the connection")
            })??;
            println!("echo: {echo}");
            count += 1;
        }

        // Closing our side tells the server that no more comes; it then closes its own.
        writer.close().await?;
        match echoes.next().await {
            None => println!("sent {count} lines, got {count} back"),
            Some(line) => println!("one too many: {:?}", line?),
        }
        Ok(())
    })
}
