//! The command line. A program with this few options needs no crate for it.

/// What to print for `--help` and after a mistake.
pub const USAGE: &str = "\
usage: service [--listen ADDR] [--max-connections N]
       service --load N [--connections C]

  --listen ADDR         where to listen (127.0.0.1:8080; with --load any free port)
  --max-connections N   how many connections to serve at once; more wait in line (10000)
  --load N              send N requests to itself, check the answers, print the speed, exit
  --connections C       how many connections --load uses (64)
  --help                this text";

/// What the user asked for.
pub struct Args {
    pub mode: Mode,
    pub listen: String,
    pub max_connections: usize,
    pub connections: usize,
}

#[derive(Clone, Copy)]
pub enum Mode {
    Help,
    Serve,
    Load { requests: u64 },
}

impl Args {
    /// Reads the arguments that come after the program's name.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
        let mut args = Args {
            mode: Mode::Serve,
            listen: String::new(),
            max_connections: 10_000,
            connections: 64,
        };
        while let Some(word) = words.next() {
            // `--option=value` means the same as `--option value`.
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || {
                attached
                    .clone()
                    .or_else(|| words.next())
                    .ok_or_else(|| format!("{option} needs a value"))
            };
            match option {
                "--help" | "-h" => {
                    args.mode = Mode::Help;
                    return Ok(args);
                }
                "--listen" => args.listen = value()?,
                "--max-connections" => args.max_connections = count(option, &value()?)?,
                "--connections" => args.connections = count(option, &value()?)?,
                "--load" => {
                    let requests = count(option, &value()?)? as u64;
                    args.mode = Mode::Load { requests };
                }
                _ => return Err(format!("unknown argument {word:?}")),
            }
        }
        if args.listen.is_empty() {
            args.listen = match args.mode {
                // Any free port: a load must not fail because the service itself is running.
                Mode::Load { .. } => "127.0.0.1:0",
                _ => "127.0.0.1:8080",
            }
            .to_owned();
        }
        Ok(args)
    }
}

fn count(option: &str, value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{option} takes a number above 0, not {value:?}")),
    }
}
