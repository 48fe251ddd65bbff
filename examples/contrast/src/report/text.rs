//! For the terminal.

use std::fmt::Write as _;
use std::time::Duration;

use crate::experiment::Experiment;
use crate::finding::{Figure, Finding, Table};
use crate::suite::{Outcome, Results};

/// How wide a line of prose is.
const WIDTH: usize = 100;

/// What there is.
pub fn list(experiments: &[&Experiment]) -> String {
    let mut text = String::new();
    let mut group = None;
    for experiment in experiments {
        if group.replace(experiment.group) != Some(experiment.group) {
            let _ = writeln!(text, "\n{}", experiment.group.title());
        }
        let answers = experiment.answers.join(" ");
        let _ = writeln!(
            text,
            "  {:16} {} [{answers}]",
            experiment.name, experiment.title
        );
    }
    text
}

/// What came of an experiment.
pub fn outcome(outcome: &Outcome) -> String {
    let experiment = outcome.experiment;
    let mut text = format!(
        "\n── {}: {} ({:.1} s)\n",
        experiment.name, experiment.title, outcome.seconds
    );
    match &outcome.finding {
        Ok(finding) => found(finding, &mut text),
        Err(error) => {
            let _ = writeln!(text, "\n  FAILED: {error}");
        }
    }
    text
}

fn found(finding: &Finding, text: &mut String) {
    let _ = writeln!(
        text,
        "\n{}\n{}",
        wrapped(&finding.question, "  ? "),
        wrapped(&finding.answer, "  ! ")
    );
    for figure in &finding.figures {
        match figure {
            Figure::Table(table) => {
                let _ = writeln!(text, "\n{}", lines_of(table));
            }
            Figure::Listing {
                caption,
                text: listing,
            } => {
                let _ = writeln!(text, "\n  {caption}");
                for line in listing.lines() {
                    let _ = writeln!(text, "    {line}");
                }
            }
            // The tables have its figures.
            Figure::Chart(_) => {}
        }
    }
    for sentence in &finding.against {
        let _ = writeln!(
            text,
            "\n{}",
            wrapped(&format!("Against us: {sentence}"), "  − ")
        );
    }
    for sentence in &finding.skipped {
        let _ = writeln!(
            text,
            "{}",
            wrapped(&format!("left out: {sentence}"), "  · ")
        );
    }
    let failed = finding.checks.iter().filter(|check| !check.passed);
    for check in failed {
        let _ = writeln!(text, "  ✗ FAILED: {}", check.name);
    }
    let passed = finding.checks.iter().filter(|check| check.passed).count();
    let _ = writeln!(
        text,
        "  ✓ {passed} of {} checks passed",
        finding.checks.len()
    );
}

fn lines_of(table: &Table) -> String {
    let mut lines: Vec<Vec<&str>> = vec![table.columns.iter().map(String::as_str).collect()];
    for row in &table.rows {
        let cells = row.cells.iter().map(|cell| cell.text.as_str());
        lines.push(std::iter::once(row.name.as_str()).chain(cells).collect());
    }
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = format!("  {}", table.caption);
    for line in lines {
        text.push_str("\n    ");
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            match column {
                0 => text.extend([cell, padding.as_str()]),
                _ => text.extend(["  ", padding.as_str(), cell]),
            }
        }
    }
    text
}

/// Prose in lines, with a mark before the first.
fn wrapped(prose: &str, mark: &str) -> String {
    let indent = " ".repeat(mark.chars().count());
    let mut text = mark.to_owned();
    let mut width = indent.len();
    for word in prose.split_whitespace() {
        let length = word.chars().count() + 1;
        if width + length > WIDTH && width > indent.len() {
            text.push('\n');
            text.push_str(&indent);
            width = indent.len();
        }
        text.push_str(word);
        text.push(' ');
        width += length;
    }
    text.trim_end().to_owned()
}

/// The last words.
pub fn ending(results: &Results, took: Duration) -> String {
    let findings = || {
        results
            .experiments
            .iter()
            .filter_map(|outcome| outcome.finding.as_ref().ok())
    };
    let checks: usize = findings().map(|finding| finding.checks.len()).sum();
    let failed: Vec<_> = results
        .experiments
        .iter()
        .filter(|outcome| !outcome.passed())
        .collect();
    let mut text = format!(
        "{} experiments, {checks} checks, {:.0} s",
        results.experiments.len(),
        took.as_secs_f64()
    );
    match failed.as_slice() {
        [] => text.push_str(": all passed"),
        failed => {
            let names: Vec<_> = failed
                .iter()
                .map(|outcome| outcome.experiment.name)
                .collect();
            let _ = write!(text, ": FAILED: {}", names.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Cell;

    #[test]
    fn columns_are_aligned_by_what_one_sees() {
        let mut table = Table::new("Times", ["design", "ns"]);
        table.row("µ", [Cell::text("1")]);
        table.row("thread", [Cell::text("1000")]);
        assert_eq!(
            lines_of(&table),
            "  Times\n    design    ns\n    µ          1\n    thread  1000"
        );
    }

    #[test]
    fn prose_is_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(40), "  ! ");
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH + 1),
            "{text}"
        );
        assert_eq!(text.split_whitespace().count(), 41);
    }
}
