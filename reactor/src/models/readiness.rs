//! Claiming readiness and waiting for it.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::park_state::ParkState;
use crate::readiness::{Direction, Readiness, Ready};
use crate::waker_slot::WakerSlot;

/// A socket with a number of bytes in it, and one waker slot for each of its readers.
struct Socket<const READERS: usize> {
    bytes: AtomicUsize,
    readiness: Readiness,
    slots: [WakerSlot; READERS],
}

impl<const READERS: usize> Socket<READERS> {
    fn new() -> Arc<Self> {
        Arc::new(Socket {
            bytes: AtomicUsize::new(0),
            readiness: Readiness::new(),
            slots: std::array::from_fn(|_| WakerSlot::new()),
        })
    }

    fn wake(&self, waiting: crate::readiness::Waiting) {
        if waiting.includes(Direction::Read) {
            let wakers: Vec<_> = self.slots.iter().filter_map(WakerSlot::take).collect();
            wakers.into_iter().for_each(std::task::Waker::wake);
        }
    }

    /// What the kernel and the reactor do when `count` bytes arrive.
    fn arrive(&self, count: usize) {
        self.bytes.fetch_add(count, Ordering::SeqCst);
        self.wake(self.readiness.publish(Ready::READABLE));
    }

    /// Reads one byte, as `Source::poll_op` does: claim, try, wait.
    fn read_one(&self, reader: usize) {
        let state = Arc::new(ParkState::new());
        let waker = super::waker(&state);
        loop {
            let claimed = self.readiness.claim(Direction::Read);
            if !claimed.is_none() {
                let taken = self
                    .bytes
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
                if taken.is_ok() {
                    // A full buffer: there may be more.
                    self.wake(self.readiness.give_back(Direction::Read, claimed, true));
                    return;
                }
            }
            self.slots[reader].store(&waker);
            if self.readiness.await_change(Direction::Read) {
                super::sleep(&state);
            }
        }
    }
}

#[test]
fn an_event_during_the_failed_try_is_not_lost() {
    loom::model(|| {
        let socket = Socket::<1>::new();
        let reader = socket.clone();
        let reader = thread::spawn(move || reader.read_one(0));
        socket.arrive(1);
        reader.join().unwrap();
        assert_eq!(socket.bytes.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_stale_ready_bit_does_not_hide_the_next_event() {
    loom::model(|| {
        let socket = Socket::<1>::new();
        // An event whose bytes somebody else has read already.
        socket.wake(socket.readiness.publish(Ready::READABLE));
        let reader = socket.clone();
        let reader = thread::spawn(move || reader.read_one(0));
        socket.arrive(1);
        reader.join().unwrap();
    });
}

#[test]
fn who_finds_nothing_to_claim_is_woken_by_who_gives_it_back() {
    let mut model = loom::model::Builder::new();
    // Three threads with a mutex each: two preemptions cover each pair of steps of any two of them.
    model.preemption_bound = Some(2);
    model.check(|| {
        let socket = Socket::<2>::new();
        let one = socket.clone();
        let one = thread::spawn(move || one.read_one(0));
        let other = socket.clone();
        let other = thread::spawn(move || other.read_one(1));
        // One edge for two bytes.
        socket.arrive(2);
        one.join().unwrap();
        other.join().unwrap();
        assert_eq!(socket.bytes.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn the_end_of_a_stream_stays_for_everybody() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let socket = Socket::<2>::new();
        let readers: Vec<_> = (0..2)
            .map(|reader| {
                let socket = socket.clone();
                thread::spawn(move || socket.read_end(reader))
            })
            .collect();
        socket.bytes.store(usize::MAX, Ordering::SeqCst);
        socket.wake(socket.readiness.publish(Ready::READ_CLOSED));
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

impl<const READERS: usize> Socket<READERS> {
    /// Reads the end of the stream, which stays readable. `bytes` is `usize::MAX` once it has come.
    fn read_end(&self, reader: usize) {
        let state = Arc::new(ParkState::new());
        let waker = super::waker(&state);
        loop {
            let claimed = self.readiness.claim(Direction::Read);
            if !claimed.is_none() && self.bytes.load(Ordering::SeqCst) == usize::MAX {
                self.wake(self.readiness.give_back(Direction::Read, claimed, false));
                return;
            }
            self.slots[reader].store(&waker);
            if self.readiness.await_change(Direction::Read) {
                super::sleep(&state);
            }
        }
    }
}
