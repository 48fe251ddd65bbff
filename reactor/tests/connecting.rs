//! Connections that are refused, not answered, or made on a socket that was registered before; and datagrams to nobody.
#![cfg(unix)]

mod watchdog;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future};
use leno_reactor::{Async, Timer};
use watchdog::everywhere;

/// Long enough for a local event to arrive and be noted.
async fn pause() {
    Timer::after(Duration::from_millis(3)).await;
}

/// A port at which nobody listens.
fn deaf_address() -> io::Result<std::net::SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

#[test]
fn a_refused_connection_is_an_error() {
    everywhere(|| async {
        let address = deaf_address()?;
        for _ in 0..20 {
            let error = Async::<TcpStream>::connect(address).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
        Ok(())
    });
}

#[test]
fn a_connection_that_is_not_answered_can_be_given_up() {
    everywhere(|| async {
        // A backlog that is full leaves the next ones without an answer.
        let socket = rustix::net::socket(
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::STREAM,
            None,
        )?;
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        rustix::net::bind(&socket, &any)?;
        rustix::net::listen(&socket, 0)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let mut connected = Vec::new();
        let mut given_up = 0;
        while given_up < 3 {
            let connect = async { Some(Async::<TcpStream>::connect(address).await) };
            let time_out = async {
                Timer::after(Duration::from_millis(30)).await;
                None
            };
            match connect.or(time_out).await {
                Some(stream) => connected.push(stream?),
                None => given_up += 1,
            }
            assert!(connected.len() < 100, "the backlog takes all");
        }
        // A place in it, and the next one is connected, though only when the request is sent again.
        let connect = Async::<TcpStream>::connect(address);
        let accept = async {
            pause().await;
            while connected.pop().is_some() {
                listener.accept()?;
            }
            io::Result::Ok(())
        };
        let (connected, accepted) = future::zip(connect, accept).await;
        accepted?;
        connected.map(drop)
    });
}

#[test]
fn a_stream_that_was_registered_before_it_was_connected() {
    everywhere(|| async {
        for look_first in [false, true] {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let socket = rustix::net::socket(
                rustix::net::AddressFamily::INET,
                rustix::net::SocketType::STREAM,
                None,
            )?;
            // To the poller an unconnected socket looks hung up.
            let mut stream = Async::new(TcpStream::from(socket))?;
            if look_first {
                stream.writable().await?;
                pause().await;
                let error = stream.read(&mut [0; 8]).await.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::NotConnected);
            }
            match rustix::net::connect(stream.get_ref(), &listener.local_addr()?) {
                Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
                Err(errno) => return Err(errno.into()),
            }
            stream.writable().await?;
            assert!(stream.get_ref().take_error()?.is_none());
            let (mut peer, _) = listener.accept()?;

            // It waits like any other: what it was before is forgotten.
            let tries = Cell::new(0);
            let read = stream.read_with(|mut io| {
                tries.set(tries.get() + 1);
                io.read(&mut [0; 8])
            });
            let send = async {
                for _ in 0..20 {
                    Timer::after(Duration::from_millis(1)).await;
                }
                peer.write_all(b"hello")
            };
            let (read, sent) = future::zip(read, send).await;
            sent?;
            assert_eq!(read?, 5);
            assert!(tries.get() <= 45, "{} tries", tries.get());
            stream.write_all(b"world").await?;
            peer.read_exact(&mut [0; 5])?;
            drop(peer);
            assert_eq!(stream.read(&mut [0; 8]).await?, 0);
        }
        Ok(())
    });
}

#[test]
fn an_error_of_a_datagram_is_reported_once_and_then_data_comes() {
    everywhere(|| async {
        let peer = UdpSocket::bind(("127.0.0.1", 0))?;
        let address = peer.local_addr()?;
        drop(peer);
        let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
        socket.get_ref().connect(address)?;
        let mut buffer = [0; 8];
        for see_the_event_first in [false, true] {
            let fail = async {
                pause().await;
                socket.get_ref().send(b"to nobody")
            };
            let receive = async {
                if see_the_event_first {
                    pause().await;
                    pause().await;
                    pause().await;
                }
                socket.recv(&mut buffer).await
            };
            let (received, sent) = future::zip(receive, fail).await;
            sent?;
            let kind = received.unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::ConnectionRefused);
        }
        assert!(future::poll_once(socket.recv(&mut buffer)).await.is_none());
        let peer = Async::<UdpSocket>::bind(address)?;
        for _ in 0..3 {
            let send = async {
                pause().await;
                peer.send_to(b"hello", socket.get_ref().local_addr()?).await
            };
            let (received, sent) = future::zip(socket.recv(&mut buffer), send).await;
            sent?;
            assert_eq!(received?, 5);
        }
        Ok(())
    });
}
