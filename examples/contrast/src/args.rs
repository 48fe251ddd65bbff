//! The command line.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use pico_args::Arguments;

pub const HELP: &str = "\
Stackless and stackful coroutines, side by side

cargo run --release -p contrast -- all            every experiment: some ten minutes on two cores
cargo run --release -p contrast -- NAME...        only these
cargo run --release -p contrast -- --list         what there is, and which questions it answers
cargo run --release -p contrast -- book R.json P.md   puts what a run has found into a page

  --only a,b     only these experiments
  --quick        small sizes: everything in less than a minute. The figures say little then
  --out DIR      where index.html goes (default: the folder `report` of this package)
  --json FILE    the findings as JSON; `-` is standard output, and what is for reading goes to standard error
  --install      get Go and Java from PyPI first, into the folder of this program, if they are not there
";

pub enum Command {
    Help,
    List,
    /// Part of an experiment, in a process of its own.
    Child {
        experiment: String,
        case: String,
    },
    /// Fills a page of the book with results.
    Book {
        results: PathBuf,
        page: PathBuf,
    },
    Suite(Options),
}

/// How the suite is to be run.
pub struct Options {
    /// All, if there are none.
    pub only: Vec<String>,
    pub quick: bool,
    pub out: PathBuf,
    pub json: Option<PathBuf>,
    pub install: bool,
}

pub struct Args {
    pub command: Command,
}

impl Args {
    pub fn parse() -> Result<Args> {
        let command = Args::of(Arguments::from_env())?;
        Ok(Args { command })
    }

    fn of(mut given: Arguments) -> Result<Command> {
        if given.contains(["-h", "--help"]) {
            return Ok(Command::Help);
        }
        if given.contains("--list") {
            return Ok(Command::List);
        }
        let only: Option<String> = given.opt_value_from_str("--only")?;
        let mut options = Options {
            only: only
                .iter()
                .flat_map(|names| names.split(','))
                .map(str::to_owned)
                .collect(),
            quick: given.contains("--quick"),
            out: given
                .opt_value_from_str("--out")?
                .unwrap_or_else(default_folder),
            json: given.opt_value_from_str("--json")?,
            install: given.contains("--install"),
        };
        let mut words = Vec::new();
        for word in given.finish() {
            match word.into_string() {
                Ok(word) if !word.starts_with("--") => words.push(word),
                other => bail!("{other:?} is not an option; --help says what is"),
            }
        }
        match words.first().map(String::as_str) {
            None if options.only.is_empty() => return Ok(Command::Help),
            Some("list") => return Ok(Command::List),
            Some("child") => {
                ensure!(
                    words.len() == 3,
                    "child EXPERIMENT CASE: only for use by this program itself"
                );
                let case = words.remove(2);
                return Ok(Command::Child {
                    experiment: words.remove(1),
                    case,
                });
            }
            Some("book") => {
                ensure!(words.len() == 3, "book RESULTS.json PAGE.md");
                return Ok(Command::Book {
                    results: PathBuf::from(&words[1]),
                    page: PathBuf::from(&words[2]),
                });
            }
            None | Some("all") => ensure!(words.len() <= 1, "`all` or names, not both"),
            Some(_) => options.only.extend(words),
        }
        Ok(Command::Suite(options))
    }
}

/// Beside the sources, if they are still where they were compiled.
fn default_folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    if package.is_dir() {
        package.join("report")
    } else {
        PathBuf::from("report")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Command> {
        Args::of(Arguments::from_vec(words.iter().map(Into::into).collect()))
    }

    fn names(words: &[&str]) -> Vec<String> {
        match parse(words) {
            Ok(Command::Suite(options)) => options.only,
            _ => panic!("{words:?} starts no suite"),
        }
    }

    #[test]
    fn experiments_are_named_as_options_or_as_words() {
        assert!(names(&["all"]).is_empty());
        assert_eq!(names(&["size"]), ["size"]);
        assert_eq!(names(&["--only", "size,ring", "--quick"]), ["size", "ring"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse(&["--qiuck"]).is_err());
        assert!(parse(&["all", "size"]).is_err());
    }
}
