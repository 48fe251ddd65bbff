//! Trying one address after the other.

use std::io;
use std::net::SocketAddr;

use crate::addr::Addrs;
use crate::context::with_context;

/// Tries each address in order, and returns the first success or else the last error.
///
/// `verb` completes the sentence "could not … 127.0.0.1:80".
pub(crate) async fn first_success<T, F: Future<Output = io::Result<T>>>(
    addrs: Addrs,
    verb: &str,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T> {
    let mut tried = 0;
    let mut last = None;
    for addr in addrs {
        match attempt(addr).await {
            Ok(success) => return Ok(success),
            Err(err) => last = Some((addr, err)),
        }
        tried += 1;
    }
    Err(match last {
        None => no_addresses(),
        Some((addr, err)) if tried == 1 => with_context(err, format!("could not {verb} {addr}")),
        Some((addr, err)) => with_context(
            err,
            format!("could not {verb} {addr}, the last of {tried} addresses"),
        ),
    })
}

/// The error for a name or a slice that has no address at all.
pub(crate) fn no_addresses() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "could not resolve to any addresses",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;
    use std::future::ready;

    fn addrs(ports: &[u16]) -> Addrs {
        let addrs: Vec<_> = ports
            .iter()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], *port)))
            .collect();
        Addrs::Many(addrs.into_iter())
    }

    #[test]
    fn stops_at_the_first_success() {
        let mut tried = Vec::new();
        let found = block_on(first_success(addrs(&[1, 2, 3]), "use", |addr| {
            tried.push(addr.port());
            ready(match addr.port() {
                1 => Err(io::ErrorKind::AddrInUse.into()),
                port => Ok(port),
            })
        }));
        assert_eq!(found.unwrap(), 2);
        assert_eq!(tried, [1, 2]);
    }

    #[test]
    fn the_last_error_is_kept() {
        let mut kinds = [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied].into_iter();
        let err = block_on(first_success::<(), _>(addrs(&[1, 2]), "use", |_| {
            ready(Err(kinds.next().unwrap().into()))
        }))
        .unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(
            err.to_string(),
            "could not use 127.0.0.1:2, the last of 2 addresses: permission denied"
        );
    }

    #[test]
    fn no_address_is_an_error() {
        let err = block_on(first_success(addrs(&[]), "use", |_| ready(Ok(())))).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(err.to_string(), "could not resolve to any addresses");
    }
}
