//! What is answered over HTTP: the same service, by the same hyper, whatever the runtime.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

/// Greets for each request on a connection, until the client goes.
pub async fn greet<S: Read + Write + Unpin + Send + 'static>(stream: S) -> hyper::Result<()> {
    http1::Builder::new()
        .serve_connection(stream, service_fn(greeting))
        .await
}

async fn greeting(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(
        b"Hello, World!",
    ))))
}
