//! A key-value store with an HTTP interface: what a small service on leno looks like.
//!
//! It shows hyper on leno, limits on everything a client can use up (time, connections, bytes), and a stop that loses no
//! request: on Ctrl-C it takes no new connections, but serves the ones already waiting in line, finishes what is in
//! flight, and then prints what it did.
//!
//! ```text
//! cargo run --release --example service                    serve on http://127.0.0.1:8080/
//! cargo run --release --example service -- --listen ADDR   serve elsewhere
//! cargo run --release --example service -- --load 100000   drive itself over real sockets, print what it measured
//! ```
//!
//! Try it, from another terminal or with a browser:
//!
//! ```text
//! $ curl -X PUT 127.0.0.1:8080/kv/color -d '{"name":"teal"}'
//! {"created":true,"key":"color"}
//! $ curl 127.0.0.1:8080/kv/color
//! {"name":"teal"}
//! $ curl 127.0.0.1:8080/kv
//! {"keys":["color"],"more":false}
//! $ curl -X DELETE 127.0.0.1:8080/kv/color
//! {"deleted":true,"key":"color"}
//! $ curl 127.0.0.1:8080/kv/color
//! {"error":"there is no key \"color\""}
//! ```
//!
//! Expected output of the service itself, with Ctrl-C pressed at the end (the numbers differ):
//!
//! ```text
//! serving on http://127.0.0.1:8080/ (2 workers, epoll); Ctrl-C stops
//! stopping: finishing what is in flight (Ctrl-C again stops at once)
//! stopped after 21.4 s: 5 requests on 5 connections, 1 client error, 0 server errors, 0 cut off
//! ```
//!
//! and of `--load 100000` (two cores that compiled something else meanwhile; the numbers differ):
//!
//! ```text
//! serving on http://127.0.0.1:40817/ (2 workers, epoll)
//! requests     100000 over 64 connections, each answer checked
//! errors       0
//! throughput   26122 requests/s (3.83 s)
//! latency      p50 1.93 ms   p99 7.47 ms   p99.9 11.73 ms   max 15.60 ms
//! memory       9.2 MiB resident, 9.2 MiB at most
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `args.rs` | the command line |
//! | `server.rs` | accepts connections and serves them until it is told to stop |
//! | `backlog.rs` | closes a listener without losing who is in line |
//! | `shutdown.rs` | Ctrl-C, and how all tasks hear of it |
//! | `http.rs` | what each request does |
//! | `page.rs`, `page.html` | the page with the counters |
//! | `store.rs` | the keys and values |
//! | `counters.rs` | what the service counts about itself |
//! | `descriptors.rs` | how many sockets the OS lets us have |
//! | `load.rs` | the clients of `--load` |

mod args;
mod backlog;
mod counters;
mod descriptors;
mod http;
mod load;
mod page;
mod server;
mod shutdown;
mod store;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use leno::net::TcpListener;

use crate::args::{Args, Mode};
use crate::http::App;
use crate::shutdown::{Signals, Stop};

// The main thread becomes one of leno's workers, and the body of `main` is its first task.
#[leno::main]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            eprintln!("error: {message}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let outcome = match args.mode {
        Mode::Help => {
            println!("{}", args::USAGE);
            Ok(true)
        }
        Mode::Serve => serve(args).await,
        Mode::Load { requests } => drive(args, requests).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until Ctrl-C; true if every request that had come in was answered.
async fn serve(args: Args) -> io::Result<bool> {
    // Before the URL is printed: whoever has read it may send Ctrl-C.
    let mut signals = Signals::new()?;
    // With more connections than descriptors we would accept, fail, and accept again.
    let limit = args.max_connections.min(descriptors::available()).max(1);
    let listener = bind(&args.listen).await?;
    announce(&listener, "; Ctrl-C stops")?;

    let app = Arc::new(App::new());
    let (stopper, stop) = Stop::new();
    let server = leno::spawn(server::serve(listener, app, limit, stop));

    signals.next().await?;
    println!("stopping: finishing what is in flight (Ctrl-C again stops at once)");
    stopper.stop();
    leno::spawn(async move {
        if signals.next().await.is_ok() {
            // What a shell reports for a program that SIGINT ended.
            std::process::exit(130);
        }
    })
    .detach();

    let summary = server.await;
    println!("{summary}");
    Ok(summary.cut_off == 0)
}

/// Serves its own clients; true if every answer was right.
async fn drive(args: Args, requests: u64) -> io::Result<bool> {
    descriptors::check(args.connections)?;
    let listener = bind(&args.listen).await?;
    let address = announce(&listener, "")?;

    let app = Arc::new(App::new());
    let (stopper, stop) = Stop::new();
    let limit = args.max_connections.max(args.connections);
    let server = leno::spawn(server::serve(listener, app, limit, stop));

    let report = load::run(address, requests, args.connections).await;
    println!("{report}");

    stopper.stop();
    let summary = server.await;
    if summary.requests != requests {
        eprintln!(
            "error: {requests} requests were sent, but the server counted {}",
            summary.requests
        );
    }
    Ok(report.errors == 0 && summary.requests == requests && summary.cut_off == 0)
}

/// Listens on `address`, or says what to do about it.
async fn bind(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program, perhaps another copy of this one, uses that port; choose one with --listen, \
                 for example `--listen 127.0.0.1:0` for any free port"
            }
            io::ErrorKind::PermissionDenied => {
                "this user may not use that port; choose one above 1023, for example `--listen 127.0.0.1:8081`"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; choose one that it has, for example `--listen 127.0.0.1:8080`"
            }
            _ => "give `--listen` an address and a port, for example `--listen 127.0.0.1:8080`",
        };
        io::Error::new(
            error.kind(),
            format!("can't listen on {address}: {error}\n{advice}"),
        )
    })
}

/// Says where the service is and what it runs on.
fn announce(listener: &TcpListener, hint: &str) -> io::Result<std::net::SocketAddr> {
    let address = listener.local_addr()?;
    let workers = leno::workers();
    println!(
        "serving on http://{address}/ ({workers} {}, {}){hint}",
        if workers == 1 { "worker" } else { "workers" },
        leno::backend(),
    );
    Ok(address)
}
