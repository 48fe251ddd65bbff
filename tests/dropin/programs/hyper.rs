//! smol-hyper: an HTTP/1 and HTTP/2 server and its clients, on sockets of smol.

mod counts;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use macro_rules_attribute::apply;
use smol::net::{TcpListener, TcpStream};
use smol::prelude::*;
use smol_hyper::rt::{FuturesIo, SmolExecutor, SmolTimer};
// The executor that smol-hyper can use is the one of the crate below smol, which smol-macros names too.
use smol_macros::{Executor, main};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(respond(StatusCode::BAD_REQUEST, Bytes::new())),
    };
    Ok(match path.as_str() {
        "/echo" => respond(StatusCode::OK, body),
        "/slow" => {
            smol::Timer::after(Duration::from_millis(20)).await;
            respond(StatusCode::OK, Bytes::from_static(b"slow"))
        }
        _ => respond(StatusCode::NOT_FOUND, Bytes::new()),
    })
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .body(Full::new(body))
        .unwrap()
}

async fn serve(executor: Arc<Executor<'static>>, listener: TcpListener, http2: bool) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let inner = executor.clone();
        executor
            .spawn(async move {
                let io = FuturesIo::new(stream);
                // A client that breaks off is not the server's error.
                let _ = if http2 {
                    hyper::server::conn::http2::Builder::new(SmolExecutor::new(inner))
                        .timer(SmolTimer::new())
                        .serve_connection(io, service_fn(answer))
                        .await
                } else {
                    hyper::server::conn::http1::Builder::new()
                        .timer(SmolTimer::new())
                        .header_read_timeout(Duration::from_millis(100))
                        .serve_connection(io, service_fn(answer))
                        .await
                };
            })
            .detach();
    }
}

fn post(path: &str, body: Vec<u8>) -> Request<Full<Bytes>> {
    Request::post(format!("http://localhost{path}"))
        .body(Full::new(Bytes::from(body)))
        .unwrap()
}

async fn read(response: Response<Incoming>) -> (StatusCode, Bytes) {
    let status = response.status();
    (
        status,
        response.into_body().collect().await.unwrap().to_bytes(),
    )
}

/// Eight connections, each with requests one after the other; the bodies grow past what a socket's buffer holds.
async fn http1(executor: &Arc<Executor<'static>>, address: SocketAddr) -> usize {
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let inner = executor.clone();
            executor.spawn(async move {
                let io = FuturesIo::new(TcpStream::connect(address).await.unwrap());
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(io).await.unwrap();
                let connection = inner.spawn(connection);
                let mut bytes = 0;
                for n in 0..20 {
                    let body = vec![client as u8; n * n * 1000];
                    sender.ready().await.unwrap();
                    let (status, echo) = read(
                        sender
                            .send_request(post("/echo", body.clone()))
                            .await
                            .unwrap(),
                    )
                    .await;
                    assert_eq!((status, &echo[..]), (StatusCode::OK, &body[..]));
                    bytes += echo.len();
                }
                sender.ready().await.unwrap();
                let (status, _) = read(
                    sender
                        .send_request(post("/missing", Vec::new()))
                        .await
                        .unwrap(),
                )
                .await;
                assert_eq!(status, StatusCode::NOT_FOUND);
                drop(sender);
                connection.await.unwrap();
                bytes
            })
        })
        .collect();
    let mut bytes = 0;
    for client in clients {
        bytes += client.await;
    }
    bytes
}

/// One connection with fifty requests at once.
async fn http2(executor: &Arc<Executor<'static>>, address: SocketAddr) -> usize {
    let io = FuturesIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) =
        hyper::client::conn::http2::Builder::new(SmolExecutor::new(executor.clone()))
            .timer(SmolTimer::new())
            .handshake(io)
            .await
            .unwrap();
    let connection = executor.spawn(connection);
    let requests: Vec<_> = (0..50)
        .map(|n| {
            let mut sender = sender.clone();
            executor.spawn(async move {
                let path = if n % 2 == 0 { "/echo" } else { "/slow" };
                let (status, body) = read(
                    sender
                        .send_request(post(path, vec![b'x'; 3000]))
                        .await
                        .unwrap(),
                )
                .await;
                assert_eq!(status, StatusCode::OK);
                body.len()
            })
        })
        .collect();
    let mut bytes = 0;
    for request in requests {
        bytes += request.await;
    }
    drop(sender);
    connection.await.unwrap();
    bytes
}

#[apply(main!)]
async fn main(executor: Arc<Executor<'static>>) {
    let mut addresses = Vec::new();
    for http2 in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        executor
            .spawn(serve(executor.clone(), listener, http2))
            .detach();
    }
    println!(
        "HTTP/1: {} bytes echoed",
        http1(&executor, addresses[0]).await
    );
    println!(
        "HTTP/2: {} bytes answered",
        http2(&executor, addresses[1]).await
    );

    // The server's timer ends a connection whose request never gets complete.
    let mut lame = TcpStream::connect(addresses[0]).await.unwrap();
    lame.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut answer = Vec::new();
    lame.read_to_end(&mut answer).await.unwrap();
    println!(
        "a request that stays incomplete is answered with {} bytes, and closed",
        answer.len()
    );
    counts::report("smol-hyper");
}
