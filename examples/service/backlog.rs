//! Closing a listener without losing who is in line.
//!
//! A connection exists before we accept it: the OS completes it and puts it in line (the *backlog*), and the client may
//! have sent its request already. Closing the listener resets everybody in that line. So a service that must not lose a
//! request lets nobody new in, then accepts until the line is empty, and only then closes.

use std::io;
use std::sync::Arc;

use leno::Async;
use leno::net::{TcpListener, TcpStream};

/// A listener that lets nobody new in.
pub struct Backlog {
    listener: Arc<Async<std::net::TcpListener>>,
}

impl Backlog {
    /// Ends the line behind the last one who is in it. Dropping the `Backlog` closes the listener.
    pub fn close(listener: TcpListener) -> Backlog {
        let listener = Arc::<Async<std::net::TcpListener>>::from(listener);
        #[cfg(target_os = "linux")]
        refuse_new(listener.get_ref());
        Backlog { listener }
    }

    /// The next one in line; `None` when the line is empty.
    ///
    /// This asks the OS rather than the reactor: there is nothing to wait for, only to look.
    pub fn next(&self) -> io::Result<Option<TcpStream>> {
        match self.listener.get_ref().accept() {
            Ok((stream, _peer)) => TcpStream::try_from(stream).map(Some),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Has the kernel drop whoever knocks from now on, as if the packet was lost.
///
/// Without it somebody could get in line between our last look and the close, and be reset. The client's kernel knocks
/// again a second later, finds the port closed, and so the client is told "refused", which is the truth.
#[cfg(target_os = "linux")]
fn refuse_new(listener: &std::net::TcpListener) {
    use socket2::{SockFilter, SockRef};

    // The instructions of a classic BPF program, which the kernel runs for each packet; see `man 7 socket`, "filter". The
    // 14th byte of a TCP header holds its flags, and only the first packet of a connection has SYN among them, so
    // packets of those already in line pass.
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    let program = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_ANY_BIT, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(listener).attach_filter(&program) {
        // A sandbox may forbid it. Then the gap is some microseconds wide, as it is on other systems.
        eprintln!("note: can't keep new connections out while stopping: {error}");
    }
}
