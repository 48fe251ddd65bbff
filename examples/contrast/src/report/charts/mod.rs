//! Charts as SVG. Each is drawn twice, for a wide screen and for a phone, so that letters have their size on both; the
//! style sheet shows one of them. Colours are classes, for they depend on whether it is dark.

mod bars;
mod lanes;
mod lines;
mod scale;

use maud::{Markup, html};

use crate::design::Design;
use crate::finding::{Chart, Ink, Plot, Scale};

/// How wide the two drawings are, in pixels.
const WIDTHS: [(&str, f64); 2] = [("wide", 720.0), ("narrow", 340.0)];

/// How wide a letter is about, in pixels, in the size that charts use.
const LETTER: f64 = 6.7;

pub fn render(chart: &Chart) -> Markup {
    html! {
        figure.chart {
            figcaption {
                (super::page::prose(&chart.caption))
                @if chart.scale == Scale::Log { span.scale { " logarithmic" } }
            }
            (legend(chart))
            @for (class, width) in WIDTHS {
                (draw(chart, class, width))
            }
        }
    }
}

fn draw(chart: &Chart, class: &str, width: f64) -> Markup {
    let (height, drawing) = match &chart.plot {
        Plot::Bars(groups) => bars::draw(chart, groups, width),
        Plot::Lines { x, series } => lines::draw(chart, x, series, width),
        Plot::Lanes(lanes) => lanes::draw(chart, lanes, width),
    };
    html! {
        svg class=(class) role="img" aria-label=(chart.caption) width=(width) height=(px(height))
            viewBox={ "0 0 " (width) " " (px(height)) } { (drawing) }
    }
}

/// Which colour is what, where the drawing itself does not say it.
fn legend(chart: &Chart) -> Markup {
    let mut known: Vec<(&str, Ink)> = Vec::new();
    match &chart.plot {
        Plot::Lines { series, .. } if series.len() > 1 => {
            known.extend(
                series
                    .iter()
                    .map(|series| (series.name.as_str(), series.ink)),
            );
        }
        Plot::Bars(_) | Plot::Lines { .. } => {}
        Plot::Lanes(lanes) => {
            for span in lanes.iter().flat_map(|lane| &lane.spans) {
                if !known.iter().any(|(_, ink)| *ink == span.ink) {
                    known.push((&span.label, span.ink));
                }
            }
        }
    }
    html! {
        @if !known.is_empty() {
            ul.legend {
                @for (name, ink) in known { li { span class={ "swatch " (class_of(ink)) } {} (name) } }
            }
        }
    }
}

/// The class that gives it its colour.
fn class_of(ink: Ink) -> &'static str {
    match ink {
        Ink::Of(Design::Task) => "ink-task",
        Ink::Of(Design::Fiber) => "ink-fiber",
        Ink::Of(Design::May) => "ink-may",
        Ink::Of(Design::Thread) => "ink-thread",
        Ink::Of(Design::Go) => "ink-go",
        Ink::Of(Design::Java) => "ink-java",
        Ink::Other(0) => "ink-0",
        Ink::Other(1) => "ink-1",
        Ink::Other(2) => "ink-2",
        Ink::Other(3) => "ink-3",
        Ink::Other(4) => "ink-4",
        Ink::Other(_) => "ink-5",
        Ink::Faint => "ink-faint",
    }
}

/// A length or a place, as it is written into a drawing.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// How wide a text is drawn, about.
fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}
