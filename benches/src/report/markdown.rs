//! The tables for a README.

use std::fmt::Write;

use super::number::plain;
use super::{Results, RowResult};
use crate::peer::Peer;

pub fn markdown(results: &Results) -> String {
    let machine = &results.machine;
    let versions: Vec<_> = machine
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let mut text = format!(
        "{} on {} ({} cores), Linux {}, {}; {}; leno at `{}`. {} workers; the median of {} samples{}, each in a process \
         of its own.\n\n\
         The last two columns are leno's figure as a share of its best rival's, and the goal. † marks figures that met a \
         load of other processes of more than {} cores.\n",
        machine.date,
        machine.processor,
        machine.cores,
        machine.kernel,
        machine.compiler,
        versions.join(", "),
        machine.commit,
        results.workers,
        results.repeats,
        if results.quick {
            " of a tenth of the work"
        } else {
            ""
        },
        results.max_load,
    );
    let mut rest = results.rows.as_slice();
    while let Some(first) = rest.first() {
        let length = rest
            .iter()
            .take_while(|row| row.row.group == first.row.group)
            .count();
        let (group, others) = rest.split_at(length);
        text.push_str(&one_group(group, results.max_load));
        rest = others;
    }
    text.push_str(&means(results));
    text
}

fn one_group(rows: &[RowResult], max_load: f64) -> String {
    let first = &rows[0];
    let names: Vec<_> = first.cells.iter().map(|cell| cell.peer.name()).collect();
    let mut text = format!(
        "\n### {}\n\n| row | figure | {} | share | goal |\n|---|---|{}---:|---:|\n",
        first.row.group,
        names.join(" | "),
        "---:|".repeat(names.len()),
    );
    for row in rows {
        let _ = write!(
            text,
            "| `{}`: {} | {} |",
            row.row.name,
            row.row.what,
            row.row.figure.unit()
        );
        let best = row
            .cells
            .iter()
            .filter_map(|cell| row.figure(cell.peer))
            .fold(f64::INFINITY, f64::min);
        for cell in &row.cells {
            let _ = match row.figure(cell.peer) {
                Some(figure) => {
                    let bold = if figure == best { "**" } else { "" };
                    let mark = if cell.others() > max_load { "†" } else { "" };
                    write!(text, " {bold}{}{bold}{mark} |", plain(figure))
                }
                None => write!(text, " – |"),
            };
        }
        let standing = row.standing();
        let share = standing.map_or_else(
            || "– | –".to_owned(),
            |(share, peer, goal)| format!("{share:.2} of {peer} | {goal:.2}"),
        );
        let _ = writeln!(text, " {share} |");
    }
    text.push_str(&remarks(rows));
    text
}

/// Why there are gaps, and what was different; each said once.
fn remarks(rows: &[RowResult]) -> String {
    let mut said: Vec<String> = Vec::new();
    for row in rows {
        for cell in &row.cells {
            for remark in cell.gap.as_deref().into_iter().chain(cell.note()) {
                let line = format!("{}: {remark}", cell.peer);
                if !said.contains(&line) {
                    said.push(line);
                }
            }
        }
    }
    if said.is_empty() {
        return String::new();
    }
    format!("\n{}.\n", said.join("; "))
}

fn means(results: &Results) -> String {
    let mut text = String::from(
        "\n### How many times leno's figure, geometric mean\n\n| runtime | times | rows |\n|---|---:|---:|\n",
    );
    for peer in Peer::ALL.into_iter().filter(|&peer| peer != Peer::Leno) {
        if let Some((mean, rows)) = results.times_leno(peer) {
            let _ = writeln!(text, "| {peer} | {mean:.2} | {rows} |");
        }
    }
    text
}
