//! A type that goes by several names is one type, so what one crate makes another can use.

use std::net::UdpSocket;

/// Compiles if both names mean the same type.
macro_rules! same {
    ($($name:ident: $left:ty, $right:ty;)*) => {$(
        #[test]
        fn $name() {
            let _: fn($left) -> $right = |value| value;
        }
    )*};
}

same! {
    async_io_and_leno: async_io::Async<UdpSocket>, leno::Async<UdpSocket>;
    smol_and_leno: smol::Async<UdpSocket>, leno::Async<UdpSocket>;
    timer: async_io::Timer, smol::Timer;
    executor: async_executor::Executor<'static>, smol::Executor<'static>;
    local_executor: async_executor::LocalExecutor<'static>, smol::LocalExecutor<'static>;
    task: async_executor::Task<u8>, smol::Task<u8>;
    task_of_the_global_executor: async_global_executor::Task<u8>, leno::Task<u8>;
    task_of_the_global_executor_3: async_global_executor_3::Task<u8>, leno::Task<u8>;
    task_of_the_pool: blocking::Task<u8>, leno::Task<u8>;
    unblock: blocking::Unblock<u8>, leno::Unblock<u8>;
    tcp: async_net::TcpStream, smol::net::TcpStream;
    udp: async_net::UdpSocket, leno::net::UdpSocket;
    child: async_process::Child, smol::process::Child;
    signals: async_signal::Signals, leno::signal::Signals;
    sender: async_channel::Sender<u8>, leno::channel::Sender<u8>;
    receiver: async_channel::Receiver<u8>, smol::channel::Receiver<u8>;
}

/// `leno::fs` is `async-fs`, which asks for `blocking`.
#[test]
fn files_are_read_by_lenos_pool() {
    let name = leno::block_on(leno::fs::read_to_string("/proc/thread-self/comm"));
    if let Ok(name) = name {
        assert!(name.starts_with("leno-blocking"), "{name}");
    }
}
