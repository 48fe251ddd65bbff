//! Foreign code that is called on the way: wakers and the drops of messages may panic, and may use the channel
//! themselves.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

use leno_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use support::Polled;

/// Panics when it is called.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

fn panics<T>(f: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn a_waker_that_panics_leaves_the_channel_usable() {
    let bomb = Waker::from(Arc::new(Bomb));
    let (sender, receiver) = bounded(1);
    let mut recv = Polled::new(receiver.recv());
    assert!(recv.poll_with(&bomb).is_none());
    assert!(panics(|| sender.try_send(1)));
    assert_eq!(recv.poll(), Some(Ok(1)), "the message is there");

    sender.try_send(2).unwrap();
    let mut send = Polled::new(sender.send(3));
    assert!(send.poll_with(&bomb).is_none());
    assert!(panics(|| receiver.try_recv()));
    assert_eq!(send.poll(), Some(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn a_waker_that_panics_does_not_keep_others_from_being_woken() {
    let bomb = Waker::from(Arc::new(Bomb));
    let (sender, receiver) = bounded::<u8>(1);
    let mut bombs: Vec<_> = (0..3).map(|_| Polled::new(receiver.recv())).collect();
    let others: Vec<_> = (0..3).map(|_| Polled::waiting(receiver.recv())).collect();
    for recv in &mut bombs {
        assert!(recv.poll_with(&bomb).is_none());
    }
    let last = Polled::waiting(sender.closed());
    assert!(panics(|| sender.close()));
    assert!(sender.is_closed());
    assert!(others.iter().all(|recv| recv.wakes() == 1));
    assert_eq!(last.wakes(), 1);
}

/// Panics when it is dropped, if it says so.
#[derive(Debug, PartialEq)]
struct Fragile(bool);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0, "a message that panics");
    }
}

#[test]
fn a_message_that_panics_when_dropped() {
    let (sender, receiver) = bounded(1);
    assert!(sender.try_send(Fragile(true)).is_ok());
    assert!(panics(|| drop(sender.force_send(Fragile(true)))));
    assert!(panics(|| drop(sender.try_send(Fragile(true)))));
    assert!(panics(|| drop(Polled::waiting(sender.send(Fragile(true))))));
    assert!(panics(|| drop(receiver.try_recv())));
    assert!(sender.is_empty());
    assert!(sender.try_send(Fragile(false)).is_ok());
    assert_eq!(receiver.try_recv().unwrap(), Fragile(false));

    // The others are dropped all the same.
    let counted = Arc::new(());
    let (sender, receiver) = unbounded();
    for n in 0..5 {
        let message = (Fragile(n == 2), counted.clone());
        assert!(sender.try_send(message).is_ok());
    }
    drop(receiver);
    assert!(panics(|| drop(sender)));
    assert_eq!(Arc::strong_count(&counted), 1);
}

/// A waker whose every operation uses the channel: it would wait for ever if that held its lock.
struct Meddler {
    sender: Sender<usize>,
    receiver: Receiver<usize>,
    calls: AtomicUsize,
}

impl Meddler {
    fn meddle(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        // Whatever comes of it.
        let _ = (self.sender.len(), self.sender.is_closed());
        if let Ok(n) = self.receiver.try_recv() {
            assert!(self.sender.try_send(n).is_ok() || self.sender.is_closed());
        }
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.meddle();
    }
}

/// As [`Wake`], but clones and drops meddle too: each waker is a box of its own.
fn meddling(meddler: &'static Meddler) -> Waker {
    fn as_raw(meddler: &'static Meddler) -> RawWaker {
        const VTABLE: RawWakerVTable = RawWakerVTable::new(
            |meddler| {
                let meddler = get(meddler);
                meddler.meddle();
                as_raw(meddler)
            },
            |meddler| get(meddler).meddle(),
            |meddler| get(meddler).meddle(),
            |meddler| get(meddler).meddle(),
        );
        RawWaker::new(std::ptr::from_ref(meddler).cast(), &VTABLE)
    }
    fn get(meddler: *const ()) -> &'static Meddler {
        // SAFETY: `as_raw` made it of a `&'static Meddler`.
        unsafe { &*meddler.cast() }
    }
    // SAFETY: it is a shared reference that lives for ever, so there is nothing to count, and `Meddler` is `Sync`.
    unsafe { Waker::from_raw(as_raw(meddler)) }
}

#[test]
fn wakers_may_use_the_channel() {
    support::ends(|| {
        let (sender, receiver) = bounded(1);
        let meddler = Box::leak(Box::new(Meddler {
            sender: sender.clone(),
            receiver: receiver.clone(),
            calls: AtomicUsize::new(0),
        }));
        for n in 0..10 {
            let mut recv = Polled::new(receiver.recv());
            assert!(recv.poll_with(&meddling(meddler)).is_none());
            assert!(recv.poll().is_none());
            assert!(recv.poll_with(&meddling(meddler)).is_none());
            sender.try_send(n).unwrap();
            assert_eq!(recv.poll_with(&meddling(meddler)), Some(Ok(n)));

            sender.try_send(n).unwrap();
            let mut send = Polled::new(sender.send(n + 1));
            assert!(send.poll_with(&meddling(meddler)).is_none());
            assert!(send.poll().is_none());
            assert!(send.poll_with(&meddling(meddler)).is_none());
            assert_eq!(receiver.try_recv(), Ok(n));
            assert_eq!(send.poll_with(&meddling(meddler)), Some(Ok(())));
            assert_eq!(receiver.try_recv(), Ok(n + 1));
        }
        let mut given_up = Polled::new(receiver.recv());
        assert!(given_up.poll_with(&meddling(meddler)).is_none());
        drop(given_up);
        let mut closed = Polled::new(sender.closed());
        assert!(closed.poll_with(&meddling(meddler)).is_none());
        assert!(closed.poll().is_none());
        assert!(closed.poll_with(&meddling(meddler)).is_none());
        sender.close();
        assert!(meddler.calls.load(Ordering::SeqCst) > 100);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// A message whose drop uses the channel that it was in.
struct Boomerang(Sender<Boomerang>);

impl Drop for Boomerang {
    fn drop(&mut self) {
        assert!(self.0.len() <= 1);
    }
}

#[test]
fn the_drop_of_a_message_may_use_the_channel() {
    support::ends(|| {
        let (sender, receiver) = bounded(1);
        assert!(sender.try_send(Boomerang(sender.clone())).is_ok());
        assert!(sender.try_send(Boomerang(sender.clone())).is_err());
        assert!(matches!(
            sender.force_send(Boomerang(sender.clone())),
            Ok(Some(_))
        ));
        drop(Polled::waiting(sender.send(Boomerang(sender.clone()))));
        drop(receiver.try_recv());
        drop(receiver);
        assert!(sender.try_send(Boomerang(sender.clone())).is_err());
        assert!(sender.force_send(Boomerang(sender.clone())).is_err());
    });
}
