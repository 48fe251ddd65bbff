//! Which traits the public types have, and how they are converted.

mod deadline;

use std::fmt::Debug;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use deadline::run;
use futures_lite::{AsyncRead, AsyncWrite, Stream};
use leno_net::{AsyncToSocketAddrs, Incoming, TcpListener, TcpStream, UdpSocket, resolve};
use leno_reactor::Async;

fn is_plain<T: Send + Sync + Unpin + Debug>() {}
fn is_socket<T: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug + 'static>() {}
fn is_stream<T: AsyncRead + AsyncWrite>() {}
fn gives<T: Stream<Item = io::Result<I>>, I>() {}
fn is_send<T: Send>(future: T) -> T {
    future
}
fn is_send_and_sync<T: Send + Sync>(future: T) -> T {
    future
}

#[test]
fn traits() {
    is_socket::<TcpListener>();
    is_socket::<TcpStream>();
    is_socket::<UdpSocket>();
    is_stream::<TcpStream>();
    is_plain::<Incoming<'_>>();
    gives::<Incoming<'_>, TcpStream>();
    #[cfg(unix)]
    {
        use leno_net::unix;
        is_socket::<unix::UnixListener>();
        is_socket::<unix::UnixStream>();
        is_socket::<unix::UnixDatagram>();
        is_stream::<unix::UnixStream>();
        is_plain::<unix::Incoming<'_>>();
        gives::<unix::Incoming<'_>, unix::UnixStream>();
    }
}

/// Futures can be spawned, also from code that knows of the address only that it is `Send`.
#[test]
fn futures_are_send() {
    async fn all(addr: impl AsyncToSocketAddrs + Clone + Send) -> io::Result<()> {
        let listener = is_send(TcpListener::bind("127.0.0.1:0")).await?;
        drop(is_send(TcpListener::bind(addr.clone())));
        drop(is_send(TcpStream::connect(addr.clone())));
        drop(is_send(UdpSocket::bind(addr.clone())));
        drop(is_send(resolve(addr)));
        drop(is_send_and_sync(listener.accept()));
        Ok(())
    }
    run(is_send(all("127.0.0.1:0")));
}

#[test]
fn conversions_keep_the_socket() {
    run(async {
        let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0))?;
        let listener = TcpListener::from(listener);
        let addr = listener.local_addr()?;
        let client = TcpStream::try_from(std::net::TcpStream::connect(addr)?)?;
        let (server, from) = listener.accept().await?;
        assert_eq!(from, client.local_addr()?);
        let server: Arc<Async<std::net::TcpStream>> = server.into();
        assert_eq!(server.get_ref().peer_addr()?, from);
        assert_eq!(Arc::strong_count(&server), 1);
        let listener: Arc<Async<std::net::TcpListener>> = listener.into();
        assert_eq!(listener.get_ref().local_addr()?, addr);

        let listener = TcpListener::try_from(std::net::TcpListener::bind("127.0.0.1:0")?)?;
        let client = Async::<std::net::TcpStream>::connect(listener.local_addr()?).await?;
        let client = TcpStream::from(client);
        assert_eq!(listener.accept().await?.1, client.local_addr()?);

        let socket = UdpSocket::try_from(std::net::UdpSocket::bind("127.0.0.1:0")?)?;
        let addr = socket.local_addr()?;
        let socket: Arc<Async<std::net::UdpSocket>> = socket.into();
        assert_eq!(socket.get_ref().local_addr()?, addr);
        let socket = UdpSocket::from(Async::<std::net::UdpSocket>::bind(([127, 0, 0, 1], 0))?);
        assert_ne!(socket.local_addr()?, addr);
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn descriptors() {
    use leno_net::unix::{UnixDatagram, UnixListener, UnixStream};
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    /// Makes another socket of a copy of the descriptor of `socket`.
    fn copy<T>(socket: &T) -> io::Result<T>
    where
        T: AsFd + AsRawFd + TryFrom<OwnedFd, Error = io::Error>,
    {
        let fd = socket.as_fd();
        assert_eq!(fd.as_raw_fd(), socket.as_raw_fd());
        T::try_from(fd.try_clone_to_owned()?)
    }

    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        assert_eq!(copy(&listener)?.local_addr()?, addr);
        let stream = TcpStream::connect(addr).await?;
        assert_eq!(copy(&stream)?.peer_addr()?, addr);
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        assert_eq!(copy(&udp)?.local_addr()?, udp.local_addr()?);

        let path = std::env::temp_dir().join(format!("leno-test-fd-{}", std::process::id()));
        let listener = UnixListener::bind(&path)?;
        std::fs::remove_file(&path)?;
        assert_eq!(copy(&listener)?.local_addr()?.as_pathname(), Some(&*path));
        let (stream, _other) = UnixStream::pair()?;
        assert!(copy(&stream)?.peer_addr()?.is_unnamed());
        let (a, b) = UnixDatagram::pair()?;
        copy(&a)?.send(b"x").await?;
        assert_eq!(b.recv(&mut [0; 4]).await?, 1);
        Ok(())
    });
}
