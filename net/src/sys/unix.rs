//! Listening by system calls, through rustix.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::ListenOptions;
use crate::sys::NODELAY_IS_INHERITED;

/// Why this many is told at [`ListenOptions::backlog`].
const DEFAULT_BACKLOG: u32 = 4096;

/// Opens a socket, sets the options in the order in which systems want them, and listens.
pub(crate) fn listen(addr: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
    let socket = stream_socket(match addr {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    })?;
    if options.reuse_address {
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    if options.reuse_port {
        share_port(&socket)?;
    }
    if let (Some(only_v6), SocketAddr::V6(_)) = (options.only_v6, addr) {
        sockopt::set_ipv6_v6only(&socket, only_v6)?;
    }
    if options.nodelay && NODELAY_IS_INHERITED {
        sockopt::set_tcp_nodelay(&socket, true)?;
    }
    rustix::net::bind(&socket, &addr)?;
    let backlog = options.backlog.unwrap_or(DEFAULT_BACKLOG);
    rustix::net::listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(TcpListener::from(socket))
}

/// A socket that a child process doesn't inherit.
#[cfg(not(any(
    target_vendor = "apple",
    target_os = "aix",
    target_os = "haiku",
    target_os = "espidf",
    target_os = "vita"
)))]
fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    Ok(socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// A socket that a child process doesn't inherit, unless it is started between the two calls: there is no single one.
#[cfg(any(
    target_vendor = "apple",
    target_os = "aix",
    target_os = "haiku",
    target_os = "espidf",
    target_os = "vita"
))]
fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::io::{FdFlags, fcntl_setfd};
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    Ok(socket)
}

#[cfg(target_os = "freebsd")]
fn share_port(socket: &OwnedFd) -> io::Result<()> {
    Ok(sockopt::set_socket_reuseport_lb(socket, true)?)
}

#[cfg(not(any(
    target_os = "freebsd",
    target_os = "solaris",
    target_os = "illumos",
    target_os = "cygwin"
)))]
fn share_port(socket: &OwnedFd) -> io::Result<()> {
    Ok(sockopt::set_socket_reuseport(socket, true)?)
}

#[cfg(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))]
fn share_port(_: &OwnedFd) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the option `reuse_port` is not supported on this system",
    ))
}

/// Whether `err` says that the process or the system has no descriptor or no memory for another connection.
pub(crate) fn out_of_resources(err: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| err.raw_os_error() == Some(errno.raw_os_error()))
}
