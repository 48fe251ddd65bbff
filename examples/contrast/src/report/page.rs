//! The page: one file that needs no other.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts;
use crate::experiment::Group;
use crate::finding::{Figure, Finding, Table};
use crate::machine::Machine;
use crate::suite::{Outcome, Results};
use crate::unit::Unit;

const STYLE: &str = include_str!("style.css");

/// What a browser may load: nothing but what is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M3 1c0 7 10 7 10 14M13 1c0 7-10 7-10 14' fill='none' stroke='%232a78d6' stroke-width='2.5'/%3E%3C/svg%3E";

pub fn render(results: &Results) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Stackless and stackful, side by side" }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                (heading(results))
                div.columns {
                    (contents(results))
                    main {
                        @for (group, outcomes) in groups(results) {
                            h2.chapter id=(anchor(group)) { (group.title()) }
                            @for outcome in outcomes { (article(outcome)) }
                        }
                    }
                }
                (index(results))
                (footer(&results.machine))
            }
        }
    };
    page.into_string()
}

/// The experiments in chapters, in their order.
fn groups(results: &Results) -> Vec<(Group, Vec<&Outcome>)> {
    let mut groups: Vec<(Group, Vec<&Outcome>)> = Vec::new();
    for outcome in &results.experiments {
        let group = outcome.experiment.group;
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => groups.push((group, vec![outcome])),
        }
    }
    groups
}

fn anchor(group: Group) -> String {
    group.title().to_lowercase().replace(' ', "-")
}

fn heading(results: &Results) -> Markup {
    let machine = &results.machine;
    let findings = || {
        results
            .experiments
            .iter()
            .filter_map(|outcome| outcome.finding.as_ref().ok())
    };
    let checks = || findings().flat_map(|finding| &finding.checks);
    let failed = checks().filter(|check| !check.passed).count()
        + results
            .experiments
            .iter()
            .filter(|outcome| outcome.finding.is_err())
            .count();
    html! {
        header.top {
            p.kicker { "leno · the contrast" }
            h1 { "Stackless and stackful, side by side" }
            p.lead {
                "A piece of work that waits must be kept somewhere: in a state machine that the compiler made, or on a stack of its own. \
                 This page asks what that costs, what it buys and what it takes away. Every figure was measured when the page was made, "
                "by programs of which only that one thing differs: they share the executor, the reactor, the timers and the channels."
            }
            ul.facts {
                li { b { (results.experiments.len()) } " experiments" }
                li { b { (checks().count()) } " checks, " @if failed == 0 { "all passed" } @else { strong.bad { (failed) " failed" } } }
                li { (machine.cores) " cores, " (machine.processor) }
                li { (machine.date) }
            }
            @if results.quick {
                p.warning { "Made with " code { "--quick" } ": small sizes, to see that everything works. The figures say little." }
            }
            @if !machine.optimized {
                p.warning { "Made by a program without optimization. The figures say nothing." }
            }
            ul.legend.designs {
                li { span.swatch.ink-task {} "leno task: a state machine" }
                li { span.swatch.ink-fiber {} "leno fiber: a stack, same runtime" }
                li { span.swatch.ink-may {} "may" }
                li { span.swatch.ink-thread {} "thread" }
                li { span.swatch.ink-go {} "Go" }
                li { span.swatch.ink-java {} "Java, virtual" }
            }
        }
    }
}

fn contents(results: &Results) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            @for (group, outcomes) in groups(results) {
                p { a href={ "#" (anchor(group)) } { (group.title()) } }
                ul {
                    @for outcome in outcomes {
                        li { a href={ "#" (outcome.experiment.name) } {
                            (outcome.experiment.title)
                            @if !outcome.passed() { " " span.bad { "✗" } }
                        } }
                    }
                }
            }
        }
    }
}

/// The readers' questions, by number, and where each is answered.
fn index(results: &Results) -> Markup {
    let mut questions = BTreeMap::<u32, Vec<&Outcome>>::new();
    for outcome in &results.experiments {
        for question in outcome.experiment.answers {
            let number = question.trim_start_matches('C').parse().unwrap_or(0);
            questions.entry(number).or_default().push(outcome);
        }
    }
    html! {
        section.index aria-label="The questions by number" {
            h2 { "The readers’ questions, by number" }
            ul {
                @for (number, outcomes) in questions {
                    li {
                        span.question { "C" (number) }
                        @for outcome in outcomes { " " a href={ "#" (outcome.experiment.name) } { (outcome.experiment.name) } }
                    }
                }
            }
        }
    }
}

fn article(outcome: &Outcome) -> Markup {
    let experiment = outcome.experiment;
    html! {
        article id=(experiment.name) {
            p.kicker {
                code { (experiment.name) }
                @for question in experiment.answers { " " span.question { (question) } }
                span.from { (experiment.from.join(", ")) }
            }
            h3 { a href={ "#" (experiment.name) } { (experiment.title) } }
            @match &outcome.finding {
                Ok(finding) => (found(finding)),
                Err(error) => p.warning { strong { "Failed: " } (error) },
            }
            p.foot { code { "cargo run --release -p contrast -- " (experiment.name) } " " span { (format!("{:.1} s", outcome.seconds)) } }
        }
    }
}

fn found(finding: &Finding) -> Markup {
    let passed = finding.checks.iter().filter(|check| check.passed).count();
    html! {
        p.asked { (prose(&finding.question)) }
        p.answer { (prose(&finding.answer)) }
        @for figure in &finding.figures {
            @match figure {
                Figure::Table(table) => (rows(table)),
                Figure::Chart(chart) => (charts::render(chart)),
                Figure::Listing { caption, text } => figure { figcaption { (prose(caption)) } pre { (text) } },
            }
        }
        @if !finding.against.is_empty() {
            aside.against {
                h4 { "What speaks against us" }
                @for sentence in &finding.against { p { (prose(sentence)) } }
            }
        }
        @if !finding.skipped.is_empty() {
            ul.skipped { @for sentence in &finding.skipped { li { (prose(sentence)) } } }
        }
        details.checks open[passed < finding.checks.len()] {
            summary {
                @if passed == finding.checks.len() { span.good { "✓ " } (passed) " checks passed" }
                @else { span.bad { "✗ " (finding.checks.len() - passed) " of " (finding.checks.len()) " checks failed" } }
            }
            ul {
                @for check in &finding.checks {
                    li class=(if check.passed { "good" } else { "bad" }) { span { (prose(&check.name)) } }
                }
            }
        }
    }
}

fn rows(table: &Table) -> Markup {
    let words: Vec<bool> = (0..table.columns.len())
        .map(|column| holds_words(table, column))
        .collect();
    html! {
        figure {
            figcaption { (prose(&table.caption)) }
            div.scroll {
                table {
                    thead { tr {
                        @for (column, words) in table.columns.iter().zip(&words) { th.words[*words] scope="col" { (prose(column)) } }
                    } }
                    tbody {
                        @for row in &table.rows {
                            tr {
                                th scope="row" { (prose(&row.name)) }
                                @for (cell, words) in row.cells.iter().zip(&words[1..]) { td.words[*words] { (prose(&cell.text)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a column is to be read, not compared. The first one is.
fn holds_words(table: &Table, column: usize) -> bool {
    column == 0
        || table.rows.iter().any(|row| {
            row.cells[column - 1].text.contains(char::is_alphabetic)
                && row.cells[column - 1].value.is_none()
        })
}

/// Text in which what is between backticks is code.
pub fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn footer(machine: &Machine) -> Markup {
    let mut facts = vec![
        format!(
            "{}, {} cores, {}",
            machine.processor,
            machine.cores,
            Unit::Memory.show(machine.memory_bytes as f64)
        ),
        format!("Linux {}", machine.kernel),
        machine.compiler.clone(),
        format!("load before: {}", machine.load),
    ];
    if !machine.commit.is_empty() {
        facts.push(format!("commit {}", machine.commit));
    }
    html! {
        footer {
            p { (facts.join(" · ")) }
            p { "Made by " code { "cargo run --release -p contrast -- all" } ". Another machine gives other figures; run it there." }
        }
    }
}
