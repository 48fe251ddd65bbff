//! UDP sockets.

mod deadline;

use std::io::ErrorKind;

use deadline::run;
use futures_lite::future;
use leno_net::UdpSocket;

#[test]
fn echo() {
    run(async {
        let server = UdpSocket::bind("127.0.0.1:0").await?;
        let client = UdpSocket::bind("127.0.0.1:0").await?;
        client.connect(server.local_addr()?).await?;
        let serve = async {
            let mut buf = [0; 64];
            for _ in 0..10 {
                let (n, from) = server.recv_from(&mut buf).await?;
                server.send_to(&buf[..n], from).await?;
            }
            std::io::Result::Ok(())
        };
        let ask = async {
            let mut buf = [0; 64];
            for i in 0..10u8 {
                assert_eq!(client.send(&[i; 5]).await?, 5);
                assert_eq!(client.recv(&mut buf).await?, 5);
                assert_eq!(buf[..5], [i; 5]);
            }
            Ok(())
        };
        future::try_zip(serve, ask).await?;
        Ok(())
    });
}

#[test]
fn peek_waits_and_leaves_the_message() {
    run(async {
        let receiver = UdpSocket::bind("127.0.0.1:0").await?;
        let sender = UdpSocket::bind("127.0.0.1:0").await?;
        let to = receiver.local_addr()?;
        let mut buf = [0; 8];
        let peek = receiver.peek_from(&mut buf);
        let (peeked, sent) = future::try_zip(peek, sender.send_to(b"abc", to)).await?;
        assert_eq!((peeked, sent), ((3, sender.local_addr()?), 3));
        assert_eq!(receiver.peek(&mut buf).await?, 3);
        assert_eq!(receiver.recv(&mut buf).await?, 3);
        assert_eq!(&buf[..3], b"abc");
        assert!(future::poll_once(receiver.recv(&mut buf)).await.is_none());
        Ok(())
    });
}

#[test]
fn errors_name_the_address() {
    run(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let addr = socket.local_addr()?;
        let err = UdpSocket::bind(addr).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::AddrInUse);
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not bind to {addr}: ")),
            "{text}"
        );

        let err = socket.send_to(&[0; 70_000], addr).await.unwrap_err();
        let text = err.to_string();
        assert!(
            text.starts_with(&format!("could not send to {addr}: ")),
            "{text}"
        );

        for err in [
            socket.send_to(b"x", &[][..]).await.unwrap_err(),
            socket.connect(&[][..]).await.unwrap_err(),
        ] {
            assert_eq!(err.kind(), ErrorKind::InvalidInput);
            assert_eq!(err.to_string(), "could not resolve to any addresses");
        }
        Ok(())
    });
}

#[test]
fn multicast_options() {
    run(async {
        use leno_net::{Ipv4Addr, Ipv6Addr};
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let no_group = Ipv4Addr::LOCALHOST;
        assert!(
            socket
                .join_multicast_v4(no_group, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        assert!(
            socket
                .leave_multicast_v4(no_group, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        let group = Ipv4Addr::new(224, 0, 0, 251);
        socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        assert!(
            socket
                .join_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;

        let socket = match UdpSocket::bind("[::1]:0").await {
            Ok(socket) => socket,
            Err(err) => {
                eprintln!("skipped the IPv6 half, there is no IPv6 here: {err}");
                return Ok(());
            }
        };
        assert!(socket.join_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
        assert!(socket.leave_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
        socket.set_multicast_loop_v6(false)?;
        assert!(!socket.multicast_loop_v6()?);
        Ok(())
    });
}
