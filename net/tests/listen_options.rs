//! What each option does, as seen from outside.

mod deadline;

use std::io::ErrorKind;

use deadline::run;
use futures_lite::prelude::*;
use leno_net::{ListenOptions, TcpListener, TcpStream};

#[test]
fn accepted_connections_have_nodelay() {
    run(async {
        for nodelay in [true, false] {
            let options = ListenOptions::new().nodelay(nodelay);
            let listener = TcpListener::bind_with("127.0.0.1:0", &options).await?;
            let addr = listener.local_addr()?;
            let _clients = [
                TcpStream::connect(addr).await?,
                TcpStream::connect(addr).await?,
            ];
            assert_eq!(listener.accept().await?.0.nodelay()?, nodelay);
            let clone = listener.clone();
            let stream = clone.incoming().next().await.unwrap()?;
            assert_eq!(stream.nodelay()?, nodelay);
        }
        Ok(())
    });
}

#[cfg(unix)]
mod unix {
    use super::*;
    use leno_net::SocketAddr;
    use rustix::net::sockopt;

    #[cfg(not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin")))]
    #[test]
    fn reuse_port_shares_a_port_among_those_who_ask() {
        run(async {
            let shared = ListenOptions::new().reuse_port(true);
            let first = TcpListener::bind_with("127.0.0.1:0", &shared).await?;
            let addr = first.local_addr()?;
            let second = TcpListener::bind_with(addr, &shared).await?;
            assert_eq!(second.local_addr()?, addr);
            let err = TcpListener::bind(addr).await.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::AddrInUse);

            // Both together get all of them.
            let mut clients = Vec::new();
            for _ in 0..16 {
                clients.push(TcpStream::connect(addr).await?);
            }
            for _ in &clients {
                futures_lite::future::or(first.accept(), second.accept()).await?;
            }
            Ok(())
        });
    }

    #[test]
    fn reuse_address_is_on_unless_turned_off() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            assert!(sockopt::socket_reuseaddr(&listener)?);
            let options = ListenOptions::new().reuse_address(false);
            let listener = TcpListener::bind_with("127.0.0.1:0", &options).await?;
            assert!(!sockopt::socket_reuseaddr(&listener)?);
            Ok(())
        });
    }

    #[test]
    fn only_v6_keeps_ipv4_out_and_means_nothing_for_ipv4() {
        run(async {
            for only_v6 in [true, false] {
                let options = ListenOptions::new().only_v6(only_v6);
                TcpListener::bind_with("127.0.0.1:0", &options).await?;
                let listener = match TcpListener::bind_with("[::]:0", &options).await {
                    Ok(listener) => listener,
                    Err(err) => {
                        eprintln!("skipped the IPv6 half, there is no IPv6 here: {err}");
                        continue;
                    }
                };
                assert_eq!(sockopt::ipv6_v6only(&listener)?, only_v6);
                let port = listener.local_addr()?.port();
                // OpenBSD never gives IPv4 connections to an IPv6 socket.
                if cfg!(target_os = "linux") {
                    let client = TcpStream::connect(("127.0.0.1", port)).await;
                    assert_eq!(client.is_err(), only_v6);
                }
            }
            Ok(())
        });
    }

    /// The kernel takes one connection more than the backlog, and answers no further one.
    #[cfg(target_os = "linux")]
    #[test]
    fn backlog_bounds_the_connections_that_wait() {
        use futures_lite::future;
        use std::pin::pin;

        run(async {
            let options = ListenOptions::new().backlog(2);
            let listener = TcpListener::bind_with("127.0.0.1:0", &options).await?;
            let addr: SocketAddr = listener.local_addr()?;
            let mut waiting = Vec::new();
            for _ in 0..3 {
                waiting.push(TcpStream::connect(addr).await?);
            }
            let mut further = pin!(TcpStream::connect(addr));
            assert!(future::poll_once(&mut further).await.is_none());
            // A shorter queue lets it in, though only when its packet is sent again.
            for _ in &waiting {
                listener.accept().await?;
            }
            further.await?;
            Ok(())
        });
    }
}

#[cfg(windows)]
#[test]
fn options_that_windows_lacks_are_refused() {
    run(async {
        let new = ListenOptions::new;
        for (name, options) in [
            ("backlog", new().backlog(1)),
            ("only_v6", new().only_v6(true)),
            ("reuse_address", new().reuse_address(true)),
            ("reuse_port", new().reuse_port(true)),
        ] {
            let err = TcpListener::bind_with("127.0.0.1:0", &options)
                .await
                .unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Unsupported);
            assert!(err.to_string().contains(name), "{err}");
        }
        Ok(())
    });
}
