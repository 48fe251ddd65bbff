//! Accepting a connection: what is retried, what is reported, and when to rest.

use std::io;
use std::time::Instant;

use crate::backoff::Backoff;
use crate::sys;

/// Calls `attempt` until it gives a connection or an error that the caller should see.
///
/// - An error that belongs to one connection, which was gone before it could be accepted, is nobody's business: the
///   next one is taken.
/// - If the process or the system has run out of descriptors or memory, the connection stays in the backlog. The error
///   is returned, and the *next* call waits before it tries. A server that logs the error and goes on then neither
///   spins nor keeps other tasks from running, and those may well be the ones that will free a descriptor.
///
/// There is no await point between taking a connection and returning it, so dropping the future loses none.
pub(crate) async fn accept<T, F: Future<Output = io::Result<T>>>(
    backoff: &Backoff,
    mut attempt: impl FnMut() -> F,
) -> io::Result<T> {
    loop {
        backoff.wait().await;
        match attempt().await {
            Ok(connection) => {
                backoff.succeeded();
                return Ok(connection);
            }
            Err(err) if is_about_one_connection(&err) => {}
            Err(err) => {
                if sys::out_of_resources(&err) {
                    backoff.failed(Instant::now());
                }
                return Err(err);
            }
        }
    }
}

fn is_about_one_connection(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use std::cell::RefCell;
    use std::future::ready;
    use std::pin::pin;

    #[cfg(unix)]
    fn no_descriptors() -> io::Error {
        rustix::io::Errno::MFILE.into()
    }

    #[cfg(windows)]
    fn no_descriptors() -> io::Error {
        io::Error::from_raw_os_error(sys::WSAEMFILE)
    }

    /// Gives out `outcomes` in turn, and counts.
    struct Backlog(RefCell<(usize, std::vec::IntoIter<io::Result<u8>>)>);

    impl Backlog {
        fn new(outcomes: Vec<io::Result<u8>>) -> Backlog {
            Backlog(RefCell::new((0, outcomes.into_iter())))
        }

        fn take(&self) -> io::Result<u8> {
            let (attempts, outcomes) = &mut *self.0.borrow_mut();
            *attempts += 1;
            outcomes.next().unwrap()
        }

        fn attempts(&self) -> usize {
            self.0.borrow().0
        }
    }

    #[test]
    fn connections_that_are_gone_are_passed_over() {
        let backlog = Backlog::new(vec![
            Err(io::ErrorKind::ConnectionAborted.into()),
            Err(io::ErrorKind::Interrupted.into()),
            Err(io::ErrorKind::ConnectionReset.into()),
            Ok(1),
        ]);
        let backoff = Backoff::default();
        let accepted = block_on(accept(&backoff, || ready(backlog.take())));
        assert_eq!((accepted.unwrap(), backlog.attempts()), (1, 4));
    }

    #[test]
    fn the_attempt_after_a_failure_waits() {
        let backlog = Backlog::new(vec![Err(no_descriptors()), Ok(1), Ok(2)]);
        let backoff = Backoff::default();
        let err = block_on(accept(&backoff, || ready(backlog.take()))).unwrap_err();
        assert_eq!(err.raw_os_error(), no_descriptors().raw_os_error());
        assert_eq!(backlog.attempts(), 1);

        // Far in the future, so that a slow machine can't get there.
        let hour = std::time::Duration::from_secs(3600);
        backoff.succeeded();
        backoff.failed(Instant::now() + hour);
        for _ in 0..3 {
            let next = pin!(accept(&backoff, || ready(backlog.take())));
            assert!(block_on(poll_once(next)).is_none());
        }
        assert_eq!(backlog.attempts(), 1);

        backoff.succeeded();
        let accepted = block_on(accept(&backoff, || ready(backlog.take())));
        assert_eq!((accepted.unwrap(), backlog.attempts()), (1, 2));
    }

    #[test]
    fn other_errors_are_returned_and_nothing_waits() {
        let backlog = Backlog::new(vec![Err(io::ErrorKind::InvalidInput.into()), Ok(1)]);
        let backoff = Backoff::default();
        let attempt = || accept(&backoff, || ready(backlog.take()));
        assert!(block_on(attempt()).is_err());
        assert_eq!(block_on(poll_once(attempt())).unwrap().unwrap(), 1);
    }
}
