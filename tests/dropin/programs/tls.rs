//! futures-rustls: a server with a certificate made here, and clients of which one does not trust it.

mod counts;

use futures_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use smol::net::{TcpListener, TcpStream};
use smol::prelude::*;
use smol::{Timer, future, io};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const BLOCK: usize = 1 << 20;

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        smol::spawn(async move {
            // A client that does not trust the certificate breaks the handshake off.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let (reader, mut writer) = io::split(stream);
            io::copy(reader, &mut writer).await.unwrap();
            writer.close().await.unwrap();
        })
        .detach();
    }
}

/// Sends a block while it reads the echo, then closes, and sees the server's end.
async fn exchange(connector: TlsConnector, address: SocketAddr, seed: u8) -> io::Result<usize> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("leno.test").unwrap();
    let stream = connector.connect(name, stream).await?;
    let (mut reader, mut writer) = io::split(stream);
    let block: Vec<u8> = (0..BLOCK)
        .map(|n| (n as u8).wrapping_mul(31) ^ seed)
        .collect();
    let sent = block.clone();
    let write = async move {
        writer.write_all(&sent).await?;
        writer.close().await
    };
    let mut echo = Vec::new();
    let read = reader.read_to_end(&mut echo);
    future::try_zip(write, read).await?;
    assert!(echo == block, "the echo differs");
    Ok(echo.len())
}

fn main() {
    let made = rcgen::generate_simple_self_signed(vec!["leno.test".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate).unwrap();
    let client = ClientConfig::builder()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let stranger = ClientConfig::builder()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();

    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = smol::spawn(serve(listener, TlsAcceptor::from(Arc::new(server))));

        let connector = TlsConnector::from(Arc::new(client));
        let clients: Vec<_> = (0..4)
            .map(|seed| smol::spawn(exchange(connector.clone(), address, seed)))
            .collect();
        for (n, client) in clients.into_iter().enumerate() {
            println!("client {n} got {} bytes back", client.await.unwrap());
        }
        let refused = exchange(TlsConnector::from(Arc::new(stranger)), address, 0)
            .await
            .unwrap_err();
        println!("a client that trusts nobody: {refused}");

        // A handshake with a server that says nothing is given up by a timer.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let given_up = future::or(
            async {
                exchange(connector, silent.local_addr().unwrap(), 0)
                    .await
                    .unwrap();
                false
            },
            async {
                Timer::after(Duration::from_millis(50)).await;
                true
            },
        );
        println!(
            "a handshake without an answer is given up: {}",
            given_up.await
        );
        counts::report("futures-rustls");
        server.cancel().await;
    });
}
