//! The operating systems' ways to wait for many handles at once, behind one type, [`Poller`], and to make sockets.
//!
//! A poller waits for one thread at a time (its reactor's seat sees to that) and is notified by any. What a backend
//! can do is told by two methods: `edge`, whether a registration stays armed, and `short_read`, whether a read that
//! fills less than its buffer proves that the socket is drained.

use std::io;

#[cfg(all(any(target_os = "linux", target_os = "android"), not(leno_polling)))]
mod epoll;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(leno_polling)))]
pub(crate) use epoll::{BACKEND, Events, Poller};

#[cfg(any(not(any(target_os = "linux", target_os = "android")), leno_polling))]
mod polling;
#[cfg(any(not(any(target_os = "linux", target_os = "android")), leno_polling))]
pub(crate) use polling::{BACKEND, Events, Poller};

pub mod os;

mod punctual;
pub(crate) use punctual::be_punctual;

#[cfg(unix)]
mod marks;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_socket;
#[cfg(unix)]
pub(crate) use unix::{AsHandle, Handle, is_ready_now, set_nonblocking};
#[cfg(unix)]
pub(crate) use unix_socket::{Connecting, accept_tcp, accept_unix, connect_tcp, connect_unix};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_socket;
#[cfg(windows)]
pub(crate) use windows::{AsHandle, Handle, is_ready_now, set_nonblocking};
#[cfg(windows)]
pub(crate) use windows_socket::{Connecting, accept_tcp, connect_tcp};

/// Adds to a poller's refusal of a handle what it means and what can be done.
pub(crate) fn explain_refusal(error: io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "the OS cannot wait for this kind of handle (a regular file or directory?); use `unblock` or `fs` for it"
        }
        io::ErrorKind::StorageFull => {
            "the limit on epoll registrations is reached; raise fs.epoll.max_user_watches"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{advice}: {error}"))
}
