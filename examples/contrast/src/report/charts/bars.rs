//! Lying bars: names are read best in lines.

use maud::{Markup, html};

use super::scale::Scale;
use super::{class_of, px, width_of};
use crate::finding::{BarGroup, Chart};

/// In pixels.
const BAR: f64 = 18.0;
const GAP: f64 = 6.0;
const GROUP_GAP: f64 = 12.0;
const HEADING: f64 = 20.0;

/// How high it is, and what is in it.
pub fn draw(chart: &Chart, groups: &[BarGroup], width: f64) -> (f64, Markup) {
    let bars = || groups.iter().flat_map(|group| &group.bars);
    let longest = |text: &dyn Fn(&crate::finding::Bar) -> String| {
        bars().map(|bar| width_of(&text(bar))).fold(0.0, f64::max)
    };
    // Names have at most two fifths of the width; on a phone longer ones are above their bars.
    let names = longest(&|bar| bar.name.clone()) + 10.0;
    let above = names > width * 0.4;
    let left = if above { 0.0 } else { names };
    let figures = longest(&|bar| chart.unit.show(bar.value)) + 8.0;
    let scale = Scale::of(
        chart.scale,
        chart.unit,
        bars().map(|bar| bar.value),
        left,
        width - figures,
    )
    .with_room_below();
    let marks = scale.marks(if width > 500.0 { 6 } else { 4 });

    let mut top = 4.0;
    let mut rows = Vec::new();
    for group in groups {
        if !group.name.is_empty() {
            rows.push(html! { text.group x="0" y=(px(top + 13.0)) { (group.name) } });
            top += HEADING;
        }
        for bar in &group.bars {
            let end = scale.at(bar.value).max(left + 1.5);
            let figure = chart.unit.show(bar.value);
            if above {
                rows.push(html! { text.name x="0" y=(px(top + 13.0)) { (bar.name) } });
                top += HEADING;
            }
            rows.push(html! {
                g.bar {
                    title { (bar.name) ": " (figure) }
                    @if !above {
                        text.name x=(px(left - 10.0)) y=(px(top + 13.0)) text-anchor="end" { (bar.name) }
                    }
                    rect class={ "fill " (class_of(bar.ink)) } x=(px(left)) y=(px(top)) width=(px(end - left)) height=(BAR) rx="3" {}
                    text.figure x=(px(end + 6.0)) y=(px(top + 13.0)) { (figure) }
                }
            });
            top += BAR + GAP;
        }
        top += GROUP_GAP;
    }
    let bottom = top - GROUP_GAP;
    let drawing = html! {
        @for mark in marks {
            line.grid x1=(px(scale.at(mark))) x2=(px(scale.at(mark))) y1="0" y2=(px(bottom)) {}
            text.tick x=(px(scale.at(mark))) y=(px(bottom + 14.0)) text-anchor=(if scale.at(mark) < 20.0 { "start" } else { "middle" }) {
                (chart.unit.tick(mark))
            }
        }
        @for row in rows { (row) }
    };
    (bottom + 20.0, drawing)
}
