//! Where operating systems differ: listening with options, and which errors mean that resources ran out.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{listen, out_of_resources};

#[cfg(windows)]
mod windows;
#[cfg(all(windows, test))]
pub(crate) use windows::WSAEMFILE;
#[cfg(windows)]
pub(crate) use windows::{listen, out_of_resources};

/// Whether accepted sockets have `TCP_NODELAY` if the listening one has.
pub(crate) const NODELAY_IS_INHERITED: bool = cfg!(any(target_os = "linux", target_os = "android"));
