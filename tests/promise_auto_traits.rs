//! Promise 12: public types have exactly the auto traits they should.
//!
//! For what smol has too, these are smol's. The negative ones rest on method resolution: a blanket method that is there for every type is hidden by an inherent
//! one that is there only if the bound holds.

use std::future::Ready;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Whether a type has a trait, as a constant.
macro_rules! has {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code, reason = "hidden where the bound holds")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Probe<T: ?Sized>(#[allow(dead_code)] std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "absent where the bound does not hold")]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

/// Checks `Send`, `Sync`, `Unpin`, `UnwindSafe` and `RefUnwindSafe` of a type, in this order.
macro_rules! traits {
    ($($type:ty => $expected:expr;)+) => {$(
        let found = [
            has!($type: Send),
            has!($type: Sync),
            has!($type: Unpin),
            has!($type: UnwindSafe),
            has!($type: RefUnwindSafe),
        ];
        let wanted: [u8; 5] = $expected;
        assert_eq!(found.map(u8::from), wanted, "{} is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe]", stringify!($type));
    )+};
}

#[test]
fn the_probe_tells_the_difference() {
    assert!(has!(u8: Send));
    assert!(!has!(Rc<u8>: Send));
    assert!(!has!(std::cell::Cell<u8>: Sync));
    assert!(!has!(std::marker::PhantomPinned: Unpin));
    assert!(!has!(&'static std::cell::Cell<u8>: UnwindSafe));
}

#[test]
fn tasks_and_executors() {
    traits! {
        leno::Executor<'static> => [1, 1, 1, 1, 1];
        leno::LocalExecutor<'static> => [0, 0, 1, 1, 1];
        leno::StaticExecutor => [1, 1, 1, 1, 1];
        leno::StaticLocalExecutor => [1, 0, 1, 1, 1];
        leno::Task<u8> => [1, 1, 1, 1, 1];
        leno::Task<Rc<u8>> => [0, 1, 1, 1, 1];
        leno::Unblock<std::fs::File> => [1, 1, 1, 0, 0];
    }
}

#[test]
fn handles_and_timers() {
    traits! {
        leno::Async<std::net::TcpStream> => [1, 1, 1, 1, 1];
        leno::Async<Rc<u8>> => [0, 0, 1, 1, 1];
        leno::Async<std::cell::Cell<u8>> => [1, 0, 1, 1, 0];
        leno::Timer => [1, 1, 1, 1, 1];
        leno::Timeout<Ready<u8>> => [1, 1, 1, 1, 1];
        leno::Timeout<std::marker::PhantomPinned> => [1, 1, 0, 1, 1];
        leno::TimedOut => [1, 1, 1, 1, 1];
    }
}

#[test]
fn sockets() {
    traits! {
        leno::net::TcpListener => [1, 1, 1, 1, 1];
        leno::net::TcpStream => [1, 1, 1, 1, 1];
        leno::net::UdpSocket => [1, 1, 1, 1, 1];
        leno::net::Incoming<'static> => [1, 1, 1, 0, 0];
    }
    #[cfg(unix)]
    traits! {
        leno::net::unix::UnixListener => [1, 1, 1, 1, 1];
        leno::net::unix::UnixStream => [1, 1, 1, 1, 1];
        leno::net::unix::UnixDatagram => [1, 1, 1, 1, 1];
    }
}

/// What a task must be able to hold across an `.await`.
#[test]
fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send + 'static>(_: fn() -> F) {}

    spawnable(|| leno::Timer::after(std::time::Duration::ZERO));
    spawnable(|| async { leno::net::TcpStream::connect("127.0.0.1:1").await.is_ok() });
    spawnable(|| async {
        let listener = leno::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.accept().await.is_ok()
    });
    spawnable(|| async { leno::unblock(|| 1).await });
    spawnable(|| async { leno::timeout(std::time::Duration::ZERO, async {}).await });
}
