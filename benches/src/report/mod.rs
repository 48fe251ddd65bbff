//! What the suite hands over.

mod json;
mod markdown;
mod number;
mod svg;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::args::Args;
use crate::machine::Machine;
use crate::peer::Peer;
use crate::plan::Plan;
use crate::row::{Figure, Row, Work};
use crate::sample::Sample;
use crate::stats::{Spread, geometric_mean};

/// A sample, and what the machine did besides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measurement {
    #[serde(flatten)]
    pub sample: Sample,
    /// The load of other processes, in cores.
    pub others: f64,
}

/// One runtime on one row.
#[derive(Debug)]
pub struct Cell {
    pub peer: Peer,
    pub measurements: Vec<Measurement>,
    /// Why there are no samples, or no more.
    pub gap: Option<String>,
    /// Whether the gap is a failure, and not something that the runtime does not have.
    pub failed: bool,
}

impl Cell {
    pub fn spread(&self, figure: impl Fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.measurements.iter().map(|one| figure(&one.sample)))
    }

    /// The greatest load of others that a sample met.
    pub fn others(&self) -> f64 {
        self.measurements
            .iter()
            .map(|one| one.others)
            .fold(0.0, f64::max)
    }

    /// The medians of what only this workload has.
    pub fn extras(&self) -> impl Iterator<Item = (&str, f64)> {
        let first = self.measurements.first();
        let keys = first.into_iter().flat_map(|one| one.sample.extra.keys());
        keys.filter_map(|key| {
            let spread = self.spread(|sample| sample.extra.get(key).copied().unwrap_or(f64::NAN));
            Some((key.as_str(), spread?.median))
        })
    }

    pub fn note(&self) -> Option<&str> {
        self.measurements.first()?.sample.note.as_deref()
    }
}

/// A row and what each runtime did on it.
#[derive(Debug)]
pub struct RowResult {
    pub row: Row,
    pub cells: Vec<Cell>,
}

impl RowResult {
    /// The median of the figure that decides.
    pub fn figure(&self, peer: Peer) -> Option<f64> {
        let cell = self.cells.iter().find(|cell| cell.peer == peer)?;
        Some(cell.spread(|sample| self.row.figure.of(sample))?.median)
    }

    /// The one that leno's goal is hardest to reach against, its figure, and what share of it leno may have.
    fn best_rival(&self) -> Option<(Peer, f64, f64)> {
        self.cells
            .iter()
            .filter_map(|cell| {
                let may_have = self.row.goal.against(cell.peer)?;
                Some((cell.peer, self.figure(cell.peer)?, may_have))
            })
            .min_by(|(_, one, share), (_, other, of_it)| (one * share).total_cmp(&(other * of_it)))
    }

    /// leno's figure as a share of its best rival's, who that is, and what that share may be.
    pub fn standing(&self) -> Option<(f64, Peer, f64)> {
        let (peer, best, goal) = self.best_rival()?;
        Some((self.figure(Peer::Leno)? / best, peer, goal))
    }

    /// Whoever of all that were measured is ahead of leno, though leno's goal does not name it.
    pub fn ahead_besides(&self) -> Option<(Peer, f64)> {
        let leno = self.figure(Peer::Leno)?;
        let others = self
            .cells
            .iter()
            .filter(|cell| cell.peer != Peer::Leno && self.row.goal.against(cell.peer).is_none());
        others
            .filter_map(|cell| Some((cell.peer, leno / self.figure(cell.peer)?)))
            .filter(|(_, share)| *share > 1.0)
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// Whether leno's samples and this peer's reach into each other, so that who is ahead may be chance.
    pub fn is_level_with(&self, peer: Peer) -> bool {
        let reach = |peer| {
            let cell = self.cells.iter().find(|cell| cell.peer == peer)?;
            cell.spread(|sample| self.row.figure.of(sample))
        };
        match (reach(Peer::Leno), reach(peer)) {
            (Some(leno), Some(other)) => leno.min <= other.max && other.min <= leno.max,
            _ => false,
        }
    }

    /// What leno's extras are and may be at most: name, value, limit.
    pub fn limits(&self) -> Vec<(&'static str, f64, f64)> {
        let leno = self.cells.iter().find(|cell| cell.peer == Peer::Leno);
        let value = |key: &str| {
            Some(
                leno?
                    .spread(|sample| sample.extra.get(key).copied().unwrap_or(f64::NAN))?
                    .median,
            )
        };
        self.row
            .limits
            .iter()
            .filter_map(|&(key, limit)| Some((key, value(key)?, limit)))
            .collect()
    }
}

/// Rows whose ratios may be averaged: time by time, and not with bytes or lateness.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// What work takes, in a process.
    Work,
    /// How late something is, in a process.
    Lateness,
    /// What a server's work takes.
    Served,
    Group(&'a str),
}

impl Rows<'_> {
    fn include(self, row: &Row) -> bool {
        let is_served = matches!(row.work, Work::Net(_));
        let is_late = matches!(row.figure, Figure::Extra(_, unit) if unit.ends_with("late"));
        let is_time = matches!(row.figure, Figure::Wall | Figure::Cpu);
        match self {
            Rows::Work => is_time && !is_served,
            Rows::Lateness => is_late && !is_served,
            Rows::Served => is_time && is_served,
            Rows::Group(name) => row.group == name,
        }
    }
}

pub struct Results {
    pub machine: Machine,
    pub workers: usize,
    pub repeats: usize,
    pub quick: bool,
    pub max_load: f64,
    pub rows: Vec<RowResult>,
}

impl Results {
    pub fn new(plan: &Plan, args: &Args, machine: Machine) -> Results {
        let cells = |row: &Row| {
            plan.peers_on(row)
                .map(|peer| Cell {
                    peer,
                    measurements: Vec::new(),
                    gap: None,
                    failed: false,
                })
                .collect()
        };
        Results {
            machine,
            workers: args.workers,
            repeats: args.repeats,
            quick: args.quick,
            max_load: args.max_load,
            rows: plan
                .rows
                .iter()
                .map(|row| RowResult {
                    row: row.clone(),
                    cells: cells(row),
                })
                .collect(),
        }
    }

    pub fn peers(&self) -> impl Iterator<Item = Peer> + use<> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        let peers: BTreeSet<Peer> = cells.map(|cell| cell.peer).collect();
        peers.into_iter()
    }

    pub fn add_version(&mut self, peer: Peer, version: &str) {
        let versions = &mut self.machine.versions;
        versions.push((peer.name().to_owned(), version.to_owned()));
    }

    /// Shows nothing of a runtime that can't be run here.
    pub fn leave_out(&mut self, peer: Peer) {
        for cell in self.rows.iter_mut().flat_map(|row| &mut row.cells) {
            if cell.peer == peer {
                cell.gap = Some("not there".to_owned());
            }
        }
    }

    pub fn at(&mut self, row: usize, cell: usize) -> (&Row, &mut Cell) {
        let result = &mut self.rows[row];
        (&result.row, &mut result.cells[cell])
    }

    pub fn failed(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.any(|cell| cell.failed)
    }

    /// How many times leno's figure a peer's is, as the geometric mean of the `rows` that both have; and how many these are.
    pub fn times_leno(&self, peer: Peer, rows: Rows<'_>) -> Option<(f64, usize)> {
        let ratios: Vec<f64> = self
            .rows
            .iter()
            .filter(|row| rows.include(&row.row))
            .filter_map(|row| Some(row.figure(peer)? / row.figure(Peer::Leno)?))
            .collect();
        Some((geometric_mean(ratios.iter().copied())?, ratios.len()))
    }
}

/// Prints the table, and writes everything to `folder`.
pub fn write(results: &Results, folder: &Path) -> Result<()> {
    print!("{}", table::table(results));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    for (name, text) in [
        ("results.json", json::json(results)?),
        ("results.md", markdown::markdown(results)),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
    }
    svg::charts(results, folder)?;
    println!("\nwritten to {}", folder.display());
    Ok(())
}

/// Prints what would be run.
pub fn list(plan: &Plan) {
    for row in &plan.rows {
        println!("{:18} {}", row.name, row.what);
    }
    let peers: Vec<_> = plan.peers.iter().map(|peer| peer.name()).collect();
    println!("\non {}, {} times each", peers.join(", "), plan.repeats);
}
