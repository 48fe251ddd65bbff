//! From and to the OS's own types.

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

    use crate::Async;

    impl<T: AsRawFd> AsRawFd for Async<T> {
        fn as_raw_fd(&self) -> RawFd {
            self.get_ref().as_raw_fd()
        }
    }

    impl<T: AsFd> AsFd for Async<T> {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.get_ref().as_fd()
        }
    }

    impl<T: AsFd + From<OwnedFd>> TryFrom<OwnedFd> for Async<T> {
        type Error = io::Error;

        fn try_from(fd: OwnedFd) -> io::Result<Async<T>> {
            Async::new(T::from(fd))
        }
    }

    impl<T: Into<OwnedFd>> TryFrom<Async<T>> for OwnedFd {
        type Error = io::Error;

        fn try_from(io: Async<T>) -> io::Result<OwnedFd> {
            io.into_inner().map(Into::into)
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};

    use crate::Async;

    impl<T: AsRawSocket> AsRawSocket for Async<T> {
        fn as_raw_socket(&self) -> RawSocket {
            self.get_ref().as_raw_socket()
        }
    }

    impl<T: AsSocket> AsSocket for Async<T> {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.get_ref().as_socket()
        }
    }

    impl<T: AsSocket + From<OwnedSocket>> TryFrom<OwnedSocket> for Async<T> {
        type Error = io::Error;

        fn try_from(socket: OwnedSocket) -> io::Result<Async<T>> {
            Async::new(T::from(socket))
        }
    }

    impl<T: Into<OwnedSocket>> TryFrom<Async<T>> for OwnedSocket {
        type Error = io::Error;

        fn try_from(io: Async<T>) -> io::Result<OwnedSocket> {
            io.into_inner().map(Into::into)
        }
    }
}
