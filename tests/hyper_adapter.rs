//! HTTP through `leno::hyper`: connections that are kept, bodies that fill every buffer, upgrades, and time-outs.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, client, header, server};
use leno::hyper::{Executor, Io, Timer};
use leno::net::{TcpListener, TcpStream};
use leno::{Task, future, prelude::*, timeout};

/// A hang is a failure; this is far more than any of the tests takes.
const HANG: Duration = Duration::from_secs(60);

fn run<T>(test: impl Future<Output = T>) -> T {
    leno::block_on(timeout(HANG, test)).expect("the test hangs")
}

/// Answers a GET with its path, and a POST with the body it got.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = match *request.method() {
        Method::POST => request.into_body().collect().await?.to_bytes(),
        _ => Bytes::from(request.uri().path().to_owned()),
    };
    Ok(Response::new(Full::new(body)))
}

/// A listener, and a task that serves the first connection to it and gives back how that ended.
async fn serve_one(http: server::conn::http1::Builder) -> (SocketAddr, Task<hyper::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let task = leno::spawn(async move {
        let (stream, _peer) = listener.accept().await.expect("accept");
        stream.set_nodelay(true).expect("a TCP socket");
        http.serve_connection(Io::new(stream), service_fn(echo))
            .await
    });
    (address, task)
}

type Requests = SendRequest<Full<Bytes>>;

async fn call(address: SocketAddr) -> (Requests, Task<hyper::Result<()>>) {
    let stream = TcpStream::connect(address).await.expect("connect");
    stream.set_nodelay(true).expect("a TCP socket");
    let (requests, connection) = client::conn::http1::handshake(Io::new(stream))
        .await
        .expect("handshake");
    (requests, leno::spawn(connection))
}

fn with_timer() -> server::conn::http1::Builder {
    let mut http = server::conn::http1::Builder::new();
    http.timer(Timer::new());
    http
}

async fn get(requests: &mut Requests, path: &str) -> (StatusCode, Bytes) {
    requests.ready().await.expect("the connection is kept");
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .body(Full::default())
        .expect("a valid request");
    let response = requests.send_request(request).await.expect("a response");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body");
    (status, body.to_bytes())
}

async fn post(requests: &mut Requests, body: Bytes) -> Bytes {
    requests.ready().await.expect("the connection is kept");
    let request = Request::post("/")
        .header(header::HOST, "localhost")
        .body(Full::new(body))
        .expect("a valid request");
    let response = requests.send_request(request).await.expect("a response");
    let body = response.into_body().collect().await.expect("a body");
    body.to_bytes()
}

/// Bytes in which each position can be told from its neighbours.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|n| (n % 251) as u8).collect()
}

#[test]
fn one_connection_carries_many_requests() {
    run(async {
        let (address, server) = serve_one(with_timer()).await;
        let (mut requests, connection) = call(address).await;
        for n in 0..100 {
            let path = format!("/page/{n}");
            let (status, body) = get(&mut requests, &path).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body, path);
        }
        drop(requests);
        connection.await.expect("the client ends in order");
        // The listener is asked only once, so all of this went over the one connection.
        server.await.expect("the server ends in order");
    });
}

#[test]
fn bodies_of_every_size_arrive_whole() {
    run(async {
        let (address, server) = serve_one(with_timer()).await;
        let (mut requests, connection) = call(address).await;
        // Around the sizes at which the window of `Io` and the buffers of hyper change, up and down again.
        for length in [
            0, 1, 4095, 4096, 4097, 65_536, 3_000_000, 10, 8192, 500_000, 1,
        ] {
            let body = pattern(length);
            let back = post(&mut requests, body.clone()).await;
            assert!(back == body, "{length} bytes came back as {}", back.len());
        }
        drop(requests);
        connection.await.expect("the client ends in order");
        server.await.expect("the server ends in order");
    });
}

#[test]
fn many_connections_at_once() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address");
        let server = leno::spawn(async move {
            loop {
                let (stream, _peer) = listener.accept().await.expect("accept");
                let served = with_timer().serve_connection(Io::new(stream), service_fn(echo));
                leno::spawn(served).detach();
            }
        });
        let clients: Vec<_> = (0..20)
            .map(|client| {
                leno::spawn(async move {
                    let (mut requests, _connection) = call(address).await;
                    for n in 0..20 {
                        let path = format!("/{client}/{n}");
                        assert_eq!(get(&mut requests, &path).await.1, path);
                    }
                })
            })
            .collect();
        for client in clients {
            client.await;
        }
        server.cancel().await;
    });
}

#[test]
fn a_client_that_is_slow_with_its_headers_is_cut_off() {
    run(async {
        let mut http = with_timer();
        let limit = Duration::from_millis(50);
        http.header_read_timeout(limit);
        let (address, server) = serve_one(http).await;

        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.expect("connect");
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: local")
            .await
            .expect("the head is only begun");
        let mut reply = Vec::new();
        // The end of the stream, or a reset: in either case the server let go.
        let _ = stream.read_to_end(&mut reply).await;
        assert!(start.elapsed() >= limit, "cut off too early");

        let error = server.await.expect_err("the client never sent its headers");
        assert!(error.is_timeout(), "{error:?}");
    });
}

#[test]
fn the_header_timeout_starts_anew_for_each_request() {
    run(async {
        let mut http = with_timer();
        // The first requests set the timer and take it back; the last one, which is never finished, must still meet it.
        http.header_read_timeout(Duration::from_secs(1));
        let (address, server) = serve_one(http).await;
        let mut stream = TcpStream::connect(address).await.expect("connect");
        for _ in 0..3 {
            stream
                .write_all(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .await
                .expect("the server is there");
            let mut reply = Vec::new();
            while !reply.ends_with(b"/ok") {
                let mut byte = [0];
                stream.read_exact(&mut byte).await.expect("a reply");
                reply.push(byte[0]);
            }
        }
        stream.write_all(b"GET /").await.expect("the head is begun");
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let error = server
            .await
            .expect_err("the last request is never finished");
        assert!(error.is_timeout(), "{error:?}");
    });
}

#[test]
fn a_connection_that_is_told_to_stop_answers_first() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address");
        let (entered, in_handler) = leno::channel::bounded(1);
        let (release, released) = leno::channel::bounded::<()>(1);
        let server = leno::spawn(async move {
            let (stream, _peer) = listener.accept().await.expect("accept");
            let service = service_fn(|_request: Request<Incoming>| async {
                entered.send(()).await.expect("the test listens");
                released.recv().await.expect("the test lets go");
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("late")))
            });
            let mut connection =
                std::pin::pin!(with_timer().serve_connection(Io::new(stream), service));
            future::or(
                async {
                    let _ = connection.as_mut().await;
                    unreachable!("the request is held back");
                },
                async { in_handler.recv().await.expect("a request") },
            )
            .await;
            connection.as_mut().graceful_shutdown();
            release.send(()).await.expect("the handler waits");
            connection.await
        });
        let (mut requests, connection) = call(address).await;
        assert_eq!(get(&mut requests, "/").await.1, "late");
        server.await.expect("the server ends in order");
        connection.await.expect("the client ends in order");
    });
}

#[test]
fn an_upgraded_connection_is_an_ordinary_stream() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address");
        let server = leno::spawn(async move {
            let (stream, _peer) = listener.accept().await.expect("accept");
            let service = service_fn(|mut request: Request<Incoming>| async move {
                leno::spawn(async move {
                    let upgraded = hyper::upgrade::on(&mut request).await.expect("upgrade");
                    let mut stream = Io::new(upgraded);
                    let mut line = [0; 5];
                    stream.read_exact(&mut line).await.expect("a line");
                    line.reverse();
                    stream.write_all(&line).await.expect("the peer reads");
                    stream.close().await.expect("close");
                })
                .detach();
                let mut response = Response::new(Full::<Bytes>::default());
                *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                response
                    .headers_mut()
                    .insert(header::UPGRADE, header::HeaderValue::from_static("mirror"));
                Ok::<_, Infallible>(response)
            });
            with_timer()
                .serve_connection(Io::new(stream), service)
                .with_upgrades()
                .await
        });

        let stream = TcpStream::connect(address).await.expect("connect");
        let (mut requests, connection) = client::conn::http1::handshake(Io::new(stream))
            .await
            .expect("handshake");
        let connection = leno::spawn(connection.with_upgrades());
        let request = Request::get("/")
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "mirror")
            .body(Full::<Bytes>::default())
            .expect("a valid request");
        let response = requests.send_request(request).await.expect("a response");
        let upgraded = hyper::upgrade::on(response).await.expect("upgrade");
        let mut stream = Io::new(upgraded);
        stream.write_all(b"abcde").await.expect("the peer reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.expect("a reply");
        assert_eq!(reply, "edcba");
        connection.await.expect("the client ends in order");
        server.await.expect("the server ends in order");
    });
}

#[test]
fn http2_runs_its_tasks_on_the_executor() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address");
        let server = leno::spawn(async move {
            let (stream, _peer) = listener.accept().await.expect("accept");
            server::conn::http2::Builder::new(Executor::new())
                .timer(Timer::new())
                .serve_connection(Io::new(stream), service_fn(echo))
                .await
        });
        let stream = TcpStream::connect(address).await.expect("connect");
        let (requests, connection) = client::conn::http2::Builder::new(Executor::new())
            .timer(Timer::new())
            .handshake(Io::new(stream))
            .await
            .expect("handshake");
        let connection = leno::spawn(connection);

        let calls: Vec<_> = (0..10)
            .map(|n| {
                let mut requests = requests.clone();
                leno::spawn(async move {
                    let body = pattern(n * 50_000);
                    let request = Request::post(format!("http://{address}/"))
                        .body(Full::new(body.clone()))
                        .expect("a valid request");
                    let response = requests.send_request(request).await.expect("a response");
                    let back = response.into_body().collect().await.expect("a body");
                    assert!(back.to_bytes() == body, "call {n}");
                })
            })
            .collect();
        for call in calls {
            call.await;
        }
        drop(requests);
        connection.await.expect("the client ends in order");
        server.await.expect("the server ends in order");
    });
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_as_well() {
    use leno::net::unix::UnixStream;

    run(async {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let server = leno::spawn(async move {
            with_timer()
                .serve_connection(Io::new(theirs), service_fn(echo))
                .await
        });
        let (mut requests, connection) = client::conn::http1::handshake(Io::new(ours))
            .await
            .expect("handshake");
        let connection = leno::spawn(connection);
        assert_eq!(get(&mut requests, "/over/unix").await.1, "/over/unix");
        let body = pattern(1_000_000);
        assert!(post(&mut requests, body.clone()).await == body);
        drop(requests);
        connection.await.expect("the client ends in order");
        server.await.expect("the server ends in order");
    });
}
