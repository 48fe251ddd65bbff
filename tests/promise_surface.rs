//! Promise 1: what `smol` 2 has is here under the same path, and what leno adds has the signature that it says.
//!
//! Most of this is checked by compiling: each `let` coerces a function to the type that smol gives it. What the functions
//! do is the business of the other tests.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use leno::{Async, Executor, LocalExecutor, Task, Timer, Unblock};

type Ready = Poll<io::Result<()>>;

#[test]
fn entering_and_spawning() {
    let output: u8 = leno::block_on(async { 1 });
    let task: Task<u8> = leno::spawn(async { 2 });
    let blocking: Task<u8> = leno::unblock(|| 3);
    assert_eq!(
        output + leno::block_on(async { task.await + blocking.await }),
        6
    );

    let _: fn() -> Executor<'static> = Executor::new;
    let _: fn() -> LocalExecutor<'static> = LocalExecutor::new;
    static SHARED: Executor<'static> = Executor::new();
    let _: fn(&Executor<'static>) -> bool = Executor::is_empty;
    let _: fn(&Executor<'static>) -> bool = Executor::try_tick;
    let mut handles = Vec::new();
    SHARED.spawn_many([1, 2].map(|n| async move { n }), &mut handles);
    let sum = leno::block_on(SHARED.run(async move {
        let mut sum = SHARED.spawn(async { 3 }).await;
        for handle in handles {
            sum += handle.await;
        }
        sum
    }));
    assert_eq!(sum, 6);

    let local = LocalExecutor::new();
    let task = local.spawn(async { std::rc::Rc::new(4) });
    assert!(!local.is_empty());
    leno::block_on(local.tick());
    assert_eq!(*leno::block_on(task), 4);
    assert!(!local.try_tick());
}

#[test]
fn tasks_are_those_of_async_task() {
    let task = leno::spawn(async { 1 });
    let _: bool = task.is_finished();
    let task: async_task_fallible::Fallible = task.fallible();
    assert_eq!(leno::block_on(task), Some(1));
    leno::spawn(async {}).detach();
    let _: Option<()> = leno::block_on(leno::spawn(std::future::pending()).cancel());
}

/// The type's name is not public in leno, but it is what `Task::fallible` gives.
mod async_task_fallible {
    pub type Fallible = <leno::Task<i32> as Named>::Fallible;

    pub trait Named {
        type Fallible;
    }

    impl<T> Named for leno::Task<T> {
        type Fallible = async_task::FallibleTask<T>;
    }
}

#[test]
fn timers() {
    let _: fn() -> Timer = Timer::never;
    let _: fn(Duration) -> Timer = Timer::after;
    let _: fn(Instant) -> Timer = Timer::at;
    let _: fn(Duration) -> Timer = Timer::interval;
    let _: fn(Instant, Duration) -> Timer = Timer::interval_at;
    let _: fn(&Timer) -> bool = Timer::will_fire;
    let _: fn(&mut Timer) = Timer::clear;
    let _: fn(&mut Timer, Duration) = Timer::set_after;
    let _: fn(&mut Timer, Instant) = Timer::set_at;
    let _: fn(&mut Timer, Duration) = Timer::set_interval;
    let _: fn(&mut Timer, Instant, Duration) = Timer::set_interval_at;
    fn is<T: Future<Output = Instant> + leno::stream::Stream<Item = Instant> + std::fmt::Debug>() {}
    is::<Timer>();
}

#[test]
fn handles() {
    let _: fn(UdpSocket) -> io::Result<Async<UdpSocket>> = Async::new;
    let _: fn(UdpSocket) -> io::Result<Async<UdpSocket>> = Async::new_nonblocking;
    let _: fn(&Async<UdpSocket>) -> &UdpSocket = Async::get_ref;
    let _: unsafe fn(&mut Async<UdpSocket>) -> &mut UdpSocket = Async::get_mut;
    let _: fn(Async<UdpSocket>) -> io::Result<UdpSocket> = Async::into_inner;
    let _: fn(&Async<UdpSocket>, &mut Context<'_>) -> Ready = Async::poll_readable;
    let _: fn(&Async<UdpSocket>, &mut Context<'_>) -> Ready = Async::poll_writable;

    let socket = Arc::new(Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap());
    let address: SocketAddr = socket.get_ref().local_addr().unwrap();
    leno::block_on(async {
        socket.writable().await?;
        socket.clone().writable_owned().await?;
        assert_eq!(
            socket
                .write_with(|inner| inner.send_to(b"a", address))
                .await?,
            1
        );
        socket.readable().await?;
        socket.clone().readable_owned().await?;
        assert_eq!(socket.peek_from(&mut [0; 8]).await?.0, 1);
        assert_eq!(socket.read_with(|inner| inner.recv(&mut [0; 8])).await?, 1);
        socket.get_ref().connect(address)?;
        assert_eq!(socket.send(b"b").await?, 1);
        assert_eq!(socket.peek(&mut [0; 8]).await?, 1);
        assert_eq!(socket.recv(&mut [0; 8]).await?, 1);
        io::Result::Ok(())
    })
    .unwrap();

    fn stream<T: leno::io::AsyncRead + leno::io::AsyncWrite>() {}
    stream::<Async<TcpStream>>();
    stream::<&Async<TcpStream>>();
    let _: fn(TcpListener) -> io::Result<Async<TcpListener>> = Async::try_from;
    let _: fn(TcpStream) -> io::Result<Async<TcpStream>> = Async::try_from;
    let _: fn(UdpSocket) -> io::Result<Async<UdpSocket>> = Async::try_from;
}

#[cfg(unix)]
#[test]
fn handles_of_unix() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    type Pair<T> = (Async<T>, Async<T>);
    fn descriptor<T: AsFd + AsRawFd>() {}
    descriptor::<Async<UnixStream>>();
    let _: fn(OwnedFd) -> io::Result<Async<UnixStream>> = Async::try_from;
    let _: fn(Async<UnixStream>) -> io::Result<OwnedFd> = OwnedFd::try_from;
    let _: fn(UnixListener) -> io::Result<Async<UnixListener>> = Async::try_from;
    let _: fn() -> io::Result<Pair<UnixStream>> = Async::<UnixStream>::pair;
    let _: fn() -> io::Result<Async<UnixDatagram>> = Async::<UnixDatagram>::unbound;
    let _: fn() -> io::Result<Pair<UnixDatagram>> = Async::<UnixDatagram>::pair;
}

#[test]
fn modules_and_macros() {
    use leno::prelude::*;

    let (sender, receiver) = leno::channel::bounded::<u8>(1);
    let mutex = leno::lock::Mutex::new(0);
    leno::block_on(async {
        sender.send(1).await.unwrap();
        *mutex.lock().await += receiver.recv().await.unwrap();
        let mut bytes = Vec::new();
        leno::io::Cursor::new([2, 3])
            .read_to_end(&mut bytes)
            .await
            .unwrap();
        assert_eq!(bytes, leno::stream::iter([2, 3]).collect::<Vec<u8>>().await);
        let or = leno::future::ready(4).or(leno::future::pending());
        leno::pin!(or);
        assert_eq!(or.await, 4);
        assert!(leno::fs::metadata("Cargo.toml").await.unwrap().is_file());
    });

    struct Twice<F>(F);
    impl<F: Future<Output = u8> + Unpin> Future for Twice<F> {
        type Output = u8;
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
            Poll::Ready(2 * leno::ready!(Pin::new(&mut self.0).poll(cx)))
        }
    }
    assert_eq!(leno::block_on(Twice(std::future::ready(3))), 6);
}

#[test]
fn unblock_io() {
    let _: fn(std::fs::File) -> Unblock<std::fs::File> = Unblock::new;
    let _: fn(usize, std::fs::File) -> Unblock<std::fs::File> = Unblock::with_capacity;
    leno::block_on(async {
        let mut numbers = Unblock::new(vec![1, 2, 3].into_iter());
        assert_eq!(leno::stream::StreamExt::next(&mut numbers).await, Some(1));
        let mut value = Unblock::new(5);
        assert_eq!(*value.get_mut().await, 5);
        assert_eq!(value.with_mut(|value| *value + 1).await, 6);
        assert_eq!(value.into_inner().await, 5);
    });
}

#[test]
fn what_leno_adds() {
    let _: fn(Duration) -> io::Result<usize> = leno::shutdown;
    let _: fn() -> usize = leno::workers;
    let _: fn() -> &'static str = leno::backend;
    let _: fn(leno::Builder) -> io::Result<()> = leno::Builder::start;
    let result: Result<u8, leno::TimedOut> =
        leno::block_on(leno::timeout(Duration::MAX, async { 1 }));
    assert_eq!(result, Ok(1));
    let late = leno::timeout(Duration::ZERO, std::future::pending::<()>());
    let error = io::Error::from(leno::block_on(late).unwrap_err());
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}
