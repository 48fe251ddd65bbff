//! Nothing differs from async-channel but what the README says: the same traits, and the same answers to the same
//! calls.

mod support;

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::MutexGuard;

use futures_core::stream::{FusedStream, Stream};
use support::{Dice, Polled};

/// Whether a type implements a trait: an inherent constant, which is there if it does, goes before that of a trait.
macro_rules! implements {
    ($type:ty, $($bound:tt)+) => {{
        // Not used for a type that has the trait.
        #[allow(dead_code)]
        trait Otherwise {
            const IS: bool = false;
        }
        impl<T> Otherwise for T {}
        struct Probe<T>(PhantomData<T>);
        #[allow(dead_code)]
        impl<T: $($bound)+> Probe<T> {
            const IS: bool = true;
        }
        <Probe<$type>>::IS
    }};
}

macro_rules! same {
    ($message:ty: $($name:ident)*; $traits:tt) => {
        $(same!(@each $message, $name, $name<$message>, $traits);)*
        same!(@each $message, Send, Send<'static, $message>, $traits);
        same!(@each $message, Recv, Recv<'static, $message>, $traits);
        same!(@each $message, Closed, Closed<'static, $message>, $traits);
    };
    (@each $message:ty, $name:ident, $type:ty, [$($bound:path),*]) => {{
        type Ours = ours::Types<$message>;
        type Theirs = theirs::Types<$message>;
        $(assert_eq!(
            implements!(<Ours as Named>::$name, $bound),
            implements!(<Theirs as Named>::$name, $bound),
            "{} of {}: {}", stringify!($name), stringify!($message), stringify!($bound),
        );)*
    }};
}

/// The types of a channel by their names.
trait Named {
    type Sender;
    type Receiver;
    type WeakSender;
    type WeakReceiver;
    type SendError;
    type TrySendError;
    type Send;
    type Recv;
    type Closed;
}

macro_rules! named {
    ($module:ident, $channel:ident) => {
        mod $module {
            pub struct Types<T>(T);
            impl<T: 'static> super::Named for Types<T> {
                type Sender = $channel::Sender<T>;
                type Receiver = $channel::Receiver<T>;
                type WeakSender = $channel::WeakSender<T>;
                type WeakReceiver = $channel::WeakReceiver<T>;
                type SendError = $channel::SendError<T>;
                type TrySendError = $channel::TrySendError<T>;
                type Send = $channel::Send<'static, T>;
                type Recv = $channel::Recv<'static, T>;
                type Closed = $channel::Closed<'static, T>;
            }
        }
    };
}
named!(ours, leno_channel);
named!(theirs, async_channel);

#[test]
fn the_same_traits() {
    macro_rules! for_messages {
        ($($message:ty),*) => {$(
            same!($message: Sender Receiver WeakSender WeakReceiver SendError TrySendError; [
                std::marker::Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Copy, Debug,
                Display, std::error::Error, Default, PartialEq, Eq, Future, Stream, FusedStream
            ]);
        )*};
    }
    // One that is everything; not `Sync`; neither `Send` nor `Sync`; not `Send`; not unwind-safe; not `Unpin`.
    for_messages!(
        u8,
        Cell<u8>,
        Rc<u8>,
        MutexGuard<'static, u8>,
        &'static mut u8,
        std::marker::PhantomPinned
    );

    // That the macro can tell the difference.
    assert!(implements!(leno_channel::Sender<u8>, std::marker::Send));
    assert!(!implements!(
        leno_channel::Sender<Rc<u8>>,
        std::marker::Send
    ));
    assert!(!implements!(leno_channel::Receiver<u8>, Unpin));
    assert!(implements!(leno_channel::Sender<u8>, RefUnwindSafe));
    assert!(!implements!(leno_channel::Send<'static, Cell<u8>>, Sync));
}

/// Plays the same random game on a channel of both kinds.
macro_rules! play {
    ($channel:ident, $seed:expr, $capacity:expr) => {{
        let mut dice = Dice($seed);
        let mut log = Vec::new();
        let (sender, receiver) = match $capacity {
            Some(most) => $channel::bounded(most),
            None => $channel::unbounded(),
        };
        let mut stream = Box::pin(receiver.clone());
        let mut sends = Vec::new();
        let mut recvs = Vec::new();
        for n in 0..300 {
            let which = dice.below(100);
            log.push(match dice.below(13) {
                0 | 1 => format!(
                    "try_send {:?}",
                    sender
                        .try_send(n)
                        .map_err(|e| (e.is_full(), e.into_inner()))
                ),
                2 => format!(
                    "force {:?}",
                    sender.force_send(n).map_err(|e| e.into_inner())
                ),
                3 | 4 => format!(
                    "try_recv {:?}",
                    receiver.try_recv().map_err(|e| e.is_closed())
                ),
                5 => {
                    let mut send = Polled::new(sender.send(n));
                    let sent = send.poll().map(|sent| sent.map_err(|e| e.into_inner()));
                    if sent.is_none() {
                        sends.push(send);
                    }
                    format!("send {sent:?}")
                }
                6 => {
                    let mut recv = Polled::new(receiver.recv());
                    let received = recv
                        .poll()
                        .map(|received| received.is_ok().then(|| received.unwrap()));
                    if received.is_none() {
                        recvs.push(recv);
                    }
                    format!("recv {received:?}")
                }
                7 if !sends.is_empty() => {
                    let index = which % sends.len();
                    let sent = sends[index]
                        .poll()
                        .map(|sent| sent.map_err(|e| e.into_inner()));
                    if sent.is_some() {
                        drop(sends.remove(index));
                    }
                    format!("send again {sent:?}")
                }
                8 if !recvs.is_empty() => {
                    let index = which % recvs.len();
                    let received = recvs[index]
                        .poll()
                        .map(|received| received.is_ok().then(|| received.unwrap()));
                    if received.is_some() {
                        drop(recvs.remove(index));
                    }
                    format!("recv again {received:?}")
                }
                9 if !sends.is_empty() => {
                    drop(sends.remove(which % sends.len()));
                    String::from("give up a send")
                }
                10 if !recvs.is_empty() => {
                    drop(recvs.remove(which % recvs.len()));
                    String::from("give up a recv")
                }
                11 => {
                    let next = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx));
                    format!("next {:?}", Polled::new(next).poll())
                }
                12 if which == 0 => format!("close {}", sender.close()),
                _ => format!(
                    "{} {} {} {} {:?} {} {}",
                    sender.len(),
                    receiver.is_empty(),
                    sender.is_full(),
                    receiver.is_closed(),
                    sender.capacity(),
                    stream.is_terminated(),
                    sender.downgrade().upgrade().is_some(),
                ),
            });
            // Nobody sleeps beside a message or beside room.
            assert!(receiver.is_empty() || recvs.is_empty() || recvs.iter().any(Polled::is_woken));
            assert!(sender.is_full() || sends.is_empty() || sends.iter().any(Polled::is_woken));
        }
        log
    }};
}

#[test]
fn the_same_answers_to_random_calls() {
    for seed in 0..2_000 {
        let capacity = [Some(1), Some(2), Some(5), None][seed as usize % 4];
        let ours = play!(leno_channel, seed, capacity);
        let theirs = play!(async_channel, seed, capacity);
        assert_eq!(ours, theirs, "seed {seed}");
    }
}
