//! async-compat with reqwest, a client that needs tokio, against a server of smol's in the same program.

mod counts;

use async_compat::{Compat, CompatExt};
use smol::io::{BufReader, Result};
use smol::net::{TcpListener, TcpStream};
use smol::prelude::*;

/// Answers `POST` with the body in reverse, and keeps the connection.
async fn serve(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.clone());
    let mut writer = stream;
    loop {
        let mut length = 0;
        let mut lines = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            lines += 1;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await?;
        body.reverse();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nx-lines: {lines}\r\n\r\n");
        writer.write_all(head.as_bytes()).await?;
        writer.write_all(&body).await?;
    }
}

fn main() {
    smol::block_on(Compat::new(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        smol::spawn(async move {
            let mut incoming = listener.incoming();
            while let Some(stream) = incoming.next().await {
                smol::spawn(serve(stream.unwrap())).detach();
            }
        })
        .detach();

        let client = reqwest::Client::new();
        let mut bytes = 0;
        for n in 0..20_usize {
            let body = "ab".repeat(n * n * 100);
            let answer = client.post(&url).body(body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let text = answer.text().await.unwrap();
            assert_eq!(text, "ba".repeat(n * n * 100));
            bytes += text.len();
        }
        println!("one after the other: {bytes} bytes");

        // Tasks of smol's executor, each in the context of tokio by itself.
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let request = client.post(&url).body(n.to_string().repeat(1000));
                smol::spawn(
                    async move { request.send().await.unwrap().bytes().await.unwrap().len() }
                        .compat(),
                )
            })
            .collect();
        let mut bytes = 0;
        for task in tasks {
            bytes += task.await;
        }
        println!("at once: {bytes} bytes");
        counts::report("async-compat");
    }));
}
