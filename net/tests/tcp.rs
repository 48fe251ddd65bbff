//! TCP connections: reading, writing, closing, several handles, errors.

mod deadline;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use deadline::run;
use futures_lite::{AsyncRead, AsyncWrite, future, prelude::*};
use leno_net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use leno_reactor::Timer;

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, addr) = listener.accept().await?;
    assert_eq!(addr, client.local_addr()?);
    Ok((client, server))
}

/// Wakes nobody, and counts how often it should have. Written by the reactor, read by the test.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    async fn wait(&self) {
        while self.0.load(Ordering::SeqCst) == 0 {
            Timer::after(Duration::from_millis(1)).await;
        }
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn echo_of_more_than_the_socket_buffers_hold() {
    run(async {
        let (client, server) = pair().await?;
        let sent: Vec<u8> = (0..8 << 20).map(|i: u32| (i % 251) as u8).collect();
        let echo = async {
            let copied = futures_lite::io::copy(server.clone(), server.clone()).await?;
            server.shutdown(Shutdown::Write)?;
            Ok(copied)
        };
        let write = async {
            let mut client = client.clone();
            client.write_all(&sent).await?;
            client.close().await
        };
        let read = async {
            let mut all = Vec::new();
            client.clone().read_to_end(&mut all).await?;
            io::Result::Ok(all)
        };
        let ((copied, ()), received) = future::try_zip(future::try_zip(echo, write), read).await?;
        assert_eq!(copied, sent.len() as u64);
        assert!(received == sent);
        Ok(())
    });
}

#[test]
fn half_close_ends_one_direction_only() {
    run(async {
        let (mut client, mut server) = pair().await?;
        client.write_all(b"question").await?;
        client.close().await?;
        let mut text = String::new();
        server.read_to_string(&mut text).await?;
        assert_eq!(text, "question");

        server.write_all(b"answer").await?;
        drop(server);
        text.clear();
        client.read_to_string(&mut text).await?;
        assert_eq!(text, "answer");

        // Either the first write after the peer has gone fails, or the one after its answer to that.
        let err = loop {
            if let Err(err) = client.write(b"x").await {
                break err;
            }
        };
        assert!(matches!(
            err.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
        ));
        Ok(())
    });
}

#[test]
fn several_buffers_are_one_operation() {
    run(async {
        let (mut client, mut server) = pair().await?;
        let out = [
            IoSlice::new(b"one"),
            IoSlice::new(b""),
            IoSlice::new(b"two!"),
        ];
        assert_eq!(client.write_vectored(&out).await?, 7);
        client.flush().await?;

        // All seven bytes are there before they are read.
        while server.peek(&mut [0; 16]).await? < 7 {}
        let (mut a, mut b) = ([0; 2], [0; 16]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(server.read_vectored(&mut bufs).await?, 7);
        assert_eq!((&a, &b[..5]), (b"on", &b"etwo!"[..]));
        Ok(())
    });
}

#[test]
fn a_pending_vectored_read_is_woken() {
    run(async {
        let (mut client, mut server) = pair().await?;
        let read = async {
            let (mut a, mut b) = ([0; 1], [0; 8]);
            let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
            let n = server.read_vectored(&mut bufs).await?;
            io::Result::Ok((n, a[0], b[0]))
        };
        let write = async {
            future::yield_now().await;
            client.write_all(b"xy").await
        };
        let (read, ()) = future::try_zip(read, write).await?;
        assert_eq!(read, (2, b'x', b'y'));
        Ok(())
    });
}

#[test]
fn one_task_reads_and_another_writes() {
    const MESSAGES: u32 = 2000;
    let (client, server) = run(pair());
    let echo = thread::spawn(move || run(futures_lite::io::copy(server.clone(), server)));
    let mut writer = client.clone();
    let write = thread::spawn(move || {
        run(async {
            for i in 0..MESSAGES {
                writer.write_all(&i.to_le_bytes()).await?;
                if i % 64 == 0 {
                    future::yield_now().await;
                }
            }
            writer.close().await
        })
    });
    let mut reader = client;
    run(async {
        let mut buf = [0; 4];
        for i in 0..MESSAGES {
            reader.read_exact(&mut buf).await?;
            assert_eq!(u32::from_le_bytes(buf), i);
        }
        assert_eq!(reader.read(&mut buf).await?, 0);
        Ok(())
    });
    write.join().unwrap();
    assert_eq!(echo.join().unwrap(), u64::from(MESSAGES) * 4);
}

#[test]
fn several_tasks_read_one_connection() {
    const READERS: usize = 4;
    let (client, mut server) = run(pair());
    let (done, finished) = std::sync::mpsc::channel();
    let readers: Vec<_> = (0..READERS)
        .map(|_| (client.clone(), done.clone()))
        .map(|(mut stream, done)| {
            thread::spawn(move || {
                let mut buf = [0];
                run(stream.read_exact(&mut buf));
                done.send(buf[0]).unwrap();
            })
        })
        .collect();
    drop(client);
    for i in 0..READERS as u8 {
        run(server.write_all(&[i]));
        assert_eq!(finished.recv().unwrap(), i);
    }
    for reader in readers {
        reader.join().unwrap();
    }
}

#[test]
fn a_task_that_waits_is_still_woken_after_a_clone_waits_too() {
    run(async {
        let (mut a, mut server) = pair().await?;
        let ((first, first_waker), (second, second_waker)) = (Count::new(), Count::new());
        let mut buf = [0; 1];

        // The first waits while its handle is the only one.
        let mut cx = Context::from_waker(&first_waker);
        assert!(Pin::new(&mut a).poll_read(&mut cx, &mut buf).is_pending());
        let mut b = a.clone();
        let mut cx = Context::from_waker(&second_waker);
        assert!(Pin::new(&mut b).poll_read(&mut cx, &mut buf).is_pending());

        server.write_all(b"x").await?;
        first.wait().await;
        second.wait().await;

        // Both are handles of several now.
        assert_eq!(b.read(&mut buf).await?, 1);
        let ((first, first_waker), (second, second_waker)) = (Count::new(), Count::new());
        for (handle, waker) in [(&mut b, &second_waker), (&mut a, &first_waker)] {
            let mut cx = Context::from_waker(waker);
            assert!(Pin::new(handle).poll_read(&mut cx, &mut buf).is_pending());
        }
        server.write_all(b"y").await?;
        first.wait().await;
        second.wait().await;

        // A handle that is gone keeps no task, and the other is woken on.
        assert_eq!(a.read(&mut buf).await?, 1);
        let (count, waker) = Count::new();
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut b).poll_read(&mut cx, &mut buf).is_pending());
        let (other, waker) = Count::new();
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut a).poll_read(&mut cx, &mut buf).is_pending());
        drop((b, waker));
        server.write_all(b"z").await?;
        other.wait().await;
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        Ok(())
    });
}

#[test]
fn a_writer_that_waits_is_woken_when_the_peer_reads() {
    run(async {
        let (mut client, mut server) = pair().await?;
        let (count, waker) = Count::new();
        let chunk = vec![7; 1 << 20];
        let mut written = 0;
        // A clone that waits for reading doesn't hide it.
        let mut reader = client.clone();
        let mut buf = [0];
        let read = pin!(reader.read(&mut buf));
        assert!(future::poll_once(read).await.is_none());
        loop {
            let mut cx = Context::from_waker(&waker);
            match Pin::new(&mut client).poll_write(&mut cx, &chunk) {
                std::task::Poll::Ready(n) => written += n?,
                std::task::Poll::Pending => break,
            }
        }
        let mut received = vec![0; written];
        server.read_exact(&mut received).await?;
        count.wait().await;
        Ok(())
    });
}

#[test]
fn peek_leaves_the_data() {
    run(async {
        let (mut client, mut server) = pair().await?;
        let mut buf = [0; 8];
        let peek = server.peek(&mut buf);
        let (n, ()) = future::try_zip(peek, client.write_all(b"abc")).await?;
        assert_eq!(n, 3);
        assert_eq!(server.peek(&mut buf).await?, 3);
        assert_eq!(server.read(&mut buf).await?, 3);
        assert_eq!(&buf[..3], b"abc");
        drop(client);
        assert_eq!(server.peek(&mut buf).await?, 0);
        Ok(())
    });
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        for _ in 0..20 {
            assert!(future::poll_once(listener.accept()).await.is_none());
            let client = TcpStream::connect(addr).await?;
            {
                let mut incoming = listener.incoming();
                let accept = future::poll_once(incoming.next()).await;
                if let Some(Some(stream)) = accept {
                    assert_eq!(stream?.peer_addr()?, client.local_addr()?);
                    continue;
                }
            }
            assert_eq!(listener.accept().await?.1, client.local_addr()?);
        }
        Ok(())
    });
}

#[test]
fn incoming_gives_the_connections_in_order() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(TcpStream::connect(addr).await?);
        }
        let accepted: Vec<TcpStream> = listener.incoming().take(5).try_collect().await?;
        for (client, server) in clients.iter().zip(&accepted) {
            assert_eq!(server.peer_addr()?, client.local_addr()?);
        }
        assert_eq!(format!("{:?}", listener.incoming()), "Incoming { .. }");
        Ok(())
    });
}

#[test]
fn clones_of_a_listener_share_the_connections() {
    let listener = run(TcpListener::bind("127.0.0.1:0"));
    let acceptors: Vec<_> = (0..3)
        .map(|_| listener.clone())
        .map(|listener| thread::spawn(move || run(listener.accept()).1))
        .collect();
    let clients: Vec<_> = (0..3)
        .map(|_| run(TcpStream::connect(listener.local_addr().unwrap())))
        .collect();
    let mut expected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
    let mut accepted: Vec<_> = acceptors.into_iter().map(|a| a.join().unwrap()).collect();
    expected.sort();
    accepted.sort();
    assert_eq!(accepted, expected);
}

#[test]
fn connect_tries_each_address_and_names_the_last() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let open = listener.local_addr()?;
        let closed = {
            let other = TcpListener::bind("127.0.0.1:0").await?;
            other.local_addr()?
        };
        let stream = TcpStream::connect(&[closed, open][..]).await?;
        assert_eq!(stream.peer_addr()?, open);

        let err = TcpStream::connect(closed).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not connect to {closed}: ")),
            "{text}"
        );

        let err = TcpStream::connect(&[closed, closed][..]).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
        let text = err.to_string();
        let start = format!("could not connect to {closed}, the last of 2 addresses: ");
        assert!(text.starts_with(&start), "{text}");

        let err = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
        assert_eq!(err.to_string(), "could not resolve to any addresses");
        Ok(())
    });
}

#[test]
fn bind_says_which_address_is_in_use() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let err = TcpListener::bind(addr).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AddrInUse);
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not listen on {addr}: ")),
            "{text}"
        );

        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let second = TcpListener::bind(&[addr, free][..]).await?;
        assert_ne!(second.local_addr()?.port(), addr.port());
        let err = TcpListener::bind(&[][..]).await.unwrap_err();
        assert_eq!(err.to_string(), "could not resolve to any addresses");
        Ok(())
    });
}

#[test]
fn ipv6() {
    run(async {
        let listener = match TcpListener::bind("[::1]:0").await {
            Ok(listener) => listener,
            Err(err) => {
                eprintln!("skipped, there is no IPv6 here: {err}");
                return Ok(());
            }
        };
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        assert!(client.peer_addr()?.is_ipv6());
        client.write_all(b"six").await?;
        client.close().await?;
        let mut text = String::new();
        let (mut server, _) = listener.accept().await?;
        server.read_to_string(&mut text).await?;
        assert_eq!(text, "six");
        Ok(())
    });
}

#[test]
fn closing_after_the_peer_reset_the_connection_is_no_error() {
    run(async {
        let (client, mut server) = pair().await?;
        // Dropping a socket with unread data makes the OS send a reset instead of an orderly end.
        server.write_all(b"never read").await?;
        client.peek(&mut [0]).await?;
        drop(client);
        // The reset has arrived when reading reports it.
        let reset = server
            .read(&mut [0])
            .await
            .expect_err("the connection was reset");
        assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
        server.close().await
    });
}
