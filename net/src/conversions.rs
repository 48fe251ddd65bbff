//! The conversions that all socket types have, written once.

/// Implements the conversions between a socket type, `Async` of its counterpart in std, and descriptors.
///
/// The type has to have `fn new(Arc<Async<Std>>) -> Self`, `fn io(&self) -> &Async<Std>` and
/// `fn into_arc(self) -> Arc<Async<Std>>`.
macro_rules! conversions {
    ($socket:ty, $std:ty) => {
        impl From<::leno_reactor::Async<$std>> for $socket {
            fn from(io: ::leno_reactor::Async<$std>) -> Self {
                Self::new(::std::sync::Arc::new(io))
            }
        }

        impl From<$socket> for ::std::sync::Arc<::leno_reactor::Async<$std>> {
            fn from(socket: $socket) -> Self {
                socket.into_arc()
            }
        }

        /// Puts the socket into non-blocking mode.
        impl TryFrom<$std> for $socket {
            type Error = ::std::io::Error;

            fn try_from(socket: $std) -> ::std::io::Result<Self> {
                Ok(::leno_reactor::Async::try_from(socket)?.into())
            }
        }

        #[cfg(unix)]
        impl ::std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> ::std::os::fd::RawFd {
                ::std::os::fd::AsRawFd::as_raw_fd(self.io().get_ref())
            }
        }

        #[cfg(unix)]
        impl ::std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> ::std::os::fd::BorrowedFd<'_> {
                ::std::os::fd::AsFd::as_fd(self.io().get_ref())
            }
        }

        /// Puts the socket into non-blocking mode.
        #[cfg(unix)]
        impl TryFrom<::std::os::fd::OwnedFd> for $socket {
            type Error = ::std::io::Error;

            fn try_from(fd: ::std::os::fd::OwnedFd) -> ::std::io::Result<Self> {
                Self::try_from(<$std>::from(fd))
            }
        }

        #[cfg(windows)]
        impl ::std::os::windows::io::AsRawSocket for $socket {
            fn as_raw_socket(&self) -> ::std::os::windows::io::RawSocket {
                ::std::os::windows::io::AsRawSocket::as_raw_socket(self.io().get_ref())
            }
        }

        #[cfg(windows)]
        impl ::std::os::windows::io::AsSocket for $socket {
            fn as_socket(&self) -> ::std::os::windows::io::BorrowedSocket<'_> {
                ::std::os::windows::io::AsSocket::as_socket(self.io().get_ref())
            }
        }

        /// Puts the socket into non-blocking mode.
        #[cfg(windows)]
        impl TryFrom<::std::os::windows::io::OwnedSocket> for $socket {
            type Error = ::std::io::Error;

            fn try_from(socket: ::std::os::windows::io::OwnedSocket) -> ::std::io::Result<Self> {
                Self::try_from(<$std>::from(socket))
            }
        }
    };
}

pub(crate) use conversions;
