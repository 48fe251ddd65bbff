//! Lines over an axis.

use maud::{Markup, html};

use super::scale::Scale;
use super::{class_of, px, width_of};
use crate::finding::{Axis, Chart, Series};

/// In pixels.
const TOP: f64 = 10.0;
const PLOT: f64 = 250.0;
const BELOW: f64 = 42.0;

/// How high it is, and what is in it.
pub fn draw(chart: &Chart, axis: &Axis, series: &[Series], width: f64) -> (f64, Markup) {
    let points = || series.iter().flat_map(|series| &series.points);
    let y = Scale::of(
        chart.scale,
        chart.unit,
        points().map(|point| point.1),
        TOP + PLOT,
        TOP,
    );
    let y_marks = y.marks(6);
    let labels = y_marks
        .iter()
        .map(|mark| width_of(&chart.unit.tick(*mark)))
        .fold(20.0, f64::max);
    let left = labels + 10.0;
    let x = Scale::of(
        axis.scale,
        axis.unit,
        points().map(|point| point.0),
        left,
        width - 14.0,
    );
    let x_marks = x.marks(if width > 500.0 { 8 } else { 5 });
    let bottom = TOP + PLOT;
    let drawing = html! {
        @for mark in y_marks {
            line.grid x1=(px(left)) x2=(px(width - 6.0)) y1=(px(y.at(mark))) y2=(px(y.at(mark))) {}
            text.tick x=(px(left - 8.0)) y=(px(y.at(mark) + 4.0)) text-anchor="end" { (chart.unit.tick(mark)) }
        }
        @for mark in x_marks {
            line.mark x1=(px(x.at(mark))) x2=(px(x.at(mark))) y1=(px(bottom)) y2=(px(bottom + 5.0)) {}
            text.tick x=(px(x.at(mark))) y=(px(bottom + 18.0)) text-anchor="middle" { (axis.unit.tick(mark)) }
        }
        line.axis x1=(px(left)) x2=(px(width - 6.0)) y1=(px(bottom)) y2=(px(bottom)) {}
        text.axis-name x=(px((left + width) / 2.0)) y=(px(bottom + 37.0)) text-anchor="middle" { (axis.name) }
        @for series in series {
            @let places: Vec<_> = series.points.iter().map(|point| format!("{},{}", px(x.at(point.0)), px(y.at(point.1)))).collect();
            polyline class={ "stroke " (class_of(series.ink)) } points=(places.join(" ")) {}
            @for point in &series.points {
                circle class={ "dot " (class_of(series.ink)) } cx=(px(x.at(point.0))) cy=(px(y.at(point.1))) r="4" {
                    title { (series.name) ", " (axis.unit.show(point.0)) ": " (chart.unit.show(point.1)) }
                }
            }
        }
    };
    (bottom + BELOW, drawing)
}
