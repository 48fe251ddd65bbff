//! Unix sockets connect programs on one machine: a server at a path in the file system, a connected pair, datagrams.
//!
//! ```text
//! cargo run --release --example unix_socket
//! ```
//!
//! Expected output:
//!
//! ```text
//! server: "hello from the client"
//! client: "HELLO FROM THE CLIENT"
//! pair: "one end to the other"
//! datagram: "first"
//! datagram: "second"
//! the socket's file is gone
//! ```

#[cfg(unix)]
#[leno::main]
async fn main() -> leno::io::Result<()> {
    on_unix::run().await
}

#[cfg(not(unix))]
fn main() {
    println!("this example needs a Unix system");
}

#[cfg(unix)]
mod on_unix {
    use leno::net::unix::{UnixDatagram, UnixListener, UnixStream};
    use leno::{io, prelude::*};
    use std::path::{Path, PathBuf};

    pub async fn run() -> io::Result<()> {
        let path = SocketPath::new();
        path_server(path.as_ref()).await?;
        pair().await?;
        datagrams().await?;
        let file = path.as_ref().to_owned();
        drop(path);
        assert!(!file.exists());
        println!("the socket's file is gone");
        Ok(())
    }

    /// A server listens at a path; clients connect to that path.
    async fn path_server(path: &Path) -> io::Result<()> {
        let listener = UnixListener::bind(path)?;
        let server = leno::spawn(async move {
            let (mut stream, _peer) = listener.accept().await?;
            let mut request = String::new();
            // Reads until the client closes its side.
            stream.read_to_string(&mut request).await?;
            println!("server: {request:?}");
            stream.write_all(request.to_uppercase().as_bytes()).await?;
            stream.close().await
        });

        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(b"hello from the client").await?;
        stream.close().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        println!("client: {answer:?}");
        server.await
    }

    /// Two ends that are connected from the start, and have no name: to talk to a thread, or to a child process.
    async fn pair() -> io::Result<()> {
        let (mut here, mut there) = UnixStream::pair()?;
        here.write_all(b"one end to the other").await?;
        drop(here);
        let mut text = String::new();
        there.read_to_string(&mut text).await?;
        println!("pair: {text:?}");
        Ok(())
    }

    /// Datagrams keep their borders: each `recv` gives what one `send` sent. Unlike UDP's they don't get lost.
    async fn datagrams() -> io::Result<()> {
        let (here, there) = UnixDatagram::pair()?;
        here.send(b"first").await?;
        here.send(b"second").await?;
        let mut datagram = [0; 64];
        for _ in 0..2 {
            let length = there.recv(&mut datagram).await?;
            println!(
                "datagram: {:?}",
                String::from_utf8_lossy(&datagram[..length])
            );
        }
        Ok(())
    }

    /// A listener leaves its file behind, so somebody has to remove it, also where `?` returns early.
    struct SocketPath(PathBuf);

    impl SocketPath {
        fn new() -> SocketPath {
            let name = format!("leno-example-{}.sock", std::process::id());
            SocketPath(std::env::temp_dir().join(name))
        }
    }

    impl AsRef<Path> for SocketPath {
        fn as_ref(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for SocketPath {
        fn drop(&mut self) {
            if let Err(error) = std::fs::remove_file(&self.0) {
                eprintln!("could not remove {}: {error}", self.0.display());
            }
        }
    }
}
