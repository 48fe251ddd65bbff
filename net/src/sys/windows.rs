//! Listening through std, which has no options.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::ListenOptions;

/// The error for having too many open sockets.
pub(crate) const WSAEMFILE: i32 = 10024;
/// The error for having no buffer space.
const WSAENOBUFS: i32 = 10055;
/// The error for having no memory.
const WSA_NOT_ENOUGH_MEMORY: i32 = 8;

/// Listens, or says which option it can't set.
pub(crate) fn listen(addr: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
    let refused = [
        ("backlog", options.backlog.is_some()),
        ("only_v6", options.only_v6.is_some()),
        ("reuse_address", options.reuse_address),
        ("reuse_port", options.reuse_port),
    ];
    for (name, asked_for) in refused {
        if asked_for {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("the option `{name}` is not supported on Windows"),
            ));
        }
    }
    TcpListener::bind(addr)
}

/// Whether `err` says that the process or the system has no socket or no memory for another connection.
pub(crate) fn out_of_resources(err: &io::Error) -> bool {
    matches!(
        err.raw_os_error(),
        Some(WSAEMFILE | WSAENOBUFS | WSA_NOT_ENOUGH_MEMORY)
    )
}
