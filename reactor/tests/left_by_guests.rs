//! A socket that was registered while some thread was in `block_on`, and is awaited by a worker when no thread is any
//! more: whoever waits sees its events.

#![cfg(unix)]

mod watchdog;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use leno_reactor::{Async, Parker, Reactor, Unparker, block_on, enter};

struct Call {
    called: AtomicBool,
    unparker: Unparker,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.called.store(true, Ordering::SeqCst);
        self.unparker.unpark();
    }
}

/// Runs `future` as a worker runs a task: polled when it was woken, and in between the thread is in its own reactor.
fn work<T>(future: impl Future<Output = T>) -> T {
    let mut parker = Parker::new(Reactor::new());
    let _entered = enter(parker.reactor().clone());
    let call = Arc::new(Call {
        called: AtomicBool::new(true),
        unparker: parker.unparker(),
    });
    let waker = Waker::from(call.clone());
    let mut future = std::pin::pin!(future);
    loop {
        if call.called.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        } else {
            parker.park(None);
            parker.leave();
        }
    }
}

#[test]
fn a_worker_that_waits_sees_the_events() {
    watchdog::within_limit(|| {
        let (one, mut other) = UnixStream::pair().unwrap();
        // A handle of unknown kind is registered at once.
        let one = block_on(async { Async::new(one) }).unwrap();
        let sender = std::thread::spawn(move || {
            let mut reply = [0; 1];
            for round in 0..3 {
                other.write_all(&[round]).unwrap();
                other.read_exact(&mut reply).unwrap();
                assert_eq!(reply, [round]);
            }
        });
        work(async {
            let mut buffer = [0; 1];
            for _ in 0..3 {
                one.read_with(|mut one| one.read(&mut buffer))
                    .await
                    .unwrap();
                one.write_with(|mut one| one.write(&buffer)).await.unwrap();
            }
        });
        sender.join().unwrap();
    });
}
