//! Many who await the readiness of one handle.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::crowd::Crowd;
use crate::park_state::ParkState;
use crate::readiness::{Direction, Readiness, Ready, Waiting};

/// A socket with a number of bytes in it, and those who wait for them.
struct Socket {
    bytes: AtomicUsize,
    readiness: Readiness,
    crowd: Crowd,
}

impl Socket {
    fn wake(&self, waiting: Waiting) {
        if waiting.includes(Direction::Read) {
            let mut wakers = Vec::new();
            self.crowd.call(&mut wakers);
            wakers.into_iter().for_each(std::task::Waker::wake);
        }
    }

    /// Reads one byte, as `Source::poll_op` does: claim, try, wait.
    fn read_one(&self) {
        let state = Arc::new(ParkState::new());
        let waker = super::waker(&state);
        let mut membership = None;
        loop {
            let claimed = self.readiness.claim(Direction::Read);
            if !claimed.is_none() {
                let taken = self
                    .bytes
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
                if taken.is_ok() {
                    if let Some(membership) = membership.take() {
                        self.crowd.leave(membership);
                    }
                    self.wake(self.readiness.give_back(Direction::Read, claimed, true));
                    return;
                }
            }
            if self.crowd.wait(&mut membership, &waker)
                && self.readiness.await_change(Direction::Read)
            {
                super::sleep(&state);
            }
        }
    }
}

#[test]
fn one_edge_for_two_bytes_reaches_both() {
    let mut model = loom::model::Builder::new();
    // Three threads with a mutex each: two preemptions cover each pair of steps of any two of them.
    model.preemption_bound = Some(2);
    model.check(|| {
        let socket = Arc::new(Socket {
            bytes: AtomicUsize::new(0),
            readiness: Readiness::new(),
            crowd: Crowd::new(),
        });
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let socket = socket.clone();
                thread::spawn(move || socket.read_one())
            })
            .collect();
        socket.bytes.fetch_add(2, Ordering::SeqCst);
        socket.wake(socket.readiness.publish(Ready::READABLE));
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(socket.bytes.load(Ordering::SeqCst), 0);
        assert!(socket.crowd.is_empty());
    });
}
