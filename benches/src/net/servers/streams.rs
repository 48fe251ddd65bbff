//! What a connection does on the runtimes whose streams are those of `futures-io`: leno and smol.

use futures_lite::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, io};

/// Sends back what comes, until the client goes.
pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    buffer: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}

/// Sends one message back and closes.
pub async fn echo_once<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    buffer: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    let length = stream.read(&mut buffer).await?;
    stream.write_all(&buffer[..length]).await
}
