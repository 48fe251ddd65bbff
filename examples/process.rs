//! Running other programs: collecting what one says, talking to one line by line, joining two with a pipe, and stopping one.
//!
//! Nothing here has a thread to wait for the children: they are sources of events like sockets.
//!
//! ```text
//! cargo run --release --example process
//! ```
//!
//! Expected output:
//!
//! ```text
//! hello from a child
//! cat says: one
//! cat says: two
//! cat ended well: true
//! two of three lines have an o
//! sleep took too long, so it was killed; it ended well: false
//! five children at once ended with 0, 1, 2, 3, 4
//! ```

use leno::io::BufReader;
use leno::prelude::*;
use leno::process::{Command, Stdio};
use std::io;
use std::time::Duration;

#[leno::main]
async fn main() -> io::Result<()> {
    collect().await?;
    talk().await?;
    pipe().await?;
    stop().await?;
    many().await
}

/// Runs a program to its end and takes what it has written.
async fn collect() -> io::Result<()> {
    let output = Command::new("echo")
        .args(["hello", "from", "a", "child"])
        .output()
        .await?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// Writes to a program and reads from it while both run.
async fn talk() -> io::Result<()> {
    // Should one of the `?` below leave this function, the child is killed.
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = cat.stdin.take().expect("it is a pipe");
    let mut lines = BufReader::new(cat.stdout.take().expect("it is a pipe")).lines();
    for word in ["one", "two"] {
        stdin.write_all(format!("{word}\n").as_bytes()).await?;
        if let Some(line) = lines.next().await {
            println!("cat says: {}", line?);
        }
    }
    // Dropping its input tells the child that there is no more.
    drop(stdin);
    println!("cat ended well: {}", cat.status().await?.success());
    Ok(())
}

/// What one program writes is what another reads, with nothing of this one in between.
async fn pipe() -> io::Result<()> {
    let mut printf = Command::new("printf")
        .arg("one\ntwo\nthree\n")
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = printf
        .stdout
        .take()
        .expect("it is a pipe")
        .into_stdio()
        .await?;
    let grep = Command::new("grep")
        .args(["-c", "o"])
        .stdin(lines)
        .output()
        .await?;
    printf.status().await?;
    if grep.stdout == b"2\n" {
        println!("two of three lines have an o");
    }
    Ok(())
}

/// Doesn't wait for ever.
async fn stop() -> io::Result<()> {
    let mut sleep = Command::new("sleep").arg("3600").spawn()?;
    let ended = leno::timeout(Duration::from_millis(50), sleep.status()).await;
    if ended.is_err() {
        sleep.kill()?;
        let well = sleep.status().await?.success();
        println!("sleep took too long, so it was killed; it ended well: {well}");
    }
    Ok(())
}

/// A task each.
async fn many() -> io::Result<()> {
    let mut tasks = Vec::new();
    for code in 0..5 {
        tasks.push(leno::spawn(async move {
            let line = format!("sleep 0.0{}; exit {code}", 5 - code);
            Command::new("sh").arg("-c").arg(line).status().await
        }));
    }
    let mut codes = Vec::new();
    for task in tasks {
        let code = task.await?.code();
        codes.push(code.map_or("?".into(), |code| code.to_string()));
    }
    println!("five children at once ended with {}", codes.join(", "));
    Ok(())
}
