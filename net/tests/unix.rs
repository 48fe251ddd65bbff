//! Unix domain sockets.
#![cfg(unix)]

mod deadline;

use std::fs;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::path::{Path, PathBuf};
use std::thread;

use deadline::run;
use futures_lite::{future, prelude::*};
use leno_net::Shutdown;
use leno_net::unix::{UnixDatagram, UnixListener, UnixStream};

/// The path of a socket file, which goes with it.
struct SocketFile(PathBuf);

impl SocketFile {
    fn new(name: &str) -> SocketFile {
        let name = format!("leno-test-{}-{name}", std::process::id());
        SocketFile(std::env::temp_dir().join(name))
    }
}

impl AsRef<Path> for SocketFile {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("the test has made the socket file");
    }
}

#[test]
fn listen_connect_and_echo() {
    run(async {
        let file = SocketFile::new("echo");
        let listener = UnixListener::bind(&file)?;
        let serve = async {
            let (stream, addr) = listener.accept().await?;
            assert!(addr.is_unnamed());
            futures_lite::io::copy(stream.clone(), stream).await
        };
        let ask = async {
            let mut stream = UnixStream::connect(&file).await?;
            assert_eq!(stream.peer_addr()?.as_pathname(), Some(file.as_ref()));
            stream.write_all(b"hello").await?;
            stream.close().await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let (copied, answer) = future::try_zip(serve, ask).await?;
        assert_eq!((copied, answer.as_str()), (5, "hello"));
        Ok(())
    });
}

#[test]
fn a_pair_in_two_tasks_with_half_close() {
    let (a, b) = UnixStream::pair().unwrap();
    let sent: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
    let echo = thread::spawn(move || {
        run(async {
            let n = futures_lite::io::copy(b.clone(), b.clone()).await?;
            b.shutdown(Shutdown::Write)?;
            Ok(n)
        })
    });
    let mut writer = a.clone();
    let data = sent.clone();
    let write = thread::spawn(move || {
        run(async {
            writer.write_all(&data).await?;
            writer.close().await
        })
    });
    let mut received = Vec::new();
    let mut reader = a;
    run(reader.read_to_end(&mut received));
    assert!(received == sent);
    write.join().unwrap();
    assert_eq!(echo.join().unwrap(), sent.len() as u64);
}

#[test]
fn several_buffers_are_one_operation() {
    run(async {
        let (mut a, mut b) = UnixStream::pair()?;
        let out = [IoSlice::new(b"one"), IoSlice::new(b"two!")];
        assert_eq!(a.write_vectored(&out).await?, 7);
        let (mut x, mut y) = ([0; 2], [0; 16]);
        let mut bufs = [IoSliceMut::new(&mut x), IoSliceMut::new(&mut y)];
        assert_eq!(b.read_vectored(&mut bufs).await?, 7);
        assert_eq!((&x, &y[..5]), (b"on", &b"etwo!"[..]));
        Ok(())
    });
}

#[test]
fn incoming_and_a_dropped_accept() {
    run(async {
        let file = SocketFile::new("incoming");
        let listener = UnixListener::bind(&file)?;
        assert!(future::poll_once(listener.accept()).await.is_none());
        let mut clients = Vec::new();
        for i in 0..3u8 {
            let mut client = UnixStream::connect(&file).await?;
            client.write_all(&[i]).await?;
            clients.push(client);
        }
        let mut incoming = listener.incoming();
        for i in 0..3 {
            let mut stream = incoming.next().await.unwrap()?;
            let mut buf = [0];
            stream.read_exact(&mut buf).await?;
            assert_eq!(buf, [i]);
        }
        assert!(future::poll_once(incoming.next()).await.is_none());
        assert_eq!(format!("{incoming:?}"), "Incoming { .. }");
        Ok(())
    });
}

#[test]
fn errors_name_the_path() {
    run(async {
        let file = SocketFile::new("errors");
        let path = file.0.display();
        let err = UnixStream::connect(&file).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::NotFound);
        let listener = UnixListener::bind(&file)?;
        let err = UnixListener::bind(&file).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AddrInUse);
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not listen on \"{path}\": ")),
            "{text}"
        );
        let err = UnixDatagram::bind(&file).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AddrInUse);

        drop(listener);
        let err = UnixStream::connect(&file).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ConnectionRefused);
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not connect to \"{path}\": ")),
            "{text}"
        );
        Ok(())
    });
}

#[test]
fn datagrams_arrive_whole() {
    run(async {
        let file = SocketFile::new("datagrams");
        let receiver = UnixDatagram::bind(&file)?;
        let sender = UnixDatagram::unbound()?;
        let mut buf = [0; 8];
        assert!(future::poll_once(receiver.recv(&mut buf)).await.is_none());
        sender.send_to(b"one", &file).await?;
        sender.connect(&file)?;
        sender.send(b"two").await?;
        assert_eq!(receiver.recv(&mut buf).await?, 3);
        assert_eq!(&buf[..3], b"one");
        assert_eq!(receiver.recv_from(&mut buf).await?.0, 3);
        assert_eq!(&buf[..3], b"two");

        let (a, b) = UnixDatagram::pair()?;
        let (n, ()) = future::try_zip(b.recv(&mut buf), async {
            future::yield_now().await;
            a.send(b"three").await.map(drop)
        })
        .await?;
        assert_eq!(&buf[..n], b"three");
        Ok(())
    });
}

/// Names in Linux' abstract namespace come in by way of std.
#[cfg(target_os = "linux")]
#[test]
fn abstract_addresses() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net as std_unix;

    run(async {
        let name = format!("leno-test-{}", std::process::id());
        let addr = leno_net::unix::SocketAddr::from_abstract_name(&name)?;
        let listener = UnixListener::try_from(std_unix::UnixListener::bind_addr(&addr)?)?;
        assert_eq!(
            listener.local_addr()?.as_abstract_name(),
            Some(name.as_bytes())
        );
        // A path that starts with a NUL is such a name, too.
        let path = format!("\0{name}");
        for mut client in [
            UnixStream::try_from(std_unix::UnixStream::connect_addr(&addr)?)?,
            UnixStream::connect(path).await?,
        ] {
            let (mut server, _) = listener.accept().await?;
            client.write_all(b"x").await?;
            let mut buf = [0];
            server.read_exact(&mut buf).await?;
            assert_eq!(&buf, b"x");
        }
        Ok(())
    });
}
