//! How to listen.

/// Options for [`TcpListener::bind_with`](crate::TcpListener::bind_with).
///
/// What isn't set is as [`TcpListener::bind`](crate::TcpListener::bind) has it.
///
/// # Examples
///
/// ```
/// use leno_net::{ListenOptions, TcpListener};
///
/// # futures_lite::future::block_on(async {
/// let options = ListenOptions::new().nodelay(true).backlog(256);
/// let listener = TcpListener::bind_with("127.0.0.1:0", &options).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListenOptions {
    pub(crate) backlog: Option<u32>,
    pub(crate) nodelay: bool,
    pub(crate) only_v6: Option<bool>,
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
}

impl ListenOptions {
    /// The options that [`TcpListener::bind`](crate::TcpListener::bind) uses.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(leno_net::ListenOptions::new(), leno_net::ListenOptions::default());
    /// ```
    pub const fn new() -> ListenOptions {
        ListenOptions {
            backlog: None,
            nodelay: false,
            only_v6: None,
            reuse_address: cfg!(unix),
            reuse_port: false,
        }
    }

    /// How many connections may wait to be accepted. When there are more, the system refuses or ignores new ones.
    ///
    /// The default is 4096, which costs nothing while they are few, and lets a burst of clients in. Most systems
    /// silently lower it to a limit of their own (on Linux `net.core.somaxconn`, which is 4096 too unless somebody
    /// changed it). A small backlog makes an overloaded server fail early.
    ///
    /// Unix only: on Windows it is always 128, and setting it makes
    /// [`bind_with`](crate::TcpListener::bind_with) fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = leno_net::ListenOptions::new().backlog(64);
    /// ```
    #[must_use]
    pub const fn backlog(mut self, connections: u32) -> ListenOptions {
        self.backlog = Some(connections);
        self
    }

    /// Whether each accepted connection has `TCP_NODELAY` set: small writes are sent at once, not gathered. The default
    /// is no.
    ///
    /// On Linux and Android accepted sockets inherit it from the listening one, so that it costs no system call a
    /// connection; elsewhere it is set when a connection is accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use leno_net::{ListenOptions, TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let options = ListenOptions::new().nodelay(true);
    /// let listener = TcpListener::bind_with("127.0.0.1:0", &options).await?;
    /// let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (accepted, _) = listener.accept().await?;
    /// assert!(accepted.nodelay()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[must_use]
    pub const fn nodelay(mut self, yes: bool) -> ListenOptions {
        self.nodelay = yes;
        self
    }

    /// Whether a listener on an IPv6 address takes IPv6 connections only (`IPV6_V6ONLY`). Without it, one on `[::]`
    /// may take IPv4 connections too. The default is up to the system. It means nothing for IPv4 addresses.
    ///
    /// Unix only: on Windows, setting it makes [`bind_with`](crate::TcpListener::bind_with) fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = leno_net::ListenOptions::new().only_v6(true);
    /// ```
    #[must_use]
    pub const fn only_v6(mut self, yes: bool) -> ListenOptions {
        self.only_v6 = Some(yes);
        self
    }

    /// Whether the address may be used though connections of an earlier listener linger on it (`SO_REUSEADDR`). The
    /// default is as in std: yes on Unix, so that a server can be restarted at once, and no on Windows.
    ///
    /// Unix only: on Windows the option of this name lets another process take over the address, and turning it on
    /// makes [`bind_with`](crate::TcpListener::bind_with) fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = leno_net::ListenOptions::new().reuse_address(false);
    /// ```
    #[must_use]
    pub const fn reuse_address(mut self, yes: bool) -> ListenOptions {
        self.reuse_address = yes;
        self
    }

    /// Whether several listeners, of one user but maybe of several processes, may share the port, if all of them ask
    /// for it (`SO_REUSEPORT`). The default is no.
    ///
    /// Linux spreads connections over them, and a connection that waits in the backlog of one is lost if that one is
    /// closed. On other systems it may be that only the newest gets connections (on FreeBSD, `SO_REUSEPORT_LB` is
    /// used, which spreads them).
    ///
    /// Not on Windows, Solaris, illumos and Cygwin: turning it on makes
    /// [`bind_with`](crate::TcpListener::bind_with) fail.
    ///
    /// # Examples
    ///
    #[cfg_attr(target_os = "linux", doc = "```")]
    #[cfg_attr(not(target_os = "linux"), doc = "```no_run")]
    /// use leno_net::{ListenOptions, TcpListener};
    ///
    /// # futures_lite::future::block_on(async {
    /// let options = ListenOptions::new().reuse_port(true);
    /// let first = TcpListener::bind_with("127.0.0.1:0", &options).await?;
    /// let second = TcpListener::bind_with(first.local_addr()?, &options).await?;
    /// assert_eq!(first.local_addr()?, second.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[must_use]
    pub const fn reuse_port(mut self, yes: bool) -> ListenOptions {
        self.reuse_port = yes;
        self
    }
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions::new()
    }
}
