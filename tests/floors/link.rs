//! How the traced child and the test process talk about the test itself: lines over a connection of their own, so that
//! the child's output stays free for what the test harness prints.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::str::FromStr;

/// One end. Owned by one run of a test; when it is closed, the other end fails instead of waiting.
pub struct Link {
    stream: BufReader<TcpStream>,
}

impl Link {
    pub fn new(stream: TcpStream) -> Link {
        stream.set_nodelay(true).unwrap();
        Link {
            stream: BufReader::new(stream),
        }
    }

    pub fn send(&mut self, value: impl Display) {
        writeln!(self.stream.get_ref(), "{value}").expect("the other process is there");
    }

    /// Waits for what the other process sends next.
    pub fn receive<T: FromStr>(&mut self) -> T {
        let mut line = String::new();
        self.stream
            .read_line(&mut line)
            .expect("the other process is there");
        match line.trim_end().parse() {
            Ok(value) => value,
            Err(_) => panic!("the other process sent {line:?}, or ended before it sent anything"),
        }
    }
}
