//! What has been measured so far, on disk, so that a run that was stopped can be taken up again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::args::Args;
use crate::peer::Peer;
use crate::report::Measurement;

/// One outcome: a sample, or why there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    Measured(Measurement),
    Gap(String),
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Of leno's sources, and how they were run: what was measured otherwise is not taken up.
    setting: String,
    row: String,
    peer: String,
    entry: Entry,
}

/// Owned by a run; its file outlives it.
pub struct Journal {
    file: File,
    pub setting: String,
    /// What an earlier run left, by row and peer, the first on top.
    earlier: BTreeMap<(String, String), Vec<Entry>>,
}

impl Journal {
    /// Begins a new file in the folder of the results, or goes on with the one that is there: with `--resume` if the setting is
    /// the same, with `--report` in the setting that was used last.
    pub fn open(args: &Args, commit: &str) -> Result<Journal> {
        std::fs::create_dir_all(&args.out)
            .with_context(|| format!("can't make the folder {}", args.out.display()))?;
        let path = args.out.join("samples.jsonl");
        if args.resume && commit.ends_with('+') {
            bail!(
                "--resume goes on with the same sources, and these have changes that are not committed: who knows which"
            );
        }
        let setting = if args.only_report {
            last_setting(&path)?
        } else {
            let memory = if cfg!(feature = "mimalloc") {
                " mimalloc"
            } else {
                ""
            };
            format!(
                "{commit} workers={} quick={} pin={:?}{memory}",
                args.workers, args.quick, args.pin
            )
        };
        let goes_on = args.resume || args.only_report;
        let earlier = if goes_on {
            read(&path, &setting)?
        } else {
            BTreeMap::new()
        };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(goes_on)
            .truncate(!goes_on)
            .open(&path)
            .with_context(|| format!("can't write {}", path.display()))?;
        Ok(Journal {
            file,
            setting,
            earlier,
        })
    }

    /// The next outcome of an earlier run.
    pub fn take(&mut self, row: &str, peer: Peer) -> Option<Entry> {
        let key = (row.to_owned(), peer.name().to_owned());
        self.earlier.get_mut(&key)?.pop()
    }

    pub fn note(&mut self, row: &str, peer: Peer, entry: Entry) -> Result<()> {
        let line = Line {
            setting: self.setting.clone(),
            row: row.to_owned(),
            peer: peer.name().to_owned(),
            entry,
        };
        let text = serde_json::to_string(&line)?;
        writeln!(self.file, "{text}").context("can't write what was measured")
    }
}

fn last_setting(path: &Path) -> Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    let last = text
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str::<Line>(line).ok());
    let last = last.with_context(|| format!("nothing is in {}", path.display()))?;
    Ok(last.setting)
}

fn read(path: &Path, setting: &str) -> Result<BTreeMap<(String, String), Vec<Entry>>> {
    let mut earlier = BTreeMap::<_, Vec<Entry>>::new();
    if !path.exists() {
        return Ok(earlier);
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    // From the end on, so that the first is the one to be taken first. A last line that was cut off is no line.
    for line in text.lines().rev() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        if line.setting == setting {
            earlier
                .entry((line.row, line.peer))
                .or_default()
                .push(line.entry);
        }
    }
    Ok(earlier)
}
