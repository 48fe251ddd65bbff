//! What happened when: a lane for each of those to whom it happened.

use maud::{Markup, html};

use super::scale::Scale;
use super::{class_of, px, width_of};
use crate::finding::{Chart, Lane};

/// In pixels.
const LANE: f64 = 26.0;
const GAP: f64 = 8.0;

/// How high it is, and what is in it.
pub fn draw(chart: &Chart, lanes: &[Lane], width: f64) -> (f64, Markup) {
    let left = lanes
        .iter()
        .map(|lane| width_of(&lane.name))
        .fold(0.0, f64::max)
        + 12.0;
    let ends = lanes
        .iter()
        .flat_map(|lane| &lane.spans)
        .map(|span| span.to);
    let scale = Scale::of(chart.scale, chart.unit, ends, left, width - 10.0);
    let bottom = lanes.len() as f64 * (LANE + GAP);
    let drawing = html! {
        @for mark in scale.marks(if width > 500.0 { 8 } else { 4 }) {
            line.grid x1=(px(scale.at(mark))) x2=(px(scale.at(mark))) y1="0" y2=(px(bottom)) {}
            text.tick x=(px(scale.at(mark))) y=(px(bottom + 14.0)) text-anchor="middle" { (chart.unit.tick(mark)) }
        }
        @for (index, lane) in lanes.iter().enumerate() {
            @let top = index as f64 * (LANE + GAP) + GAP / 2.0;
            text.name x=(px(left - 10.0)) y=(px(top + 17.0)) text-anchor="end" { (lane.name) }
            @for span in &lane.spans {
                @let start = scale.at(span.from);
                rect class={ "fill " (class_of(span.ink)) } x=(px(start)) y=(px(top)) width=(px((scale.at(span.to) - start).max(1.5))) height=(LANE) rx="2" {
                    title { (lane.name) ": " (span.label) ", " (chart.unit.show(span.from)) " to " (chart.unit.show(span.to)) }
                }
            }
        }
    };
    (bottom + 20.0, drawing)
}
