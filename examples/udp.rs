//! Datagrams can get lost, so who needs an answer asks again: a request with a time-out and retries, over UDP.
//!
//! The server here ignores every other datagram, as if the network had lost it.
//!
//! ```text
//! cargo run --release --example udp
//! ```
//!
//! Expected output:
//!
//! ```text
//! ask 1, try 1: no answer in time
//! ask 1, try 2: got "1 squared is 1"
//! ask 2, try 1: no answer in time
//! ask 2, try 2: got "2 squared is 4"
//! ask 3, try 1: no answer in time
//! ask 3, try 2: got "3 squared is 9"
//! ```

use leno::io;
use leno::net::UdpSocket;
use std::time::Duration;

/// Longer than any answer takes on one machine, so that only what was ignored is asked again.
const PATIENCE: Duration = Duration::from_millis(500);

const TRIES: usize = 5;

#[leno::main]
async fn main() -> io::Result<()> {
    // Port 0: any that is free.
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    // Dropping this task at the end of `main` cancels it.
    let _serving = leno::spawn(serve(server));

    let client = UdpSocket::bind("127.0.0.1:0").await?;
    // From here on it sends there, and hears nobody else.
    client.connect(address).await?;
    for number in 1..=3 {
        ask(&client, number).await?;
    }
    Ok(())
}

async fn ask(client: &UdpSocket, number: u32) -> io::Result<()> {
    let mut answer = [0; 64];
    for attempt in 1..=TRIES {
        client.send(number.to_string().as_bytes()).await?;
        match leno::timeout(PATIENCE, client.recv(&mut answer)).await {
            Ok(length) => {
                let answer = String::from_utf8_lossy(&answer[..length?]);
                println!("ask {number}, try {attempt}: got {answer:?}");
                return Ok(());
            }
            // The `recv` was dropped while it waited; that loses no datagram.
            Err(_timed_out) => println!("ask {number}, try {attempt}: no answer in time"),
        }
    }
    let message = format!("no answer to {number} after {TRIES} tries");
    Err(io::Error::new(io::ErrorKind::TimedOut, message))
}

async fn serve(server: UdpSocket) -> io::Result<()> {
    let mut request = [0; 64];
    let mut count = 0;
    loop {
        let (length, peer) = server.recv_from(&mut request).await?;
        count += 1;
        if count % 2 == 1 {
            continue;
        }
        // Anybody can send anything: what makes no sense gets no answer.
        let number = std::str::from_utf8(&request[..length]).map(str::parse::<u32>);
        if let Ok(Ok(number)) = number {
            let answer = format!("{number} squared is {}", u64::from(number).pow(2));
            server.send_to(answer.as_bytes(), peer).await?;
        }
    }
}
