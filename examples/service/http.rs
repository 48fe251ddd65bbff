//! What each request does.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use leno::Timer;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::counters::Counters;
use crate::page;
use crate::store::{Put, Store};

/// The longest value that is stored.
const MAX_BODY: usize = 64 * 1024;

/// A body that is too long is read up to here all the same, and thrown away: a client that is still writing when we close
/// the connection would never see our answer.
const MAX_DISCARDED: usize = 1024 * 1024;

/// How long a client may take to send its body; then it is told 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long we may take for a request, its body included; then the client is told 504.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const MAX_KEY: usize = 128;
const KEYS_PER_PAGE: usize = 1000;

/// What all requests share.
pub struct App {
    pub store: Store,
    pub counters: Counters,
}

impl App {
    pub fn new() -> App {
        App {
            store: Store::default(),
            counters: Counters::new(),
        }
    }
}

type Answer = Response<Full<Bytes>>;

/// Answers one request. Whatever goes wrong becomes an answer too.
pub async fn answer(app: &App, request: Request<Incoming>) -> Answer {
    app.counters.request();
    let answer = match leno::timeout(REQUEST_TIMEOUT, route(app, request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => refusal.into_answer(),
        // The handler has been dropped at the point where it waited, and all that it held with it.
        Err(_timed_out) => {
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, "this takes too long").into_answer()
        }
    };
    app.counters.answer(answer.status());
    answer
}

async fn route(app: &App, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (head, body) = request.into_parts();
    // hyper leaves the body out where the method is HEAD.
    let method = match head.method {
        Method::HEAD => Method::GET,
        method => method,
    };
    let path = head.uri.path();
    if let Some(key) = path.strip_prefix("/kv/") {
        return entry(app, &method, key, body).await;
    }
    if method != Method::GET {
        let known = ["/", "/health", "/kv", "/stats"].contains(&path) || path.starts_with("/slow/");
        return Err(if known {
            Refusal::method("GET, HEAD")
        } else {
            Refusal::no_page(path)
        });
    }
    match path {
        "/" => Ok(text(
            StatusCode::OK,
            "text/html; charset=utf-8",
            page::render(app).into(),
        )),
        "/health" => Ok(json(StatusCode::OK, json!({ "status": "ok" }))),
        "/stats" => Ok(json(StatusCode::OK, stats(app))),
        "/kv" => list(app, head.uri.query()),
        _ => match path.strip_prefix("/slow/") {
            Some(milliseconds) => slow(milliseconds).await,
            None => Err(Refusal::no_page(path)),
        },
    }
}

/// `/kv/KEY`
async fn entry(app: &App, method: &Method, key: &str, body: Incoming) -> Result<Answer, Refusal> {
    check_key(key)?;
    match *method {
        Method::GET => match app.store.get(key) {
            Some(value) => Ok(text(StatusCode::OK, "application/json", value)),
            None => Err(Refusal::no_key(key)),
        },
        Method::PUT => {
            let value = leno::timeout(BODY_TIMEOUT, read(body))
                .await
                .map_err(|_timed_out| {
                    Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
                })??;
            // The value is kept as it came; this only makes sure that it is JSON.
            serde_json::from_slice::<IgnoredAny>(&value).map_err(|error| {
                let message = format!("the body is not JSON: {error}");
                Refusal::new(StatusCode::BAD_REQUEST, message)
            })?;
            let (status, created) = match app.store.put(key, value) {
                Put::Created => (StatusCode::CREATED, true),
                Put::Replaced => (StatusCode::OK, false),
                Put::Full => {
                    let status = StatusCode::INSUFFICIENT_STORAGE;
                    return Err(Refusal::new(status, "the store is full"));
                }
            };
            Ok(json(status, json!({ "key": key, "created": created })))
        }
        Method::DELETE if app.store.delete(key) => {
            let gone = json!({ "key": key, "deleted": true });
            Ok(json(StatusCode::OK, gone))
        }
        Method::DELETE => Err(Refusal::no_key(key)),
        _ => Err(Refusal::method("GET, HEAD, PUT, DELETE")),
    }
}

/// `/kv?after=KEY`
fn list(app: &App, query: Option<&str>) -> Result<Answer, Refusal> {
    let after = match query {
        None | Some("") => "",
        Some(query) => {
            let after = query.strip_prefix("after=").ok_or_else(|| {
                Refusal::new(StatusCode::BAD_REQUEST, "the only parameter is `after`")
            })?;
            check_key(after)?;
            after
        }
    };
    let (keys, more) = app.store.keys(after, KEYS_PER_PAGE);
    let page = json!({ "keys": keys, "more": more });
    Ok(json(StatusCode::OK, page))
}

fn stats(app: &App) -> Value {
    let mut stats = json!(app.counters.snapshot());
    stats["keys"] = json!(app.store.len());
    stats["workers"] = json!(leno::workers());
    stats["backend"] = json!(leno::backend());
    stats
}

/// `/slow/MS`: stands for work that takes a while.
async fn slow(milliseconds: &str) -> Result<Answer, Refusal> {
    let duration = milliseconds.parse().map_err(|_not_a_number| {
        let message = "give a number of milliseconds, as in /slow/250";
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })?;
    Timer::after(Duration::from_millis(duration)).await;
    Ok(json(StatusCode::OK, json!({ "slept_ms": duration })))
}

/// The body, if it is not too long.
async fn read(mut body: Incoming) -> Result<Bytes, Refusal> {
    let too_long = || {
        let message = format!("a value has at most {MAX_BODY} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    // Not even begun where the client says that it is far too long.
    if body.size_hint().lower() > MAX_DISCARDED as u64 {
        return Err(too_long());
    }
    let mut value = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let message = format!("the body broke off: {error}");
            Refusal::new(StatusCode::BAD_REQUEST, message)
        })?;
        // The other kind of frame are trailers, which mean nothing here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length <= MAX_BODY {
            value.extend_from_slice(&data);
        } else if length > MAX_DISCARDED {
            break;
        }
    }
    if length > MAX_BODY {
        return Err(too_long());
    }
    // Boxed, so that no spare capacity is kept with each value.
    Ok(Bytes::from(value.into_boxed_slice()))
}

fn check_key(key: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(allowed) {
        return Ok(());
    }
    let message = format!("a key is 1 to {MAX_KEY} letters, digits, `-`, `.` or `_`");
    Err(Refusal::new(StatusCode::BAD_REQUEST, message))
}

/// An answer that is an error: a status and, as JSON, the reason.
struct Refusal {
    status: StatusCode,
    message: String,
    /// The methods that would be allowed, which a 405 has to tell.
    allow: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            message: message.into(),
            allow: None,
        }
    }

    fn no_key(key: &str) -> Refusal {
        let message = format!("there is no key {key:?}");
        Refusal::new(StatusCode::NOT_FOUND, message)
    }

    fn no_page(path: &str) -> Refusal {
        let message = format!("there is no {path:?}; see /");
        Refusal::new(StatusCode::NOT_FOUND, message)
    }

    fn method(allow: &'static str) -> Refusal {
        let message = format!("the methods here are {allow}");
        Refusal {
            allow: Some(allow),
            ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
        }
    }

    fn into_answer(self) -> Answer {
        let mut answer = json(self.status, json!({ "error": self.message }));
        if let Some(allow) = self.allow {
            let allow = HeaderValue::from_static(allow);
            answer.headers_mut().insert(ALLOW, allow);
        }
        answer
    }
}

fn json(status: StatusCode, value: Value) -> Answer {
    // A newline, for those who look at it in a terminal.
    text(status, "application/json", format!("{value}\n").into())
}

fn text(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}
