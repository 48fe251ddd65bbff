//! A TCP server that sends back what it gets: one task for each connection.
//!
//! ```text
//! cargo run --release --example echo_server                      on 127.0.0.1:7000
//! cargo run --release --example echo_server -- 127.0.0.1:7001    elsewhere
//! ```
//!
//! Then, in another terminal: `cargo run --release --example echo_client`. Ctrl-C stops the server.
//!
//! Expected output, after one client came and went (the client's port differs):
//!
//! ```text
//! listening on 127.0.0.1:7000
//! 127.0.0.1:51234 connected
//! 127.0.0.1:51234 left after 12 bytes
//! ```

use leno::net::{TcpListener, TcpStream};
use leno::{Timer, io};
use std::time::Duration;

// `main` becomes a task, and this thread one of the workers that run tasks.
#[leno::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:7000");
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    loop {
        // While nobody comes, this task waits here, and takes no thread.
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // One that failed is no reason to stop, but the cause (no descriptors left?) may need a moment to pass.
                eprintln!("could not accept a connection: {error}");
                Timer::after(Duration::from_millis(50)).await;
                continue;
            }
        };
        println!("{peer} connected");

        // A task runs by itself from here on, beside this loop and all other connections.
        let connection = leno::spawn(async move {
            match echo(stream).await {
                Ok(bytes) => println!("{peer} left after {bytes} bytes"),
                Err(error) => println!("{peer} broke off: {error}"),
            }
        });
        // Dropping a `Task` would cancel it; nobody needs this one's result, so let it run.
        connection.detach();
    }
}

/// Sends everything back, and gives the number of bytes.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    // A clone is a second handle to the same connection: one to read from, one to write to.
    io::copy(stream.clone(), stream).await
}
