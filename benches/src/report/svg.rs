//! A bar chart for each group of rows. Bars are multiples of leno's figure, so that rows of different size share a picture.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use super::number::plain;
use super::{Results, RowResult};
use crate::peer::Peer;

const WIDTH: i32 = 900;
const MARGIN: i32 = 16;
const TITLE: i32 = 34;
const LINE: i32 = 18;
/// Where bars begin, and where leno's ends.
const BARS: i32 = 150;
const ONE: i32 = 110;
/// Longer bars are cut there.
const MOST: f64 = 5.0;

/// Draws the charts into `folder`.
pub fn charts(results: &Results, folder: &Path) -> Result<()> {
    let mut rest = results.rows.as_slice();
    while let Some(first) = rest.first() {
        let group = first.row.group;
        let length = rest.iter().take_while(|row| row.row.group == group).count();
        let (rows, others) = rest.split_at(length);
        let file = folder.join(format!("{}.svg", group.replace(' ', "-")));
        chart(rows, &file).with_context(|| format!("can't draw {}", file.display()))?;
        rest = others;
    }
    Ok(())
}

fn chart(rows: &[RowResult], file: &Path) -> Result<()> {
    let lines: usize = rows.iter().map(|row| bars(row).len() + 2).sum();
    let height = TITLE + LINE * lines as i32 + MARGIN;
    let size = (WIDTH as u32, height as u32);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size| ("sans-serif", size).into_font().color(&BLACK);
    let title = format!(
        "{}: bars are multiples of leno's figure, less is better",
        rows[0].row.group
    );
    area.draw_text(&title, &text(16), (MARGIN, 10))?;
    let mut top = TITLE;
    for row in rows {
        let heading = format!(
            "{}: {} ({})",
            row.row.name,
            row.row.what,
            row.row.figure.unit()
        );
        area.draw_text(&heading, &text(13), (MARGIN, top + 4))?;
        top += LINE + 2;
        for (peer, figure, times) in bars(row) {
            area.draw_text(peer.name(), &text(12), (MARGIN + 8, top + 3))?;
            let end = BARS + (times.min(MOST) * f64::from(ONE)) as i32;
            let bar = [(BARS, top + 2), (end, top + LINE - 3)];
            area.draw(&Rectangle::new(bar, colour(peer).filled()))?;
            let cut = if times > MOST { "… " } else { "" };
            let label = format!("{cut}{}  (× {times:.2})", plain(figure));
            area.draw_text(&label, &text(12), (end + 6, top + 3))?;
            top += LINE;
        }
        top += LINE - 2;
    }
    area.present()?;
    Ok(())
}

/// Who has a figure on this row, the figure, and how many times leno's it is.
fn bars(row: &RowResult) -> Vec<(Peer, f64, f64)> {
    let Some(leno) = row.figure(Peer::Leno) else {
        return Vec::new();
    };
    row.cells
        .iter()
        .filter_map(|cell| Some((cell.peer, row.figure(cell.peer)?)))
        .map(|(peer, figure)| (peer, figure, figure / leno))
        .collect()
}

fn colour(peer: Peer) -> RGBColor {
    match peer {
        Peer::Leno => RGBColor(200, 80, 30),
        Peer::Smol => RGBColor(70, 120, 180),
        Peer::Tokio => RGBColor(60, 145, 110),
        Peer::TokioCurrent => RGBColor(120, 185, 150),
        Peer::May => RGBColor(145, 110, 170),
        Peer::Threads => RGBColor(140, 140, 140),
        Peer::Go => RGBColor(90, 180, 210),
        Peer::Java => RGBColor(190, 160, 80),
        Peer::Monoio => RGBColor(200, 130, 150),
        Peer::MonoioUring => RGBColor(225, 170, 185),
        Peer::OneLoop | Peer::Loops => RGBColor(60, 60, 60),
    }
}
