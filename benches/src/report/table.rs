//! The table as text with aligned columns.

use std::fmt::Write;

use super::number::{mebibytes, plain};
use super::{Cell, Results, RowResult, Rows};
use crate::peer::Peer;

pub fn table(results: &Results) -> String {
    let mut text = head(results);
    let mut group = "";
    for row in &results.rows {
        if row.row.group != group {
            group = row.row.group;
            let _ = writeln!(text, "\n=== {group}");
        }
        text.push_str(&one_row(row, results.max_load));
    }
    text.push_str(&summary(results));
    text
}

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let versions: Vec<_> = machine
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        "{}: {}, {} cores, {}, Linux {}\n{}; {}; leno at {}\n{} workers, {} samples{}; load average before: {}\n",
        machine.date,
        machine.processor,
        machine.cores,
        mebibytes(machine.memory_bytes as f64),
        machine.kernel,
        machine.compiler,
        versions.join(", "),
        machine.commit,
        results.workers,
        results.repeats,
        if results.quick { ", quick" } else { "" },
        machine.load_average,
    )
}

fn one_row(result: &RowResult, max_load: f64) -> String {
    let row = &result.row;
    let mut text = format!("\n{}: {}", row.name, row.what);
    if let Some(verdict) = verdict(result) {
        let _ = write!(text, " [{verdict}]");
    }
    text.push('\n');
    let unit = row.figure.unit();
    let mut lines = vec![
        [
            "",
            unit,
            "min–max",
            "CPU ns/op",
            "peak RSS",
            "switches",
            "/ leno",
            "",
        ]
        .map(str::to_owned),
    ];
    let leno = result.figure(Peer::Leno);
    for cell in &result.cells {
        lines.push(one_cell(result, cell, leno, max_load));
    }
    text.push_str(&aligned(&lines));
    text
}

/// How leno stands.
fn verdict(result: &RowResult) -> Option<String> {
    let (share, rival, goal) = result.standing()?;
    let met = |met: bool| if met { "met" } else { "MISSED" };
    let mut text = format!(
        "leno {share:.2} of {rival}, goal {goal:.2} {}",
        met(share <= goal)
    );
    for (key, value, limit) in result.limits() {
        let (limit, met) = (plain(limit), met(value <= limit));
        let _ = write!(text, "; {key} {}, limit {limit} {met}", plain(value));
    }
    Some(text)
}

fn one_cell(result: &RowResult, cell: &Cell, leno: Option<f64>, max_load: f64) -> [String; 8] {
    let name = cell.peer.name().to_owned();
    let remark = remark(cell, max_load);
    let Some(figure) = cell.spread(|sample| result.row.figure.of(sample)) else {
        let mut line = ["–"; 8].map(str::to_owned);
        line[0] = name;
        line[7] = remark;
        return line;
    };
    let median = |of: fn(&crate::sample::Sample) -> f64| {
        cell.spread(of).map_or(f64::NAN, |spread| spread.median)
    };
    [
        name,
        plain(figure.median),
        format!("{}–{}", plain(figure.min), plain(figure.max)),
        plain(median(|sample| sample.cpu_ns as f64 / sample.ops as f64)),
        mebibytes(median(|sample| sample.peak_rss_bytes as f64)),
        plain(median(|sample| sample.voluntary_switches as f64)),
        leno.map_or_else(String::new, |leno| format!("{:.2}", figure.median / leno)),
        remark,
    ]
}

/// What has to be known about a figure.
fn remark(cell: &Cell, max_load: f64) -> String {
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(cell.gap.clone());
    let figures: Vec<_> = cell
        .extras()
        .map(|(key, median)| format!("{key} {}", plain(median)))
        .collect();
    if !figures.is_empty() {
        remarks.push(figures.join(", "));
    }
    remarks.extend(cell.note().map(str::to_owned));
    if cell.others() > max_load {
        remarks.push(format!("others' load {:.2}", cell.others()));
    }
    remarks.join("; ")
}

/// The first and the last column are text, the others are numbers.
fn aligned(lines: &[[String; 8]]) -> String {
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..8).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = format!("  {:w$}", line[0], w = widths[0]);
        for column in 1..7 {
            let _ = write!(row, "  {:>w$}", line[column], w = widths[column]);
        }
        let _ = write!(row, "  {}", line[7]);
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn summary(results: &Results) -> String {
    let mut text = String::new();
    for (kind, rows) in [
        ("what work takes", Rows::Work),
        ("how late it is", Rows::Lateness),
        ("what a server takes", Rows::Served),
    ] {
        let means: Vec<_> = Peer::ALL
            .into_iter()
            .filter(|&peer| peer != Peer::Leno)
            .filter_map(|peer| Some((peer, results.times_leno(peer, rows)?)))
            .collect();
        if !means.is_empty() {
            let _ = writeln!(
                text,
                "\n=== {kind}: how many times leno's figure, geometric mean"
            );
        }
        for (peer, (mean, rows)) in means {
            let _ = writeln!(text, "  {peer:14} {mean:.2}  ({rows} rows)");
        }
    }
    text
}
