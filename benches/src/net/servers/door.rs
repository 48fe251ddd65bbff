//! Where a server is reached.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use rustix::net::socket_with;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, listen, sockopt};

/// As many clients as connect at once in any row, so that none has to try again.
const BACKLOG: i32 = 4096;

/// A port of the loopback device, and the listeners on it. All servers get theirs from here, so that all have the same
/// backlog and the same options.
pub struct Door {
    first: TcpListener,
    port: u16,
}

impl Door {
    /// Opens any free port.
    pub fn open() -> anyhow::Result<Door> {
        let first = listener(0)?;
        let port = first.local_addr()?.port();
        Ok(Door { first, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The only listener. It doesn't block.
    pub fn one(self) -> TcpListener {
        self.first
    }

    /// As many listeners, among which the OS deals out the clients.
    pub fn many(self, count: usize) -> anyhow::Result<Vec<TcpListener>> {
        let mut all = vec![self.first];
        while all.len() < count {
            all.push(listener(self.port)?);
        }
        Ok(all)
    }
}

fn listener(port: u16) -> anyhow::Result<TcpListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        flags,
        Some(ipproto::TCP),
    )?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}
