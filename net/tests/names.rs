//! The system's resolver. What needs a resolver that can be told what to do is tested beside it.

mod deadline;

use std::io::ErrorKind;

use deadline::run;
use leno_net::{TcpListener, TcpStream, resolve};

#[test]
fn localhost_is_found() {
    run(async {
        for addrs in [
            resolve("localhost:80").await?,
            resolve(("localhost", 80)).await?,
            resolve(&String::from("localhost:80")).await?,
        ] {
            assert!(!addrs.is_empty());
            assert!(addrs.iter().all(|a| a.ip().is_loopback() && a.port() == 80));
        }
        let listener = TcpListener::bind("localhost:0").await?;
        let port = listener.local_addr()?.port();
        TcpStream::connect(("localhost", port)).await?;
        Ok(())
    });
}

/// `.invalid` is reserved for names that don't exist, so this holds with and without a network.
#[test]
fn errors_name_the_host() {
    run(async {
        for err in [
            resolve("nohost.invalid:80").await.unwrap_err(),
            TcpStream::connect("nohost.invalid:80").await.unwrap_err(),
            TcpListener::bind(("nohost.invalid", 80)).await.unwrap_err(),
        ] {
            let text = err.to_string();
            assert!(
                text.starts_with("could not resolve \"nohost.invalid\": "),
                "{text}"
            );
        }
        Ok(())
    });
}

#[test]
fn malformed_addresses_are_explained() {
    run(async {
        let err = resolve("localhost").await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            err.to_string(),
            "\"localhost\" has no port: an address is written as `host:port`"
        );
        let err = resolve("localhost:99999").await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            err.to_string(),
            "\"99999\" in \"localhost:99999\" is no port: it must be a number from 0 to 65535"
        );
        assert_eq!(resolve(&[][..]).await?, []);
        Ok(())
    });
}
