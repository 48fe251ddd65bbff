//! asynchronous-codec: frames of lines and of lengths, over TCP and over Unix sockets.

mod counts;

use asynchronous_codec::{Bytes, Framed, FramedRead, FramedWrite, LengthCodec, LinesCodec};
use futures_util::{SinkExt, StreamExt};
use smol::io::{self, AsyncRead, AsyncWrite};
use smol::net::unix::UnixStream;
use smol::net::{TcpListener, TcpStream};

async fn shout(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut lines = Framed::new(stream, LinesCodec);
    while let Some(line) = lines.next().await {
        lines.send(line.unwrap().to_uppercase()).await.unwrap();
    }
}

/// Frames that are larger than a socket's buffer, written by one task and read by another.
async fn frames(near: UnixStream, far: UnixStream) -> usize {
    let writer = smol::spawn(async move {
        let mut sink = FramedWrite::new(near, LengthCodec);
        for n in 0..64_u8 {
            sink.send(Bytes::from(vec![n; usize::from(n) * 10_000]))
                .await
                .unwrap();
        }
        sink.close().await.unwrap();
    });
    let mut source = FramedRead::new(far, LengthCodec);
    let mut bytes = 0;
    let mut expected = 0;
    while let Some(frame) = source.next().await {
        let frame = frame.unwrap();
        assert_eq!(frame.len(), expected * 10_000);
        assert!(frame.iter().all(|&byte| usize::from(byte) == expected));
        bytes += frame.len();
        expected += 1;
    }
    writer.await;
    assert_eq!(expected, 64);
    bytes
}

fn main() -> io::Result<()> {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = smol::spawn(async move {
            for _ in 0..4 {
                let (stream, _) = listener.accept().await.unwrap();
                smol::spawn(shout(stream)).detach();
            }
        });
        let clients: Vec<_> = (0..4)
            .map(|client| {
                smol::spawn(async move {
                    let stream = TcpStream::connect(address).await.unwrap();
                    // The stream is cloned as smol's users do it: one handle reads, the other writes.
                    let mut sink = FramedWrite::new(stream.clone(), LinesCodec);
                    let mut source = FramedRead::new(stream, LinesCodec);
                    let writer = smol::spawn(async move {
                        for n in 0..200 {
                            sink.send(format!("line {n} of {client}\n")).await.unwrap();
                        }
                    });
                    for n in 0..200 {
                        let line = source.next().await.unwrap().unwrap();
                        assert_eq!(line, format!("LINE {n} OF {client}\n"));
                    }
                    writer.await;
                    200
                })
            })
            .collect();
        let mut lines = 0;
        for client in clients {
            lines += client.await;
        }
        println!("lines over TCP: {lines}");
        server.await;

        let (near, far) = UnixStream::pair()?;
        println!(
            "bytes in frames over a Unix socket: {}",
            frames(near, far).await
        );
        counts::report("asynchronous-codec");
        Ok(())
    })
}
