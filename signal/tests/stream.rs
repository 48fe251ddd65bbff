//! The stream of signals: every one of them, in order, to everybody who listens. The tests share a process, so each has kinds
//! of its own.
#![cfg(unix)]

mod support;

use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::thread;

use futures_lite::{StreamExt, future};
use leno_reactor::block_on;
use leno_signal::{Signal, Signals};
use support::{in_time, raise};

#[test]
fn each_call_of_the_handler_is_one_signal_in_order() {
    block_on(in_time(async {
        let mut signals = Signals::new([Signal::Usr1, Signal::Usr2]).unwrap();
        let mut sent = Vec::new();
        for n in 0..30 {
            sent.push(if n % 3 == 0 {
                Signal::Usr2
            } else {
                Signal::Usr1
            });
            raise(sent[n]);
        }
        for signal in sent {
            assert_eq!(signals.next().await.unwrap().unwrap(), signal);
        }
        assert!(future::poll_once(signals.next()).await.is_none());
    }));
}

#[test]
fn a_signal_is_there_as_soon_as_it_has_come() {
    block_on(async {
        let mut signals = Signals::new([Signal::Hup]).unwrap();
        for _ in 0..1_000 {
            let mut next = pin!(signals.next());
            assert!(future::poll_once(&mut next).await.is_none());
            raise(Signal::Hup);
            let signal = future::poll_once(&mut next).await.flatten().unwrap();
            assert_eq!(signal.unwrap(), Signal::Hup);
        }
    });
}

#[test]
fn it_wakes_who_waits() {
    let raised = thread::spawn(|| {
        block_on(in_time(async {
            let mut signals = Signals::new([Signal::Winch, Signal::Cont]).unwrap();
            for n in 0..200 {
                let signal = if n % 2 == 0 {
                    Signal::Winch
                } else {
                    Signal::Cont
                };
                // From another thread, so that this one may sleep.
                let sender = thread::spawn(move || raise(signal));
                assert_eq!(signals.next().await.unwrap().unwrap(), signal);
                sender.join().unwrap();
            }
        }));
    });
    raised.join().unwrap();
}

#[test]
fn under_another_executor() {
    future::block_on(in_time(async {
        let mut signals = Signals::new([Signal::Urg]).unwrap();
        for _ in 0..50 {
            let sender = thread::spawn(|| raise(Signal::Urg));
            assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Urg);
            sender.join().unwrap();
        }
    }));
}

#[test]
fn everybody_gets_every_signal() {
    block_on(in_time(async {
        let first = Signals::new([Signal::Tstp]).unwrap();
        let mut others = [
            Signals::new([Signal::Tstp]).unwrap(),
            Signals::new([Signal::Tstp]).unwrap(),
        ];
        raise(Signal::Tstp);
        for signals in &mut others {
            assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Tstp);
            assert!(future::poll_once(signals.next()).await.is_none());
        }
        // Those who are left go on.
        let [mut left, gone] = others;
        drop(gone);
        raise(Signal::Tstp);
        assert_eq!(left.next().await.unwrap().unwrap(), Signal::Tstp);
        // And one is read by reference.
        assert_eq!((&first).next().await.unwrap().unwrap(), Signal::Tstp);
        assert_eq!((&first).next().await.unwrap().unwrap(), Signal::Tstp);
        assert!(future::poll_once((&first).next()).await.is_none());
    }));
}

#[test]
fn kinds_are_added_and_removed() {
    block_on(in_time(async {
        let mut other = Signals::new([Signal::Ttin, Signal::Ttou]).unwrap();
        let mut signals = Signals::new(&[] as &[Signal]).unwrap();
        raise(Signal::Ttin);
        assert!(future::poll_once(signals.next()).await.is_none());
        signals.add_signals([Signal::Ttin, Signal::Ttin]).unwrap();
        signals.add_signals([Signal::Ttin, Signal::Ttou]).unwrap();
        raise(Signal::Ttin);
        // What has come before its kind is removed is read still.
        signals
            .remove_signals([Signal::Ttin, Signal::Prof])
            .unwrap();
        raise(Signal::Ttin);
        raise(Signal::Ttou);
        assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Ttin);
        assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Ttou);
        assert!(future::poll_once(signals.next()).await.is_none());
        signals.add_signals([Signal::Ttin]).unwrap();
        raise(Signal::Ttin);
        assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Ttin);
        for _ in 0..3 {
            assert_eq!(other.next().await.unwrap().unwrap(), Signal::Ttin);
        }
    }));
}

#[test]
fn a_flood_loses_no_kind() {
    block_on(in_time(async {
        let mut signals = Signals::new([Signal::Alarm, Signal::Prof, Signal::Vtalarm]).unwrap();
        for round in 0..3 {
            // More than there is room for, and one of each of the others at the end.
            for _ in 0..100_000 {
                raise(Signal::Alarm);
            }
            raise(Signal::Prof);
            raise(Signal::Vtalarm);
            let (mut alarms, mut others) = (0, Vec::new());
            while let Some(signal) = future::poll_once(signals.next()).await {
                match signal.unwrap().unwrap() {
                    Signal::Alarm => alarms += 1,
                    other => others.push(other),
                }
            }
            others.sort();
            assert_eq!(others, [Signal::Vtalarm, Signal::Prof], "in round {round}");
            assert!((2..100_000).contains(&alarms), "{alarms} alarms");
        }
        // It wakes who waits, after all that.
        let sender = thread::spawn(|| raise(Signal::Alarm));
        assert_eq!(signals.next().await.unwrap().unwrap(), Signal::Alarm);
        sender.join().unwrap();
    }));
}

#[test]
fn a_flood_while_somebody_reads_loses_no_kind() {
    block_on(in_time(async {
        let mut signals = Signals::new([Signal::Xcpu, Signal::Xfsz, Signal::Io]).unwrap();
        let senders: Vec<_> = [Signal::Xcpu, Signal::Xfsz]
            .into_iter()
            .map(|signal| {
                thread::spawn(move || {
                    for _ in 0..50_000 {
                        raise(signal);
                    }
                })
            })
            .collect();
        let last = thread::spawn(move || {
            for sender in senders {
                sender.join().unwrap();
            }
            raise(Signal::Io);
        });
        // The one that comes when all else has is not lost.
        while signals.next().await.unwrap().unwrap() != Signal::Io {}
        last.join().unwrap();
    }));
}

#[test]
fn what_cannot_be_listened_for_is_refused() {
    for signal in [
        Signal::Kill,
        Signal::Stop,
        Signal::Ill,
        Signal::Fpe,
        Signal::Segv,
    ] {
        let error = Signals::new([signal]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains(&format!("{signal:?}")),
            "{error}"
        );
    }
}

#[test]
fn the_descriptor_tells_whether_a_signal_waits() {
    let mut signals = Signals::new([Signal::Quit]).unwrap();
    assert_eq!(signals.as_fd().as_raw_fd(), signals.as_raw_fd());
    let is_readable = |signals: &Signals| {
        let mut poll = libc::pollfd {
            fd: signals.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one entry, which is valid.
        let ready = unsafe { libc::poll(&mut poll, 1, 0) };
        ready == 1
    };
    assert!(!is_readable(&signals));
    raise(Signal::Quit);
    assert!(is_readable(&signals));
    block_on(signals.next()).unwrap().unwrap();
    assert!(!is_readable(&signals));
}

#[test]
fn it_never_ends_and_says_so() {
    use futures_lite::Stream;
    let signals = Signals::new([Signal::Pipe]).unwrap();
    assert_eq!(signals.size_hint(), (usize::MAX, None));
    assert_eq!(format!("{signals:?}"), "Signals { signals: [Pipe], .. }");
}
