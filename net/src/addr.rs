//! What can be given as an address, and which of it needs the resolver.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::vec;

use crate::resolver::{Resolver, names};

/// What can be turned into socket addresses, at once or by looking up a name.
///
/// This trait only appears in signatures and can't be implemented outside this crate. It is implemented for
///
/// - [`SocketAddr`], [`SocketAddrV4`], [`SocketAddrV6`] and `&[SocketAddr]`,
/// - `(IpAddr, u16)`, `(Ipv4Addr, u16)` and `(Ipv6Addr, u16)`,
/// - `str` and [`String`] of the form `host:port`, `(&str, u16)` and `(String, u16)`, where the host is a name or an IP
///   literal (an IPv6 literal in `host:port` stands in brackets),
/// - references to all of them.
///
/// Only a host that is no IP literal is looked up; see [`resolve`](crate::resolve) for how.
///
/// # Examples
///
/// ```
/// use leno_net::{AsyncToSocketAddrs, resolve};
///
/// async fn count(addr: impl AsyncToSocketAddrs) -> std::io::Result<usize> {
///     Ok(resolve(addr).await?.len())
/// }
///
/// # futures_lite::future::block_on(async {
/// assert_eq!(count("[::1]:80").await?, 1);
/// assert_eq!(count(("192.0.2.1", 80)).await?, 1);
/// assert_eq!(count(&[][..]).await?, 0);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait AsyncToSocketAddrs: Sealed {}

/// Keeps [`AsyncToSocketAddrs`] from being implemented elsewhere, and hides what it does.
pub trait Sealed {
    /// Says what has to be done to get the addresses. Never blocks.
    fn to_query(&self) -> io::Result<Query>;
}

/// What has to be done to get addresses.
///
/// It owns what it holds: a future that waits for it then is `Send` whenever the caller's address is.
#[derive(Debug)]
pub enum Query {
    /// Nothing: it is one address.
    One(SocketAddr),
    /// Nothing: they are addresses.
    Many(Vec<SocketAddr>),
    /// The host must be looked up.
    Name { host: String, port: u16 },
}

impl Query {
    fn host(host: &str, port: u16) -> Query {
        match host.parse::<IpAddr>() {
            Ok(ip) => Query::One(SocketAddr::new(ip, port)),
            Err(_) => Query::Name {
                host: host.to_owned(),
                port,
            },
        }
    }

    pub(crate) async fn run(self, resolver: &'static Resolver) -> io::Result<Addrs> {
        Ok(match self {
            Query::One(addr) => Addrs::One(Some(addr)),
            Query::Many(addrs) => Addrs::Many(addrs.into_iter()),
            Query::Name { host, port } => {
                Addrs::Many(resolver.look_up(host, port).await?.into_iter())
            }
        })
    }
}

/// Gets the addresses of `addr`, from the process-wide resolver if it is a name.
pub(crate) fn addresses<A: Sealed + ?Sized>(
    addr: &A,
) -> impl Future<Output = io::Result<Addrs>> + Send + Sync + use<A> {
    let query = addr.to_query();
    async move { query?.run(names()).await }
}

/// The addresses to try, in order.
#[derive(Debug)]
pub(crate) enum Addrs {
    One(Option<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl Iterator for Addrs {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Addrs::One(addr) => addr.take(),
            Addrs::Many(addrs) => addrs.next(),
        }
    }
}

impl AsyncToSocketAddrs for SocketAddr {}

impl Sealed for SocketAddr {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One(*self))
    }
}

impl AsyncToSocketAddrs for SocketAddrV4 {}

impl Sealed for SocketAddrV4 {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One((*self).into()))
    }
}

impl AsyncToSocketAddrs for SocketAddrV6 {}

impl Sealed for SocketAddrV6 {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One((*self).into()))
    }
}

impl AsyncToSocketAddrs for (IpAddr, u16) {}

impl Sealed for (IpAddr, u16) {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One((*self).into()))
    }
}

impl AsyncToSocketAddrs for (Ipv4Addr, u16) {}

impl Sealed for (Ipv4Addr, u16) {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One((*self).into()))
    }
}

impl AsyncToSocketAddrs for (Ipv6Addr, u16) {}

impl Sealed for (Ipv6Addr, u16) {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::One((*self).into()))
    }
}

impl AsyncToSocketAddrs for (&str, u16) {}

impl Sealed for (&str, u16) {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::host(self.0, self.1))
    }
}

impl AsyncToSocketAddrs for (String, u16) {}

impl Sealed for (String, u16) {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::host(&self.0, self.1))
    }
}

impl AsyncToSocketAddrs for str {}

impl Sealed for str {
    fn to_query(&self) -> io::Result<Query> {
        if let Ok(addr) = self.parse() {
            return Ok(Query::One(addr));
        }
        let Some((host, port)) = self.rsplit_once(':') else {
            return Err(invalid(format!(
                "{self:?} has no port: an address is written as `host:port`"
            )));
        };
        match port.parse() {
            Ok(port) => Ok(Query::host(host, port)),
            Err(_) => Err(invalid(format!(
                "{port:?} in {self:?} is no port: it must be a number from 0 to 65535"
            ))),
        }
    }
}

impl AsyncToSocketAddrs for String {}

impl Sealed for String {
    fn to_query(&self) -> io::Result<Query> {
        self.as_str().to_query()
    }
}

impl AsyncToSocketAddrs for &[SocketAddr] {}

impl Sealed for &[SocketAddr] {
    fn to_query(&self) -> io::Result<Query> {
        Ok(Query::Many(self.to_vec()))
    }
}

impl<T: AsyncToSocketAddrs + ?Sized> AsyncToSocketAddrs for &T {}

impl<T: Sealed + ?Sized> Sealed for &T {
    fn to_query(&self) -> io::Result<Query> {
        (**self).to_query()
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Asks a resolver that counts, and knows one name.
    fn ask(addr: impl AsyncToSocketAddrs) -> (usize, io::Result<Vec<SocketAddr>>) {
        /// Written by the look-up on a thread of the pool, read by the test once the result is there, which orders it.
        static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);
        static RESOLVER: Resolver = Resolver::new(1, |host, port| {
            LOOK_UPS.fetch_add(1, Ordering::Relaxed);
            assert_eq!(host, "one.test");
            Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
        });
        static ONE_TEST_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

        let _turn = ONE_TEST_AT_A_TIME.lock();
        let before = LOOK_UPS.load(Ordering::Relaxed);
        let query = addr.to_query();
        let found = block_on(async { Ok(query?.run(&RESOLVER).await?.collect()) });
        (LOOK_UPS.load(Ordering::Relaxed) - before, found)
    }

    #[track_caller]
    fn literal(addr: impl AsyncToSocketAddrs, expected: &[&str]) {
        let expected: Vec<SocketAddr> = expected.iter().map(|a| a.parse().unwrap()).collect();
        let (look_ups, found) = ask(addr);
        assert_eq!((look_ups, found.unwrap()), (0, expected));
    }

    #[test]
    fn literals_never_reach_the_resolver() {
        let v4 = Ipv4Addr::new(127, 0, 0, 1);
        let v6 = Ipv6Addr::LOCALHOST;
        let both = [SocketAddr::from((v4, 1)), SocketAddr::from((v6, 2))];
        literal("127.0.0.1:80", &["127.0.0.1:80"]);
        literal("[::1]:80", &["[::1]:80"]);
        literal("::1:80", &["[::1]:80"]);
        literal(String::from("127.0.0.1:80"), &["127.0.0.1:80"]);
        literal(("127.0.0.1", 80), &["127.0.0.1:80"]);
        literal(("::1", 80), &["[::1]:80"]);
        literal((String::from("::1"), 80), &["[::1]:80"]);
        literal(both[0], &["127.0.0.1:1"]);
        let twice = &&both[1];
        literal(twice, &["[::1]:2"]);
        literal(SocketAddrV4::new(v4, 3), &["127.0.0.1:3"]);
        literal(SocketAddrV6::new(v6, 3, 0, 7), &["[::1%7]:3"]);
        literal((IpAddr::V4(v4), 4), &["127.0.0.1:4"]);
        literal((IpAddr::V6(v6), 4), &["[::1]:4"]);
        literal((v4, 5), &["127.0.0.1:5"]);
        literal((v6, 5), &["[::1]:5"]);
        literal(&both[..], &["127.0.0.1:1", "[::1]:2"]);
        literal(&[][..], &[]);
    }

    #[test]
    fn names_reach_the_resolver_once() {
        let expected: Vec<SocketAddr> = vec!["192.0.2.1:80".parse().unwrap()];
        let (look_ups, found) = ask("one.test:80");
        assert_eq!((look_ups, found.unwrap()), (1, expected.clone()));
        let (look_ups, found) = ask((String::from("one.test"), 80));
        assert_eq!((look_ups, found.unwrap()), (1, expected));
    }

    #[test]
    fn malformed_strings_are_refused_without_a_look_up() {
        for text in [
            "",
            "localhost",
            "localhost:",
            "localhost:65536",
            "host:http",
        ] {
            let (look_ups, found) = ask(text);
            let err = found.unwrap_err();
            assert_eq!(look_ups, 0, "{text:?}");
            assert_eq!(err.kind(), io::ErrorKind::InvalidInput, "{text:?}");
            assert!(err.to_string().contains("port"), "{err}");
        }
    }
}
