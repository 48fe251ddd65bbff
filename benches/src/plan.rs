//! What is run, and in which order.

use anyhow::{Result, bail};

use crate::args::Args;
use crate::catalogue::rows;
use crate::peer::Peer;
use crate::row::Row;

pub struct Plan {
    pub rows: Vec<Row>,
    pub peers: Vec<Peer>,
    pub repeats: usize,
}

impl Plan {
    pub fn new(args: &Args) -> Result<Plan> {
        let mut chosen = rows(args.quick);
        if let Some(patterns) = &args.workloads {
            for pattern in patterns {
                if !chosen.iter().any(|row| matches(pattern, &row.name)) {
                    bail!("no workload is called {pattern:?}; --list shows them");
                }
            }
            chosen.retain(|row| patterns.iter().any(|pattern| matches(pattern, &row.name)));
        }
        let peers = match &args.runtimes {
            Some(peers) => peers.clone(),
            None => Peer::ALL.to_vec(),
        };
        Ok(Plan {
            rows: chosen,
            peers,
            repeats: args.repeats,
        })
    }

    /// The runtimes that take part in a row.
    pub fn peers_on(&self, row: &Row) -> impl Iterator<Item = Peer> {
        let work = row.work;
        let all = self.peers.iter().copied();
        all.filter(move |&peer| work.is_for(peer))
    }

    /// Row by row, and within a row A B C A B C …: whatever changes slowly on the machine changes for all.
    pub fn steps(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.rows.len()).flat_map(move |row| {
            let peers = self.peers_on(&self.rows[row]).count();
            (0..self.repeats).flat_map(move |_| (0..peers).map(move |peer| (row, peer)))
        })
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_ending() {
        assert!(matches("yield-*", "yield-1000"));
        assert!(matches("yield-1", "yield-1"));
        assert!(!matches("yield-1", "yield-1000"));
        assert!(!matches("yield-*", "ring"));
    }

    #[test]
    fn runtimes_take_turns() {
        let plan = Plan {
            rows: rows(true).into_iter().take(2).collect(),
            peers: vec![Peer::Leno, Peer::Threads],
            repeats: 2,
        };
        let steps: Vec<_> = plan.steps().collect();
        assert_eq!(steps[..4], [(0, 0), (0, 1), (0, 0), (0, 1)]);
        assert_eq!(steps[4..], [(1, 0), (1, 1), (1, 0), (1, 1)]);
    }
}
