//! Children of smol's `process`, and signals of async-signal's, which smol's children stand on.

mod counts;

use async_signal::{Signal, Signals};
use smol::Timer;
use smol::io::{self, BufReader};
use smol::prelude::*;
use smol::process::unix::CommandExt;
use smol::process::{Command, Stdio};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// The state letter of a child of this process, or nothing if there is no such process any more.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim().chars().next()
}

async fn is_gone(pid: u32) -> bool {
    for _ in 0..1000 {
        if state(pid).is_none() {
            return true;
        }
        Timer::after(Duration::from_millis(10)).await;
    }
    false
}

fn main() -> io::Result<()> {
    smol::block_on(async {
        let output = Command::new("sh")
            .args(["-c", "echo out; echo err >&2; exit 3"])
            .output()
            .await?;
        println!(
            "{} {:?} {:?}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );

        // A megabyte through a child, more than the pipes hold.
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        let writer = smol::spawn(async move {
            for n in 0..10_000 {
                let line = format!("{n} {}\n", "x".repeat(100));
                stdin.write_all(line.as_bytes()).await.unwrap();
            }
            stdin.close().await.unwrap();
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut count = 0;
        while let Some(line) = lines.next().await {
            assert!(line?.starts_with(&count.to_string()));
            count += 1;
        }
        writer.await;
        println!("lines through cat: {count}, {}", child.status().await?);

        let children: Vec<_> = (0..50)
            .map(|n| {
                smol::spawn(
                    Command::new("sh")
                        .args(["-c", &format!("exit {n}")])
                        .status(),
                )
            })
            .collect();
        let mut sum = 0;
        for child in children {
            sum += child.await?.code().unwrap();
        }
        println!("sum of the exit codes of fifty at once: {sum}");

        let mut child = Command::new("sleep").arg("60").spawn()?;
        assert_eq!(child.try_status()?, None);
        child.kill()?;
        println!("killed by signal {:?}", child.status().await?.signal());

        let child = Command::new("sleep").arg("60").kill_on_drop(true).spawn()?;
        let pid = child.id();
        drop(child);
        println!("killed on drop and reaped: {}", is_gone(pid).await);

        let pid = Command::new("true").spawn()?.id();
        println!("dropped and reaped: {}", is_gone(pid).await);

        let hello = Command::new("sh")
            .arg0("loom")
            .args(["-c", "printf %s \"$0 $COLOUR\""])
            .env("COLOUR", "red")
            .output()
            .await?;
        println!("{}", String::from_utf8_lossy(&hello.stdout));

        // A pipe between two children, without a byte through this program.
        let mut first = Command::new("echo")
            .arg("weft")
            .stdout(Stdio::piped())
            .spawn()?;
        let pipe = first.stdout.take().unwrap().into_stdio().await?;
        let second = Command::new("tr")
            .args(["a-z", "A-Z"])
            .stdin(pipe)
            .output()
            .await?;
        print!("{}", String::from_utf8_lossy(&second.stdout));
        first.status().await?;

        let missing = Command::new("/nowhere/at-all").spawn().unwrap_err();
        println!("no such program: {:?}", missing.kind());

        let mut signals = Signals::new([Signal::Usr1, Signal::Usr2])?;
        let me = std::process::id();
        let sender = smol::spawn(async move {
            for name in ["USR1", "USR2", "USR1"] {
                let kill = format!("kill -{name} {me}");
                assert!(
                    Command::new("sh")
                        .args(["-c", &kill])
                        .status()
                        .await?
                        .success()
                );
                Timer::after(Duration::from_millis(20)).await;
            }
            io::Result::Ok(())
        });
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(signals.next().await.unwrap()?);
        }
        sender.await?;
        println!("signals: {seen:?}");
        counts::report("process");
        Ok(())
    })
}
