//! The tables for a README.

use std::fmt::Write;

use super::number::plain;
use super::{Cell, Results, RowResult, Rows};
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
         Behind a figure stands how far its samples reach, up or down from the middle. The last two columns are leno's figure as \
         a share of its best rival's, and the goal; \"level\" if their samples reach into each other, and who else is ahead, if \
         the goal does not name it. † marks figures that met a load of other processes of more than {} cores.\n",
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
                    let reach = reach(row, cell);
                    write!(text, " {bold}{}{bold}{reach}{mark} |", plain(figure))
                }
                None => write!(text, " – |"),
            };
        }
        let standing = row.standing();
        let share = standing.map_or_else(
            || "– | –".to_owned(),
            |(share, peer, goal)| {
                let level = if row.is_level_with(peer) {
                    ", level"
                } else {
                    ""
                };
                let ahead = row
                    .ahead_besides()
                    .map_or_else(String::new, |(peer, share)| {
                        format!("; {share:.2} of {peer}")
                    });
                format!("{share:.2} of {peer}{level}{ahead} | {goal:.2}")
            },
        );
        let _ = writeln!(text, " {share} |");
    }
    text.push_str(&remarks(rows));
    text
}

/// Half of what lies between the least and the greatest, as a share of the median.
fn reach(row: &RowResult, cell: &Cell) -> String {
    match cell.spread(|sample| row.row.figure.of(sample)) {
        Some(spread) if spread.max > spread.min => {
            let share = (spread.max - spread.min) / 2.0 / spread.median;
            format!(" ±{:.0}%", share * 100.0)
        }
        _ => String::new(),
    }
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
    let mut columns = vec![
        ("work in a process", Rows::Work),
        ("lateness", Rows::Lateness),
        ("work of a server", Rows::Served),
    ];
    for row in &results.rows {
        if !columns.iter().any(|(name, _)| *name == row.row.group) {
            columns.push((row.row.group, Rows::Group(row.row.group)));
        }
    }
    columns.retain(|&(_, rows)| {
        let mut peers = Peer::ALL.into_iter().filter(|&peer| peer != Peer::Leno);
        peers.any(|peer| results.times_leno(peer, rows).is_some())
    });
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "\n### How many times leno's figure, geometric mean (and of how many rows)\n\n| runtime | {} |\n|---|{}\n",
        names.join(" | "),
        "---:|".repeat(names.len()),
    );
    for peer in Peer::ALL.into_iter().filter(|&peer| peer != Peer::Leno) {
        let means: Vec<_> = columns
            .iter()
            .map(|&(_, rows)| results.times_leno(peer, rows))
            .collect();
        if means.iter().all(Option::is_none) {
            continue;
        }
        let _ = write!(text, "| {peer} |");
        for mean in means {
            let _ = match mean {
                Some((mean, rows)) => write!(text, " {mean:.2} ({rows}) |"),
                None => write!(text, " – |"),
            };
        }
        text.push('\n');
    }
    text
}
