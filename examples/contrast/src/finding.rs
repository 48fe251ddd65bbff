//! What an experiment found.

use serde::Serialize;

use crate::design::Design;
use crate::unit::Unit;

/// The answer to a question, with what it is built from.
#[derive(Debug, Default, Serialize)]
pub struct Finding {
    pub question: String,
    /// Two or three sentences, made from the figures that were measured just now.
    pub answer: String,
    /// In the order in which they are to be read.
    pub figures: Vec<Figure>,
    /// What speaks against us.
    pub against: Vec<String>,
    pub checks: Vec<Check>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Figure {
    Table(Table),
    Chart(Chart),
    /// Text to be shown as it is: code, or what a program printed.
    Listing {
        caption: String,
        text: String,
    },
}

/// Something that had to be so, and whether it was.
#[derive(Debug, Serialize)]
pub struct Check {
    pub name: String,
    pub passed: bool,
}

impl Finding {
    pub fn new(question: impl Into<String>) -> Finding {
        Finding {
            question: question.into(),
            ..Finding::default()
        }
    }

    pub fn answer(&mut self, sentences: impl Into<String>) {
        self.answer = sentences.into();
    }

    pub fn table(&mut self, table: Table) {
        self.figures.push(Figure::Table(table));
    }

    pub fn chart(&mut self, chart: Chart) {
        self.figures.push(Figure::Chart(chart));
    }

    pub fn listing(&mut self, caption: impl Into<String>, text: impl Into<String>) {
        self.figures.push(Figure::Listing {
            caption: caption.into(),
            text: text.into(),
        });
    }

    pub fn against(&mut self, sentence: impl Into<String>) {
        self.against.push(sentence.into());
    }

    /// Notes whether something that had to be so was so. If not, the command fails in the end.
    pub fn check(&mut self, name: impl Into<String>, passed: bool) {
        self.checks.push(Check {
            name: name.into(),
            passed,
        });
    }

    pub fn skip(&mut self, what_and_why: impl Into<String>) {
        self.skipped.push(what_and_why.into());
    }

    /// The same, unless it has been said.
    pub fn skip_once(&mut self, what_and_why: String) {
        if !self.skipped.contains(&what_and_why) {
            self.skipped.push(what_and_why);
        }
    }

    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Rows of figures.
#[derive(Debug, Serialize)]
pub struct Table {
    pub caption: String,
    /// The first is above the names of the rows.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub cells: Vec<Cell>,
}

/// One figure, or a word that stands for it.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    pub text: String,
    pub value: Option<f64>,
}

impl Table {
    pub fn new<C: Into<String>>(
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
    ) -> Table {
        let columns = columns.into_iter().map(Into::into).collect();
        Table {
            caption: caption.into(),
            columns,
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        let row = Row {
            name: name.into(),
            cells: cells.into_iter().collect(),
        };
        assert_eq!(
            row.cells.len() + 1,
            self.columns.len(),
            "{}: {}",
            self.caption,
            row.name
        );
        self.rows.push(row);
    }
}

impl Cell {
    pub fn of(unit: Unit, value: f64) -> Cell {
        Cell {
            text: unit.show(value),
            value: Some(value),
        }
    }

    /// In nanoseconds.
    pub fn time(ns: f64) -> Cell {
        Cell::of(Unit::Time, ns)
    }

    pub fn bytes(bytes: f64) -> Cell {
        Cell::of(Unit::Memory, bytes)
    }

    pub fn count(count: f64) -> Cell {
        Cell::of(Unit::Count, count)
    }

    pub fn text(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            value: None,
        }
    }

    /// Where there is none.
    pub fn none() -> Cell {
        Cell::text("–")
    }

    pub fn maybe(unit: Unit, value: Option<f64>) -> Cell {
        value.map_or_else(Cell::none, |value| Cell::of(unit, value))
    }
}

/// A picture of figures.
#[derive(Debug, Serialize)]
pub struct Chart {
    pub caption: String,
    pub unit: Unit,
    pub scale: Scale,
    pub plot: Plot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    Linear,
    Log,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plot {
    /// A bar for each figure, in groups.
    Bars(Vec<BarGroup>),
    /// Figures over figures.
    Lines { x: Axis, series: Vec<Series> },
    /// What happened when, in lanes. The unit is that of the time.
    Lanes(Vec<Lane>),
}

#[derive(Debug, Serialize)]
pub struct BarGroup {
    /// Empty if there is only one group.
    pub name: String,
    pub bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
pub struct Bar {
    pub name: String,
    pub ink: Ink,
    pub value: f64,
}

#[derive(Debug, Serialize)]
pub struct Axis {
    pub name: String,
    pub unit: Unit,
    pub scale: Scale,
}

#[derive(Debug, Serialize)]
pub struct Series {
    pub name: String,
    pub ink: Ink,
    pub points: Vec<(f64, f64)>,
}

#[derive(Debug, Serialize)]
pub struct Lane {
    pub name: String,
    pub spans: Vec<Span>,
}

/// From when to when, in the unit of the chart.
#[derive(Debug, Serialize)]
pub struct Span {
    pub from: f64,
    pub to: f64,
    pub label: String,
    pub ink: Ink,
}

/// In which colour something is drawn. A design has the same one on the whole page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ink {
    Of(Design),
    /// For what is no design: 0 to 5.
    Other(u8),
    /// For what is there for comparison.
    Faint,
}

impl From<Design> for Ink {
    fn from(design: Design) -> Ink {
        Ink::Of(design)
    }
}

impl Chart {
    /// Bars of which all mean the same.
    pub fn bars(caption: impl Into<String>, unit: Unit, scale: Scale) -> Chart {
        Chart {
            caption: caption.into(),
            unit,
            scale,
            plot: Plot::Bars(Vec::new()),
        }
    }

    /// A group of bars: name, colour, figure.
    pub fn group<N: Into<String>>(
        mut self,
        name: impl Into<String>,
        bars: impl IntoIterator<Item = (N, Ink, f64)>,
    ) -> Chart {
        let bars = bars
            .into_iter()
            .map(|(name, ink, value)| Bar {
                name: name.into(),
                ink,
                value,
            })
            .collect();
        let Plot::Bars(groups) = &mut self.plot else {
            panic!("{} has no bars", self.caption)
        };
        groups.push(BarGroup {
            name: name.into(),
            bars,
        });
        self
    }

    pub fn lines(caption: impl Into<String>, x: (&str, Unit, Scale), y: (Unit, Scale)) -> Chart {
        let axis = Axis {
            name: x.0.to_owned(),
            unit: x.1,
            scale: x.2,
        };
        Chart {
            caption: caption.into(),
            unit: y.0,
            scale: y.1,
            plot: Plot::Lines {
                x: axis,
                series: Vec::new(),
            },
        }
    }

    pub fn line(
        mut self,
        name: impl Into<String>,
        ink: impl Into<Ink>,
        points: Vec<(f64, f64)>,
    ) -> Chart {
        let Plot::Lines { series, .. } = &mut self.plot else {
            panic!("{} has no lines", self.caption)
        };
        series.push(Series {
            name: name.into(),
            ink: ink.into(),
            points,
        });
        self
    }

    pub fn lanes(caption: impl Into<String>, unit: Unit, lanes: Vec<Lane>) -> Chart {
        Chart {
            caption: caption.into(),
            unit,
            scale: Scale::Linear,
            plot: Plot::Lanes(lanes),
        }
    }
}
