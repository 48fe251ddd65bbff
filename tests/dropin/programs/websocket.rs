//! async-tungstenite: a WebSocket echo server, the crate's own client for smol, and one over a stream of the program's.

mod counts;

use async_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use async_tungstenite::tungstenite::{Bytes, Message};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use smol::io::{AsyncRead, AsyncWrite};
use smol::net::{TcpListener, TcpStream};
use smol::prelude::*;

async fn echo(stream: TcpStream) -> usize {
    let mut socket = accept_async(stream).await.unwrap();
    let mut echoed = 0;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
            echoed += 1;
        }
    }
    echoed
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) -> usize {
    let mut bytes = 0;
    for n in 0..20 {
        let text = "warp and weft ".repeat(n);
        socket.send(Message::text(text.clone())).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap().into_text().unwrap(),
            text
        );
        bytes += text.len();
    }
    // More than the buffers of both sockets hold: it only works if both sides read while the other writes.
    let block = vec![7; 3_000_000];
    socket.send(Message::binary(block.clone())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_data(), block);
    bytes += block.len();

    socket
        .send(Message::Ping(Bytes::from_static(b"still there?")))
        .await
        .unwrap();
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"still there?")));

    socket
        .close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: "done".into(),
        }))
        .await
        .unwrap();
    let goodbye = socket.next().await.unwrap().unwrap();
    assert!(goodbye.is_close());
    assert!(socket.next().await.is_none());
    bytes
}

fn main() {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = smol::spawn(async move {
            let mut echoing = Vec::new();
            for _ in 0..6 {
                let (stream, _) = listener.accept().await.unwrap();
                echoing.push(smol::spawn(echo(stream)));
            }
            let mut echoed = 0;
            for task in echoing {
                echoed += task.await;
            }
            echoed
        });

        let clients: Vec<_> = (0..6)
            .map(|n| {
                smol::spawn(async move {
                    let url = format!("ws://{address}/");
                    if n % 2 == 0 {
                        let (socket, response) =
                            async_tungstenite::smol::connect_async(url).await.unwrap();
                        assert_eq!(response.status(), 101);
                        talk(socket).await
                    } else {
                        let stream = TcpStream::connect(address).await.unwrap();
                        let (socket, _) = client_async(url, stream).await.unwrap();
                        talk(socket).await
                    }
                })
            })
            .collect();
        for (n, client) in clients.into_iter().enumerate() {
            println!("client {n} got {} bytes back", client.await);
        }
        println!("messages echoed: {}", server.await);
        counts::report("async-tungstenite");
    });
}
