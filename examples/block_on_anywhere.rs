//! leno's sockets and timers work on any thread and under any executor: here under the one of the `futures` crate, and
//! under one of thirty lines on a bare thread.
//!
//! A future asks for nothing but a `Waker`: whoever polls it passes one in, and leno's reactor calls it when the socket is
//! ready or the time has come. Where no thread of leno's is there to wait, one starts in the background for that.
//!
//! ```text
//! cargo run --release --example block_on_anywhere
//! ```
//!
//! Expected output:
//!
//! ```text
//! leno::block_on: slept 10 ms, then got "ping" back
//! futures::executor::block_on: slept 10 ms, then got "ping" back
//! our own block_on on a bare thread: slept 10 ms, then got "ping" back
//! ```

use leno::net::{TcpListener, TcpStream};
use leno::{Timer, future, io, prelude::*};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

fn main() -> io::Result<()> {
    leno::block_on(nap_and_ping("leno::block_on"))?;

    futures::executor::block_on(nap_and_ping("futures::executor::block_on"))?;

    thread::spawn(|| our_block_on(nap_and_ping("our own block_on on a bare thread")))
        .join()
        .expect("the thread does not panic")
}

/// A timer, then both ends of a TCP connection in one task. It doesn't know who runs it.
async fn nap_and_ping(runner: &str) -> io::Result<()> {
    Timer::after(Duration::from_millis(10)).await;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = async {
        let (stream, _peer) = listener.accept().await?;
        io::copy(stream.clone(), stream).await
    };
    let client = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"ping").await?;
        stream.close().await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        io::Result::Ok(reply)
    };
    // Both in turns, whichever can go on. (`leno::spawn` would work here too: it starts leno's workers.)
    let (_bytes, reply) = future::try_zip(server, client).await?;
    println!("{runner}: slept 10 ms, then got {reply:?} back");
    Ok(())
}

/// The smallest executor: polls one future, and sleeps while it has nothing to do.
fn our_block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // The future has kept the waker. If it was called in the meantime, `park` returns at once.
            Poll::Pending => thread::park(),
        }
    }
}

/// A waker that wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
