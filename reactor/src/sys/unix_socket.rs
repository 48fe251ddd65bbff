//! Making sockets that are non-blocking and close-on-exec from the start, in as few system calls as the OS allows.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix, SocketType};

/// A connection that has been asked for.
pub(crate) enum Connecting<T> {
    Done(T),
    /// Becomes writable when it is decided.
    InProgress(T),
}

/// Starts to connect without waiting.
pub(crate) fn connect_tcp(address: SocketAddr) -> io::Result<Connecting<TcpStream>> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = stream_socket(family)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok(Connecting::Done(socket.into())),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(Connecting::InProgress(socket.into())),
        Err(errno) => Err(errno.into()),
    }
}

/// Starts to connect without waiting. `WouldBlock`: the listener's backlog is full; try again later.
pub(crate) fn connect_unix(path: &Path) -> io::Result<Connecting<UnixStream>> {
    let address = socket_address(path)?;
    let socket = stream_socket(AddressFamily::UNIX)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok(Connecting::Done(socket.into())),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(Connecting::InProgress(socket.into())),
        Err(errno) => Err(errno.into()),
    }
}

/// A path that starts with a NUL stands for a name in Linux's abstract namespace.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn socket_address(path: &Path) -> Result<SocketAddrUnix, Errno> {
    use std::os::unix::ffi::OsStrExt;

    match path.as_os_str().as_bytes() {
        [0, name @ ..] => SocketAddrUnix::new_abstract_name(name),
        _ => SocketAddrUnix::new(path),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn socket_address(path: &Path) -> Result<SocketAddrUnix, Errno> {
    SocketAddrUnix::new(path)
}

/// Takes a connection out of the backlog.
pub(crate) fn accept_tcp(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, address) = accept(listener)?;
    let address = address.ok_or(Errno::INVAL).and_then(SocketAddr::try_from)?;
    Ok((socket.into(), address))
}

/// Takes a connection out of the backlog.
pub(crate) fn accept_unix(listener: &UnixListener) -> io::Result<(UnixStream, UnixAddr)> {
    let (socket, address) = accept(listener)?;
    let address = match address
        .filter(|address| address.addr_len() > UNNAMED)
        .map(SocketAddrUnix::try_from)
    {
        Some(Ok(address)) => unix_address(&address)?,
        // A peer without a name may come without an address at all.
        _ => unnamed()?,
    };
    Ok((socket.into(), address))
}

/// How long the address of a peer without a name is: its family.
const UNNAMED: u32 = 2;

fn unix_address(address: &SocketAddrUnix) -> io::Result<UnixAddr> {
    use std::os::unix::ffi::OsStrExt;

    if let Some(path) = address.path_bytes() {
        return UnixAddr::from_pathname(Path::new(std::ffi::OsStr::from_bytes(path)));
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.abstract_name() {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        return UnixAddr::from_abstract_name(name);
    }
    unnamed()
}

fn unnamed() -> io::Result<UnixAddr> {
    UnixAddr::from_pathname("")
}

#[cfg(not(target_vendor = "apple"))]
fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(rustix::net::socket_with(
        family,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

#[cfg(not(target_vendor = "apple"))]
fn accept(listener: impl std::os::fd::AsFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    use rustix::net::SocketFlags;
    Ok(rustix::net::acceptfrom_with(
        listener,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
    )?)
}

#[cfg(target_vendor = "apple")]
fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    set_flags(&socket)?;
    Ok(socket)
}

#[cfg(target_vendor = "apple")]
fn accept(listener: impl std::os::fd::AsFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (socket, address) = rustix::net::acceptfrom(listener)?;
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    set_flags(&socket)?;
    Ok((socket, address))
}

/// Apple's kernel sets neither flag at creation.
#[cfg(target_vendor = "apple")]
fn set_flags(socket: &OwnedFd) -> io::Result<()> {
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    super::set_nonblocking(socket)
}
