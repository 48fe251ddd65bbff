//! Threads that block.

mod support;

use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use leno_channel::{RecvError, bounded, unbounded};

#[test]
fn a_thread_waits_for_tasks_and_tasks_for_threads() {
    const COUNT: usize = 5_000;
    support::ends(|| {
        let (request, requests) = bounded(1);
        let (reply, replies) = bounded(1);
        let server = thread::spawn(move || {
            while let Ok(n) = requests.recv_blocking() {
                reply.send_blocking(n + 1).unwrap();
            }
        });
        block_on(async {
            for n in 0..COUNT {
                request.send(n).await.unwrap();
                assert_eq!(replies.recv().await, Ok(n + 1));
            }
        });
        drop(request);
        server.join().unwrap();
    });
}

/// What `std::thread::park` waits for is none of the channel's business.
#[test]
fn a_token_that_somebody_left_stays() {
    support::ends(|| {
        let (sender, receiver) = bounded(1);
        let waits = thread::spawn(move || {
            thread::current().unpark();
            assert_eq!(receiver.recv_blocking(), Ok(1));
            // Would wait for ever, had the token been used up.
            thread::park();
        });
        thread::sleep(Duration::from_millis(20));
        sender.send_blocking(1).unwrap();
        waits.join().unwrap();
    });
}

/// A thread that ends may still wait in the drops of its thread-local variables.
#[test]
fn at_the_end_of_a_thread() {
    struct AtExit(leno_channel::Receiver<u8>, leno_channel::Sender<u8>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            self.1
                .send_blocking(self.0.recv_blocking().unwrap())
                .unwrap();
        }
    }
    thread_local! {
        static AT_EXIT: std::cell::Cell<Option<AtExit>> = const { std::cell::Cell::new(None) };
    }
    support::ends(|| {
        let (sender, receiver) = unbounded();
        let (reply, replies) = unbounded();
        let (first, begins) = unbounded();
        let thread = thread::spawn(move || {
            AT_EXIT.set(Some(AtExit(receiver, reply)));
            assert_eq!(begins.recv_blocking(), Ok(()));
        });
        thread::sleep(Duration::from_millis(10));
        first.send_blocking(()).unwrap();
        thread::sleep(Duration::from_millis(10));
        sender.send_blocking(5).unwrap();
        assert_eq!(replies.recv_blocking(), Ok(5));
        thread.join().unwrap();
    });
}

#[test]
fn many_threads_wait_on_one_channel() {
    const THREADS: usize = 20;
    support::ends(|| {
        let (sender, receiver) = bounded(2);
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || {
                    let mut sum = 0;
                    while let Ok(n) = receiver.recv_blocking() {
                        sum += n;
                    }
                    assert_eq!(receiver.recv_blocking(), Err(RecvError));
                    sum
                })
            })
            .collect();
        (1..=5_000).for_each(|n| sender.send_blocking(n).unwrap());
        drop(sender);
        let sum: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(sum, 5_000 * 5_001 / 2);
    });
}
